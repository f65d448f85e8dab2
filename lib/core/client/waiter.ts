import { JobFailedError, ResultNotKeptError, ResultTimeoutError, UnknownJobError } from "../../contract/errors.js";
import type { Hints } from "../../contract/hints.js";
import { isFinal } from "../../contract/job.js";
import type { JobRecord, Jobs } from "../../contract/jobs.js";
import { bytesOf } from "../../contract/size.js";
import type { Clock } from "../clock.js";
import type { Log } from "../log.js";
import { Portion } from "../../contract/portion.js";
import { refuseUnknown } from "../task/define.js";
import type { TaskRegistry } from "../task/registry.js";
import { keepAlive, queueMicrotask } from "../timers.js";
import { toMs } from "../task/duration.js";
import type { WaitForOptions } from "./face.js";
import { ask, type End, type Stored, toldIn, type ToldEnd } from "../job/answers.js";
import { closedError } from "./producer.js";
import { standstill } from "./standstill.js";

/** Records read in one call, at most. */
const BATCH = 1_000;

/** Reads shorter than this need no rest. */
const COSTLY_MS = 5;

const KNOWN = ["timeout", "signal"] as const satisfies readonly (keyof WaitForOptions)[];

/** How long a worker that saw a job end has to say so, where the record is gone. */
const ANSWER_MS = 1_000;

/** After so long a question is put again, to workers that have come since. */
const ASK_AGAIN_MS = 20_000;

/** One caller's wait for one job. */
interface Wait {
  /** Reads begun before this wait: what they find missing may have been stored since. */
  readonly after: number;
  readonly stored: Stored | undefined;
  /** When the job was enqueued, by the record that this wait has seen. */
  enqueuedAt?: number;
  /** Its record is gone, and nobody has said yet how it ended. Cancels the time limit for that. */
  missing?: (() => void) | undefined;
  readonly end: (end: End) => void;
  readonly fail: (error: unknown) => void;
}

/**
 * Waits for jobs to end, in whatever process they run; one for all handles of a Stem. It listens first and
 * reads then, so that no ending falls in between. Hints say when to read again; a slow poll makes up for lost
 * ones. Reads are batched, at most one at a time. A store that fails is asked again at the next poll. While
 * anything waits, the process stays alive. Where a record may be gone as soon as its job ends, workers are
 * asked to tell the end.
 */
export class Waiter {
  readonly #jobs: Jobs;
  readonly #hints: Hints;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #registry: TaskRegistry | undefined;
  readonly #pollMs: number;
  readonly #waits = new Map<string, Set<Wait>>();
  readonly #portion = new Portion();
  #asked = new Set<string>();
  /** When workers were asked to tell the end of a job. */
  readonly #questions = new Map<string, number>();
  #reading = false;
  #reads = 0;
  #stop: (() => void) | undefined;
  /** Ends a rest; undefined while there is none. */
  #rest: (() => void) | undefined;
  #missed = false;
  /** The last read failed, and that has been said. */
  #failing = false;
  #closed = false;

  constructor(parts: {
    readonly jobs: Jobs;
    readonly hints: Hints;
    readonly clock: Clock;
    readonly log: Log;
    readonly registry?: TaskRegistry;
    readonly pollMs?: number;
  }) {
    this.#jobs = parts.jobs;
    this.#hints = parts.hints;
    this.#clock = parts.clock;
    this.#log = parts.log;
    this.#registry = parts.registry;
    this.#pollMs = parts.pollMs ?? 1_000;
  }

