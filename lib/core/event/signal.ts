/**
 * A message to one run while it goes on, and the type of its payload.
 * Not an `EventType`: an event has a key and wakes every run that waits for it.
 */
export interface SignalType<T = unknown> {
  readonly name: string;
  /** Distinguishes a signal from an event: neither can be given where the other is asked for. */
  readonly "~signal": true;
  /** Types only, never present. */
  readonly "~type"?: T;
}

/**
 * Declares a signal of a workflow. As a public static member of its class it is in the generated client,
 * typed:
 *
 * ```ts
 * static readonly approved = defineSignal<Approval>("approved");
 * ```
 *
 * @param name parts of letters, digits, `_` and `-`, joined by dots; unique within the workflow. Runs that
 *   wait know it by this name
 */
export function defineSignal<T = void>(name: string): SignalType<T> {
  return { name, "~signal": true };
}

/**
 * The name of the durable event behind a signal: its key is the run's id.
 * No event of a user can have this name, as theirs have no colon.
 */
export function eventOf(signal: Pick<SignalType, "name">): string {
  return `${PREFIX}${signal.name}`;
}

/** The name of the signal behind an event; undefined for other events. */
export function signalOf(event: string): string | undefined {
  return event.startsWith(PREFIX) ? event.slice(PREFIX.length) : undefined;
}

/** The words for what a run waits for: `event "order.paid"`, `signal "approved"`. */
export function spokenEvent(event: string): string {
  const signal = signalOf(event);
  return signal === undefined ? `event "${event}"` : `signal "${signal}"`;
}

const PREFIX = "signal:";
