import { OptionError } from "../../contract/errors.js";
import { shown } from "../../contract/options.js";
import { checkName, refuseUnknown } from "../task/define.js";
import { type Duration, toMs } from "../task/duration.js";

export interface WorkerOptions {
  /**
   * Queues to serve: names, or names with how many of its jobs may run here at once.
   * Default: the queues of all tasks registered in this process.
   */
  readonly queues?: readonly string[] | Readonly<Record<string, number>>;
  /** How many jobs may run in this process at once. Default 100. */
  readonly concurrency?: number;
  /**
   * After how long without a renewal the store lends this worker's jobs to others.
   * Renewed every third of it. Default 10 s, at least 100 ms.
   */
  readonly lease?: Duration;
  /**
   * How long a shutdown waits for running handlers before it aborts them. Default 20 s.
   * Their `ctx.signal` is aborted with reason `"shutdown"`.
   */
  readonly grace?: Duration;
  /** How long it then waits for aborted handlers to end before it hands their jobs back. Default 5 s. */
  readonly abortGrace?: Duration;
  /** Longest time without asking the store for work, if a wake-up was lost. Default 5 s. */
  readonly poll?: Duration;
  /**
   * How long a deploy may take at most. Default 15 min.
   * A job that this worker cannot run (it does not know the task, or its code ends before the run's journal
   * does) is handed back, its attempt not spent, until no worker that might run it has been seen for so long;
   * only then it has failed.
   */
  readonly deploy?: Duration;
}

/** `WorkerOptions` with the defaults filled in. Milliseconds. */
export interface WorkerSettings {
  /**
   * Name to ceiling; `undefined` for a queue that is only bounded by `concurrency`.
   * Undefined as a whole: the queues of the registry.
   */
  readonly queues: ReadonlyMap<string, number | undefined> | undefined;
  readonly concurrency: number;
  readonly leaseMs: number;
  readonly graceMs: number;
  readonly abortGraceMs: number;
  readonly pollMs: number;
  readonly deployMs: number;
}

/** More would not run sooner on one event loop, and one settle would carry more than stores take well. */
const MOST = 10_000;

const KNOWN = [
  "queues",
  "concurrency",
  "lease",
  "grace",
  "abortGrace",
  "poll",
  "deploy",
] as const satisfies readonly (keyof WorkerOptions)[];

/**
 * Completes the options. @throws {OptionError} `STEM_OPTION_UNKNOWN`, `STEM_OPTION_INVALID`,
 * `STEM_NAME_INVALID`, `STEM_DURATION_INVALID`
 */
export function settleWorkerOptions(options: WorkerOptions = {}): WorkerSettings {
  refuseUnknown(options, KNOWN, "of the worker");
  const concurrency = slots(options.concurrency ?? 100, "worker's concurrency");
  return {
    queues: options.queues === undefined ? undefined : queuesOf(options.queues),
    concurrency,
    leaseMs: atLeast(100, toMs(options.lease ?? 10_000, "worker's lease"), "lease"),
    graceMs: toMs(options.grace ?? 20_000, "worker's grace"),
    abortGraceMs: toMs(options.abortGrace ?? 5_000, "worker's abortGrace"),
    pollMs: atLeast(10, toMs(options.poll ?? 5_000, "worker's poll"), "poll"),
    deployMs: toMs(options.deploy ?? 15 * 60_000, "worker's deploy"),
  };
}

function queuesOf(given: NonNullable<WorkerOptions["queues"]>): Map<string, number | undefined> {
  const listed = Array.isArray(given);
  if (!listed && (typeof given !== "object" || given === null))
    refuse("queues", given, "Give names, or names with a ceiling: { mail: 10 }.");
  const queues = new Map<string, number | undefined>();
  for (const [name, ceiling] of listed ? given.map((name: string) => [name, undefined] as const) : Object.entries(given)) {
    checkName(name, "queue of the worker");
    queues.set(name, ceiling === undefined ? undefined : slots(ceiling, `ceiling of queue "${name}"`));
  }
  if (queues.size === 0)
    refuse("queues", given, "Name at least one queue, or leave the option out to serve those of all registered tasks.");
  return queues;
}

function slots(count: unknown, what: string): number {
  if (typeof count === "number" && Number.isInteger(count) && count >= 1 && count <= MOST) return count;
  throw new OptionError(
    "STEM_OPTION_INVALID",
    `The ${what} is ${String(count)}.`,
    `Give a whole number from 1 to ${MOST.toLocaleString("en")}.`,
  );
}

function atLeast(least: number, ms: number, option: string): number {
  if (ms >= least) return ms;
  throw new OptionError("STEM_DURATION_INVALID", `The worker's ${option} is ${ms} ms.`, `Give at least ${least} ms.`);
}

function refuse(option: string, given: unknown, remedy: string): never {
  throw new OptionError("STEM_OPTION_INVALID", `The worker's ${option} option is ${shown(given)}.`, remedy);
}
