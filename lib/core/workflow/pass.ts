import type { EventWait, Delivery } from "../../contract/job.js";
import type { Entry, NewEntry } from "../../contract/journal.js";
import { isWhole, payloadOf } from "../canvas/payload-of.js";
import type { Kit } from "../kit.js";
import { type Dice, steadyNow } from "../clock.js";
import { checkResultSize } from "../codec/size.js";
import { validate } from "../codec/validate.js";
import type { TaskDefinition } from "../task/task.js";
import { abortReason, AttemptAbortedError } from "../attempt/aborted.js";
import type { AbortedBy, Outcome } from "../attempt/outcome.js";
import { judge } from "../attempt/retryable.js";
import { refusedPayload, rejected, unfit } from "../attempt/unfit.js";
import { hereStorage } from "./current.js";
import { topicOf } from "./entries.js";
import { WorkflowChangedError } from "./errors.js";
import type { Verdict } from "./asked.js";
import { Flow } from "./flow.js";
import { type EventReader, Inbox } from "./inbox.js";
import type { JournalWriter } from "./journal-writer.js";
import { Ledger } from "./ledger.js";
import { Past } from "./past.js";
import { pause } from "./pause.js";
import { mayReplay } from "./replays.js";
import { Run } from "./run.js";

export interface PassParts {
  readonly delivery: Delivery;
  readonly definition: TaskDefinition;
  readonly stem: Pick<Kit, "codec" | "definitions" | "signals" | "log" | "clock" | "maxPayloadBytes">;
  readonly journal: JournalWriter;
  readonly events: EventReader;
  /** The store's clock, in milliseconds: its last answer plus the time since. Never this host's clock. */
  readonly storeNow: () => number;
  /** Its reason says why the pass has to end (`AttemptAbortedError`); running steps are waited for. */
  readonly signal: AbortSignal;
  /** See `Flow`. Default 1 s. */
  readonly patienceMs?: number;
  /** Draws the waits between tries of a step. Default `Math.random`. */
  readonly dice?: Dice;
}

/**
 * How often a journal that cannot be read is asked for before the run is put back.
 * The others are the first and the longest wait in between.
 */
const READS = 8;
const READ_AGAIN_MS = 50;
const READ_AGAIN_AT_MOST_MS = 5_000;

/** How long a body may at first not ask for what the journal holds. */
export const PATIENCE_MS = 1_000;

/** How long a run waits after the store refused its journal. */
const UNSURE_MS = 1_000;

const JOURNALED = {
  retryable: false,
  why: "the failure of this step is journaled, so that each further pass would get the same",
} as const;

/**
 * One pass over a run: replays the journal, then goes on until the body ends or must wait.
 * Waiting is an ordinary outcome, `parked` or `snoozed`, so that a run needs no queue, lease, timer or retry
 * policy of its own.
 *
 * - **A suspension is not an exception**: the promise that the body awaits is never settled in this process,
 *   so that no `catch` or `finally` of it runs.
 * - **Steps** are journaled before anything is done that builds on them. One that was in flight at a crash
 *   runs again under the same idempotency key; one that is journaled never does. A pass waits for the steps
 *   it has begun before it ends, or they would run in two workers.
 * - **The failure of a step** is journaled once the body goes on after it (asks for something more, or is
 *   suspended elsewhere), and every replay takes the same branch. A body that throws instead leaves the step
 *   to be run again by the run's next attempt. A run that fails because of a failure already journaled is
 *   dead at once: no attempt could end differently.
 * - **Changed code** is found out before it does anything new: a key of another kind, or an end, a wait or
 *   new work while something journaled has not been asked for. Such a run becomes a dead letter with cause
 *   `"rejected"` (`WorkflowChangedError`), its journal kept, for a person to retry. Allowed are anything
 *   added after the last journaled entry, and another order of what is journaled.
 *
 * Never rejects. A journal that cannot be written puts the run back with its attempt; entries that are not
 * confirmed travel with that.
 */
