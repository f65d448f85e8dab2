import type { Broker, Enqueued } from "../../contract/broker.js";
import type { NewJob } from "../../contract/job.js";
import type { Met } from "../../contract/met.js";
import { bytesOfJob, CALL_BYTES } from "../../contract/size.js";
import { queueMicrotask } from "../timers.js";

/** Jobs in one store call, unless a single call alone has more. */
const BATCH = 1_000;

/** What the jobs of a call have met, by their ids. */
export type MetById = ReadonlyMap<string, Met>;

export const NONE_MET: MetById = new Map();

export const metById = (met: readonly Met[]): MetById => (met.length === 0 ? NONE_MET : new Map(met.map((one) => [one.id, one])));

/** Jobs to be stored all or none. */
interface Call {
  readonly jobs: readonly NewJob[];
  /** The caller chose the ids, so that one may come twice. */
  readonly named: boolean;
  readonly accept: (met: MetById) => void;
  readonly refuse: (error: unknown) => void;
}

/**
 * Group commit for producers.
 * Calls made in one turn, and calls made while the store is busy with earlier ones, travel together in its
 * next batch, in the order they were made. A lone call does not wait. Memory is bounded by the callers: each
 * awaits its own call.
 *
 * Each call stays all or none: a batch that fails is tried again call by call, so that one caller's mistake
 * does not fail the others. If the store itself cannot be used (`STEM_STORE_…`), all of the batch fail at
 * once; and if it cannot be reached, also calls that came while the batch was waiting for it, so that no call
 * waits longer than the adapter does and the number of waiting calls stays bounded.
 */
export class Coalescer {
  readonly #broker: Broker;
  readonly #ends: (ended: Enqueued["ended"]) => void;
  #waiting: Call[] = [];
  #busy = false;

  /** @param ends called with the jobs that the store has ended */
  constructor(broker: Broker, ends: (ended: Enqueued["ended"]) => void = () => {}) {
    this.#broker = broker;
    this.#ends = ends;
  }

  /** Stores jobs, all or none. Returns what was met, also by other jobs of the batch. */
  enqueue(jobs: readonly NewJob[], named: boolean): Promise<MetById> {
    return new Promise((accept, refuse) => {
      this.#waiting.push({ jobs, named, accept, refuse });
      if (this.#busy) return;
      this.#busy = true;
      queueMicrotask(() => void this.#run());
    });
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0) {
      const waiting = this.#waiting;
      this.#waiting = [];
      for (let from = 0; from < waiting.length;) {
        const batch = nextBatch(waiting, from);
        from += batch.length;
        const error = await this.#send(batch);
        if (codeOf(error) !== "STEM_STORE_UNREACHABLE") continue;
        for (const call of [...waiting.slice(from), ...this.#waiting.splice(0)]) call.refuse(error);
        break;
      }
    }
    this.#busy = false;
  }

  /** Answers every call of the batch. @returns the error, if the store itself cannot be used */
  async #send(batch: readonly Call[]): Promise<unknown> {
    const jobs = batch.length === 1 ? batch[0]!.jobs : batch.flatMap((call) => call.jobs);
    try {
      const { met, ended } = await this.#broker.enqueue(jobs);
      const byId = metById(met);
      for (const call of batch) call.accept(byId);
      this.#ends(ended);
    } catch (error) {
      if (batch.length > 1 && !concernsAll(error)) {
        for (const call of batch) await this.#send([call]);
        return undefined;
      }
      for (const call of batch) call.refuse(error);
      return error;
    }
    return undefined;
  }
}

/**
 * The calls that may travel together: up to 1,000 jobs and about 8 MiB, and no chosen id twice.
 * The store's answer could not say which of two equal ids was first.
 */
function nextBatch(calls: readonly Call[], from: number): readonly Call[] {
  const ids = new Set<string>();
  let size = 0;
  let bytes = 0;
  let to = from;
  for (; to < calls.length; to++) {
    const call = calls[to]!;
    for (const job of call.jobs) bytes += bytesOfJob(job);
    if (to > from && (size + call.jobs.length > BATCH || bytes > CALL_BYTES)) break;
    if (call.named) {
      if (call.jobs.some((job) => ids.has(job.id))) break;
      for (const job of call.jobs) ids.add(job.id);
    }
    size += call.jobs.length;
  }
  return from === 0 && to === calls.length ? calls : calls.slice(from, to);
}

function concernsAll(error: unknown): boolean {
  return codeOf(error)?.startsWith("STEM_STORE_") === true;
}

/** By code, so that the error of another copy of this package counts. */
function codeOf(error: unknown): string | undefined {
  const code = typeof error === "object" && error !== null ? (error as { code?: unknown }).code : undefined;
  return typeof code === "string" ? code : undefined;
}