  /**
   * What is known of a job once it has ended, however it did.
   *
   * @param stored given if the caller has stored the job
   * @throws {OptionError} `STEM_OPTION_UNKNOWN`, `STEM_DURATION_INVALID`
   * @throws {UnknownJobError} nothing is stored under the id (any more)
   * @throws {ResultNotKeptError} it was stored, and is not any more
   * @throws {ResultTimeoutError}
   * @throws {StemError} `STEM_CLOSED`; `STEM_STORE_CLOSED`
   * @throws what aborted `options.signal`
   */
  async wait(id: string, options: WaitForOptions = {}, stored?: Stored): Promise<End> {
    refuseUnknown(options, KNOWN, `of a wait for job ${id}`);
    const { signal } = options;
    const timeoutMs = options.timeout === undefined ? undefined : toMs(options.timeout, `timeout of the wait for job ${id}`);
    if (this.#closed) throw closedError();
    signal?.throwIfAborted();
    let wait: Wait | undefined;
    let onAbort: (() => void) | undefined;
    let cancelTimer: (() => void) | undefined;
    let cancelStuck: (() => void) | undefined;
    try {
      return await new Promise<End>((end, fail) => {
        wait = { after: this.#reads, stored, end, fail };
        this.#add(id, wait);
        onAbort = () => fail(signal!.reason);
        signal?.addEventListener("abort", onAbort, { once: true });
        if (timeoutMs !== undefined)
          cancelTimer = this.#clock.after(timeoutMs, () =>
            fail(wait?.missing === undefined ? new ResultTimeoutError(id, timeoutMs) : new ResultNotKeptError(id)),
          );
        cancelStuck = this.#clock.whenStuck?.(() => void this.#failStuck(id, fail));
      });
    } finally {
      cancelTimer?.();
      cancelStuck?.();
      if (onAbort !== undefined) signal?.removeEventListener("abort", onAbort);
      if (wait !== undefined) this.#remove(id, wait);
    }
  }

  /** Ends all waits with `STEM_CLOSED`. */
  close(): void {
    this.#closed = true;
    this.#failAll(closedError());
  }

  #add(id: string, wait: Wait): void {
    let waits = this.#waits.get(id);
    if (waits === undefined) this.#waits.set(id, (waits = new Set()));
    waits.add(wait);
    this.#stop ??= this.#listen();
    this.#look([id]);
  }

  #remove(id: string, wait: Wait): void {
    const waits = this.#waits.get(id);
    waits?.delete(wait);
    wait.missing?.();
    if (waits?.size === 0) {
      this.#waits.delete(id);
      this.#questions.delete(id);
    }
    if (this.#waits.size > 0) return;
    this.#stop?.();
    this.#stop = undefined;
    this.#rest?.();
    this.#rest = undefined;
    this.#asked.clear();
  }

