import { StemError } from "../../contract/errors.js";
import type { HandedBack } from "../../contract/job.js";
import type { Jobs } from "../../contract/jobs.js";
import type { Dice } from "../clock.js";
import type { Log } from "../log.js";
import type { Crowd } from "./crowd.js";
import type { Outcome } from "../attempt/outcome.js";
import type { ServedQueue, ServedQueues } from "./queues.js";
import { describe } from "../log/describe.js";
import { Rota } from "./rota.js";
import type { RunningJob } from "../attempt/running.js";
import type { StoreTime } from "./store-time.js";

type Refused = Extract<Outcome, { readonly kind: "refused" }>;

interface Case {
  readonly job: RunningJob;
  readonly refused: Refused;
}

export interface RefusalsParts {
  readonly jobs: Jobs;
  readonly crowd: Crowd;
  readonly storeTime: StoreTime;
  readonly queues: ServedQueues;
  readonly dice: Dice;
  readonly log: Log;
  readonly code: string;
  readonly deployMs: number;
  /** Called once per job with what is to become of it. Must not throw. */
  readonly decided: (job: RunningJob, outcome: Outcome) => void;
}

/**
 * Jobs that wait for a worker that knows them come back so often in all, per worker and second, or each once
 * in 1.5 s if they are few.
 */
const PER_SECOND = 250;
const OFTEN_MS = 1_500;
const SELDOM_MS = 120_000;
const TOGETHER_MS = 100;

/** So long a job that somebody else may run keeps its place in line. */
const PROMPT_MS = 2_000;

/** Names of tasks and runs already warned of. */
const REMEMBERED = 1_000;

/**
 * What becomes of jobs that this worker cannot run: its code is older than they are, or newer, or another
 * app's. They are handed back, attempt not spent, for whoever can; only when no worker that may run them has
 * been seen for as long as a deploy may take do they fail. How long that has been is kept with the job
 * (`Failure.handedBack`), so that it outlives every worker.
 *
 * - If others may run it, the job keeps its place and this worker takes from its queue only in its turn
 *   (`Rota`).
 * - If nobody may, it is put off: by 100 to 300 ms, then by longer, so that what stands behind it comes to
 *   the fore and looking again costs little.
 */
export class Refusals {
  readonly #parts: RefusalsParts;
  readonly #warned = new Set<string>();
  /** How many jobs this worker has put off, by the second in which they come back. */
  readonly #putOff = new Map<number, number>();
  #cases: Case[] = [];

  constructor(parts: RefusalsParts) {
    this.#parts = parts;
  }

  refuse(job: RunningJob, refused: Refused): void {
    const queue = this.#queueOf(job);
    if (queue !== undefined) (queue.rota ??= new Rota()).hold();
    if (this.#cases.push({ job, refused }) > 1) return;
    queueMicrotask(() => {
      const cases = this.#cases;
      this.#cases = [];
      void this.#decide(cases);
    });
  }

  async #decide(cases: readonly Case[]): Promise<void> {
    const { jobs, crowd, decided } = this.#parts;
    const ids = cases.map(({ job }) => job.delivery.job.id);
    const [records] = await Promise.all([jobs.get(ids).catch(() => []), crowd.look()]);
    const refused = new Map<ServedQueue, { count: number; awaited: boolean }>();
    const outcomes = cases.map(({ job, refused: one }, i) => {
      const { outcome, awaited } = this.#judge(job, one, records[i]?.error?.handedBack);
      const queue = this.#queueOf(job);
      if (queue !== undefined) {
        const of = refused.get(queue) ?? { count: 0, awaited: false };
        refused.set(queue, { count: of.count + 1, awaited: of.awaited || awaited });
      }
      return outcome;
    });
    for (const [queue, { count, awaited }] of refused) this.#step(queue, count, awaited);
    cases.forEach(({ job }, i) => decided(job, outcomes[i]!));
  }

  #queueOf(job: RunningJob): ServedQueue | undefined {
    return this.#parts.queues.get(job.delivery.job.queue);
  }

  /** Whether the queue may be asked at once, or only when it is this worker's turn. */
  #step(queue: ServedQueue, refused: number, awaited: boolean): void {
    const { crowd, storeTime } = this.#parts;
    const vain = queue.lent <= refused;
    queue.lent = 0;
    if (awaited) queue.rota!.refused(storeTime.now(), crowd.placeIn(queue.name), vain);
    else queue.rota!.release();
  }

  #judge(job: RunningJob, refused: Refused, noted: HandedBack | undefined): { readonly outcome: Outcome; readonly awaited: boolean } {
    const { crowd, storeTime, code, deployMs } = this.#parts;
    const { job: stored } = job.delivery;
    const now = Math.floor(storeTime.now());
    const before = noted?.dueAt === stored.dueAt ? noted : undefined;
    const by = new Set([...(before?.by ?? []), code]);
    const awaited = crowd.mayRun(stored.task, stored.queue, by);
    const first = before?.first ?? now;
    const seen = awaited ? now : before?.seen;
    if (!awaited && (refused.alone === "judge" || now - (seen ?? first) >= deployMs)) return { outcome: refused.verdict, awaited };
    this.#warn(job, refused);
    const dueAt = this.#dueAt(job, refused, now, first, awaited);
    const handedBack: HandedBack = { first, ...(seen !== undefined && { seen }), dueAt, by: [...by].slice(-20) };
    return { outcome: { kind: "handedBack", error: noteOf(refused.error, handedBack), dueAt }, awaited };
  }

  /** When the job is to be lent again. */
  #dueAt(job: RunningJob, { patienceMs = 0 }: Refused, now: number, first: number, awaited: boolean): number {
    const age = now - first;
    if (awaited && age < PROMPT_MS && patienceMs === 0) return job.delivery.job.dueAt;
    const spread = Math.min(SELDOM_MS, (this.#outstanding(now) / PER_SECOND) * 1_000);
    const grown = Math.min(age / 4, awaited ? Math.max(OFTEN_MS, spread) : OFTEN_MS);
    const wait = Math.max(100 + this.#parts.dice() * 200, grown, awaited ? 0 : spread, patienceMs);
    // Those that come back at about the same time come back together.
    const dueAt = Math.ceil((now + wait) / TOGETHER_MS) * TOGETHER_MS;
    const second = Math.floor(dueAt / 1_000);
    this.#putOff.set(second, (this.#putOff.get(second) ?? 0) + 1);
    return dueAt;
  }

  #outstanding(now: number): number {
    let count = 0;
    for (const [second, jobs] of this.#putOff) {
      if (second < Math.floor(now / 1_000)) this.#putOff.delete(second);
      else count += jobs;
    }
    return count;
  }

  /** The first time for each task. */
  #warn({ delivery: { job } }: RunningJob, { error, advice }: Refused): void {
    if (this.#warned.has(job.task) || this.#warned.size >= REMEMBERED) return;
    this.#warned.add(job.task);
    this.#parts.log.warn(
      `Job ${job.id} of "${job.task}" in queue "${job.queue}" cannot be run by this worker and is handed back, as are others like it: ${describe(error)} ${advice}`,
    );
  }
}

function noteOf(error: unknown, handedBack: HandedBack): Extract<Outcome, { readonly kind: "handedBack" }>["error"] {
  const { name, code } = error as { name?: unknown; code?: unknown };
  return {
    name: typeof name === "string" ? name : "Error",
    message:
      `Handed back by a worker that cannot run it: ${error instanceof StemError ? error.message.split("\n", 1)[0]! : describe(error)}`.slice(
        0,
        500,
      ),
    ...(typeof code === "string" && { code }),
    handedBack,
  };
}