export async function passOver(parts: PassParts): Promise<Outcome> {
  const { delivery, definition, stem, signal } = parts;
  if (signal.aborted) return { kind: "aborted", reason: reasonOf(signal) };
  let payload: unknown;
  try {
    const shape = stem.definitions.input(definition.name);
    payload = payloadOf(delivery, stem.codec, shape);
    // A run that has begun is not checked again by a type that may have changed since.
    if (shape !== undefined && definition.validate && definition.input === undefined && !delivery.journaled && isWhole(delivery))
      shape.check(payload, "payload", nameOf(definition));
  } catch (error) {
    return refusedPayload(rejected(error));
  }
  try {
    if (definition.input !== undefined) payload = await validate(definition.input, payload, "payload", nameOf(definition));
  } catch (error) {
    return refusedPayload(unfit(error, definition, stem.log));
  }
  const entries = delivery.journaled ? await read(parts) : [];
  if (entries === undefined)
    return signal.aborted ? { kind: "aborted", reason: reasonOf(signal) } : { kind: "snoozed", delayMs: UNSURE_MS };
  const replayed = await mayReplay(entries.length, signal);
  try {
    return signal.aborted ? { kind: "aborted", reason: reasonOf(signal) } : await goOver(parts, payload, entries, replayed);
  } finally {
    replayed();
  }
}

async function goOver(parts: PassParts, payload: unknown, entries: readonly Entry[], replayed: () => void): Promise<Outcome> {
  const { delivery, definition, stem, signal } = parts;
  const past = new Past(entries, delivery.wake, parts.storeNow());
  const ledger = new Ledger(parts.journal, delivery.lease, past.lastSeq);
  const stopped = new AbortController();
  const { clock } = stem;
  const inbox = new Inbox({
    reader: parts.events,
    cursors: past.cursors,
    timeoutMs: definition.timeoutMs,
    steady: () => steadyNow(clock),
  });
  const flow = new Flow({
    past,
    ledger,
    inbox,
    clock,
    storeNow: parts.storeNow,
    patienceMs: parts.patienceMs ?? PATIENCE_MS,
    replayed,
    stopped(verdict) {
      if (verdict.kind === "aborted") stopped.abort(signal.aborted ? signal.reason : abortReason("lost", delivery.job.id));
    },
  });
  const run = new Run({
    flow,
    delivery,
    payload,
    signal: stopped.signal,
    codec: stem.codec,
    definitions: stem.definitions,
    clock,
    log: stem.log,
    dice: parts.dice ?? Math.random,
    maxResultBytes: stem.maxPayloadBytes,
    done: (step, ms) => stem.signals.tell("run:step", { runId: delivery.job.id, workflow: delivery.job.task, step, ms }),
  });
  const abort = (): void => flow.stop({ kind: "aborted", reason: reasonOf(signal) });
  signal.addEventListener("abort", abort, { once: true });
  hereStorage.run({ run, step: undefined }, () => begin(flow, definition, payload, run));
  const verdict = await flow.verdict;
  signal.removeEventListener("abort", abort);
  return verdict.kind === "suspended" ? suspended(flow, inbox) : conclude(verdict, flow, run, parts);
}

function begin(flow: Flow, definition: TaskDefinition, payload: unknown, run: Run): void {
  const body = async (): Promise<unknown> => definition.run(payload, run as never);
  body().then(
    (value) => flow.stop({ kind: "returned", value }),
    (error: unknown) => flow.stop({ kind: "threw", error }),
  );
}