  /** Begins to hear hints and to poll; returns what ends both. */
  #listen(): () => void {
    const unsubscribe = this.#hints.subscribe(
      (hint) => {
        if (hint.kind === "control") for (const end of toldIn(hint)) this.#told(end);
        if (hint.kind !== "done") return;
        if (hint.ids !== undefined) this.#look(hint.ids);
        else if (this.#rest === undefined) this.#look(this.#waits.keys());
        else this.#missed = true;
      },
      ["done", "control"],
    );
    let cancel = (): void => {};
    const poll = (): void => {
      this.#look(this.#waits.keys());
      cancel = this.#clock.after(this.#pollMs, poll);
    };
    cancel = this.#clock.after(this.#pollMs, poll);
    // A caller who awaits a result expects that the process does not end meanwhile.
    const letGo = keepAlive();
    return () => {
      unsubscribe();
      cancel();
      letGo();
    };
  }

  #look(ids: Iterable<string>): void {
    for (const id of ids) if (this.#waits.has(id)) this.#asked.add(id);
    if (this.#reading || this.#asked.size === 0) return;
    this.#reading = true;
    queueMicrotask(() => void this.#read());
  }

  async #read(): Promise<void> {
    const began = this.#clock.now();
    while (this.#asked.size > 0) {
      const asked = [...this.#asked];
      this.#asked = new Set();
      try {
        for (let from = 0; from < asked.length;) {
          const ids = asked.slice(from, from + this.#portion.of(BATCH));
          from += ids.length;
          const read = ++this.#reads;
          this.#ask(ids, ({ stored }) => stored?.brief === true);
          const records = await this.#jobs.get(ids);
          this.#portion.came(ids.length, bytesRead(records));
          this.#failing = false;
          ids.forEach((id, i) => this.#hear(id, records[i], read));
          // How long the record of a job of others is kept is not known.
          this.#ask(ids, ({ stored, enqueuedAt, missing }) => missing !== undefined || (stored === undefined && enqueuedAt !== undefined));
        }
      } catch (error) {
        this.#portion.failed();
        if ((error as { code?: unknown } | null)?.code === "STEM_STORE_CLOSED") this.#failAll(error);
        else if (!this.#failing) this.#log.warn(`Could not read results, trying again every ${this.#pollMs} ms: ${String(error)}`);
        this.#failing = true;
        break;
      }
    }
    this.#reading = false;
    this.#restAfter(this.#clock.now() - began);
  }

  /**
   * Where many are waited for and a busy store keeps hinting "any of them", reading all again and again may
   * take a fifth of the time at most; what polls read comes on top.
   */
  #restAfter(ms: number): void {
    if (ms < COSTLY_MS || this.#rest !== undefined || this.#waits.size === 0) return;
    this.#missed = false;
    this.#rest = this.#clock.after(Math.min(ms * 4, this.#pollMs), () => {
      this.#rest = undefined;
      if (this.#missed) this.#look(this.#waits.keys());
    });
  }

  #hear(id: string, record: JobRecord | undefined, read: number): void {
    if (record === undefined) return this.#gone(id, read);
    for (const wait of this.#waits.get(id) ?? []) {
      wait.missing?.();
      wait.missing = undefined;
      wait.enqueuedAt = record.enqueuedAt;
      if (isFinal(record.state)) wait.end(record);
    }
  }

  /** Nothing is stored under the id: nothing ever was, or the job has ended and its record was not kept. */
  #gone(id: string, read: number): void {
    for (const wait of this.#waits.get(id) ?? []) {
      if (wait.after >= read || wait.missing !== undefined) continue;
      if (wait.stored === undefined && wait.enqueuedAt === undefined) wait.fail(new UnknownJobError(id));
      else wait.missing = this.#clock.after(ANSWER_MS, () => wait.fail(new ResultNotKeptError(id)));
    }
  }

  /**
   * Asks workers for the ends of those jobs of which some wait wishes so, unless that was done a short while
   * ago.
   */
  #ask(ids: readonly string[], wishes: (wait: Wait) => boolean): void {
    const now = this.#clock.now();
    const asked = ids.filter((id) => {
      const before = this.#questions.get(id);
      if (before !== undefined && now - before < ASK_AGAIN_MS) return false;
      for (const wait of this.#waits.get(id) ?? []) if (wishes(wait)) return true;
      return false;
    });
    for (const id of asked) this.#questions.set(id, now);
    ask(this.#hints, asked);
  }

  /** A worker says how a job has ended: that one, or another that had its id before. */
  #told(end: ToldEnd): void {
    for (const wait of this.#waits.get(end.id) ?? []) if (isOf(end, wait)) wait.end(end);
  }

  async #failStuck(id: string, fail: (error: unknown) => void): Promise<void> {
    const [record] = await this.#jobs.get([id]).catch(() => []);
    const why = record === undefined ? undefined : standstill(record, { clock: this.#clock, registry: this.#registry });
    if (why !== undefined) fail(why);
  }

  #failAll(error: unknown): void {
    for (const waits of this.#waits.values()) for (const wait of waits) wait.fail(error);
  }
}

/**
 * What of the options concerns the wait, checked before anything is written; and the rest.
 * @throws {OptionError} `STEM_DURATION_INVALID`
 */
export function waitApart<T extends WaitForOptions>({ timeout, signal, ...rest }: T) {
  if (timeout !== undefined) toMs(timeout, "timeout of the wait");
  signal?.throwIfAborted();
  return { wait: { ...(timeout !== undefined && { timeout }), ...(signal !== undefined && { signal }) }, rest };
}

function bytesRead(records: readonly (JobRecord | undefined)[]): number {
  let bytes = 0;
  for (const record of records) if (record !== undefined) bytes += bytesOf(record.payload) + bytesOf(record.result ?? "");
  return bytes;
}

/**
 * Whether that end is of the job waited for: by the record that was seen, or, where none was, by the id or
 * the token.
 */
function isOf({ enqueuedAt, token }: ToldEnd, { stored, enqueuedAt: seen }: Wait): boolean {
  if (seen !== undefined) return enqueuedAt === seen;
  return stored !== undefined && (stored.ours || (stored.token !== undefined && stored.token === token));
}

/** The encoded result of an ended job. @throws {JobFailedError} it did not succeed */
export function resultOf(record: End): string | undefined {
  if (record.state === "succeeded") return record.result;
  const state = record.state === "cancelled" || record.state === "expired" ? record.state : "failed";
  throw new JobFailedError(record.id, state, record.error ?? { name: "Error", message: `The job ended as ${record.state}.` });
}
