/** A kind of durable event and the type of its payload. */
export interface EventType<T = unknown> {
  readonly name: string;
  /** See `SignalType`. */
  readonly "~signal"?: never;
  /** Types only, never present. */
  readonly "~type"?: T;
}

/** The type of the payload of an event or a signal. */
export type PayloadOf<E> = E extends { readonly "~type"?: infer T } ? T : never;

/**
 * Declares a kind of event: `export const shipped = defineEvent<{ parcel: string }>("order.shipped")`.
 * Exported at the top level of a file it is in the generated client.
 *
 * @param options.instance the instance of Stem by which the generated client emits it. Default: the one
 * without a name. Waits go by the name alone
 */
export function defineEvent<T>(name: string, options?: { readonly instance?: string }): EventType<T>;
export function defineEvent<T>(name: string): EventType<T> {
  return { name };
}