async function conclude(
  verdict: Exclude<Verdict, { kind: "suspended" }>,
  flow: Flow,
  run: Run,
  { definition, stem, patienceMs = PATIENCE_MS }: PassParts,
): Promise<Outcome> {
  flow.close(verdict);
  const journal = await flow.ledger.rest(verdict.kind !== "threw");
  switch (verdict.kind) {
    case "returned":
      run.steps.warnOfUntold();
      run.unawaited.warn(definition, run.runId, stem.log);
      return returned(verdict.value, definition, stem, journal);
    case "threw": {
      const { error } = verdict;
      if (run.steps.unkept !== undefined)
        return {
          ...rejected(error),
          why: `the result of step "${run.steps.unkept}" cannot be kept, so its work would be done again`,
          journal,
        };
      const judged = run.steps.isFinal(error) ? JOURNALED : judge(run.steps.originalOf(error), definition.retry, definition.name, stem.log);
      const threw = { kind: "threw", error, ...judged, cause: "error", journal } as const;
      if (!flow.behind) return threw;
      const advice = "It failed before it had asked for all that other workers have done; workers with other code are alive.";
      return { kind: "refused", verdict: threw, error, advice, alone: "judge" };
    }
    case "aborted":
      return { kind: "aborted", reason: verdict.reason, journal };
    case "unsure":
      return { kind: "snoozed", delayMs: UNSURE_MS, journal };
    // Nothing new was begun, so that the run is as it was before this pass: other code may go on with it.
    case "changed": {
      const journaled = [...flow.past.facts.values()].map(({ kind, key }) => `${kind} ${key}`);
      const error = new WorkflowChangedError(definition.name, run.runId, verdict.why, journaled, flow.asked);
      const advice = "If this worker is older than those that began the run, a newer one will take it.";
      const patience = verdict.silent === true && { patienceMs };
      return { kind: "refused", verdict: { ...rejected(error), journal }, error, advice, alone: "wait", ...patience };
    }
  }
}

/**
 * Nothing but sleeps: due again when the first is over.
 * Otherwise parked for the events, and for the earliest moment if there is one.
 */
async function suspended(flow: Flow, inbox: Inbox): Promise<Outcome> {
  const now = flow.storeNow();
  const pending = [...flow.pending.values()];
  const moments = pending.flatMap(({ until, deadline }) => until ?? deadline ?? []);
  const first = moments.length === 0 ? undefined : Math.min(...moments);
  const waits = new Map<string, EventWait>();
  for (const { event } of pending) {
    if (event !== undefined) waits.set(topicOf(event), { ...event, after: inbox.after(topicOf(event)) });
  }
  flow.close({ kind: "suspended" });
  if (waits.size > 0 && first !== undefined) flow.ledger.add({ key: "", kind: "park", state: "open", value: String(first) });
  const journal = await flow.ledger.rest(true);
  if (waits.size === 0) return { kind: "snoozed", dueAt: first ?? now, journal };
  return { kind: "parked", waits: [...waits.values()], ...(first !== undefined && { deadline: first }), journal };
}

async function returned(
  value: unknown,
  definition: TaskDefinition,
  { codec, definitions, log, maxPayloadBytes }: PassParts["stem"],
  journal: readonly NewEntry[],
): Promise<Outcome> {
  let valid = value;
  try {
    if (definition.output !== undefined) valid = await validate(definition.output, value, "result", nameOf(definition));
  } catch (error) {
    return { ...unfit(error, definition, log), journal };
  }
  try {
    const shape = definitions.output(definition.name);
    const result = codec.encode(shape === undefined ? valid : shape.encode(valid), "result");
    checkResultSize(result, maxPayloadBytes, definition);
    return { kind: "returned", result, journal };
  } catch (error) {
    return { ...rejected(error), journal };
  }
}

/**
 * Keeps asking without end for a run that an event woke.
 * Putting it back would clear its wake, which may be kept nowhere else.
 */
async function read({ delivery, journal, stem, signal }: PassParts): Promise<readonly Entry[] | undefined> {
  const reads = delivery.wake?.by === "event" ? Number.POSITIVE_INFINITY : READS;
  for (let n = 0; n < reads && !signal.aborted; n++) {
    try {
      return await journal.read(delivery.job.id);
    } catch (error) {
      stem.log.warn(`The journal of run ${delivery.job.id} could not be read: ${String(error)}`);
      await pause(stem.clock, Math.min(READ_AGAIN_MS * 2 ** n, READ_AGAIN_AT_MOST_MS), signal);
    }
  }
  return undefined;
}

function reasonOf({ reason }: AbortSignal): AbortedBy {
  return reason instanceof AttemptAbortedError ? reason.reason : "shutdown";
}

function nameOf({ kind, name }: TaskDefinition): string {
  return `${kind} "${name}"`;
}
