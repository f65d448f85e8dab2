import { StemError } from "../contract/errors.js";
import type { Dice } from "../core/clock.js";
import type { JobSignal } from "../core/telemetry/signals.js";
import type { Worker } from "../core/worker/worker.js";
import type { StemRuntime } from "../nest/runtime.js";
import type { ManualClock } from "./manual-clock.js";
import { nextJob } from "./next-moment.js";

/** Bounds of one drain. */
export interface DrainOptions {
  /**
   * Attempts started before the drain gives up. Default 10,000.
   * So jobs that enqueue each other for ever end a test.
   */
  readonly limit?: number;
  /**
   * Real milliseconds without any progress before the drain gives up. Default 10,000.
   * It is for handlers that never return.
   */
  readonly patienceMs?: number;
}

/** The outcome of a drain. */
export interface Drained {
  /** Attempts that were started: tasks, passes of workflows, retries. */
  readonly attempts: number;
}

/**
 * Draws the longest possible wait, so that advancing by `retry.base` is always enough.
 * Every run of a test is then the same.
 */
const LONGEST_WAIT: Dice = () => 1 - Number.EPSILON;

/** Taken before a test can replace them by fake ones. */
const { setTimeout: realTimeout, clearTimeout: realClear, setImmediate: realImmediate } = globalThis;
const realNow = performance.now.bind(performance);

/** Runs jobs until none is due on the clock's present time. */
export async function drainJobs(
  runtime: StemRuntime,
  clock: ManualClock,
  { limit = 10_000, patienceMs = 10_000 }: DrainOptions,
): Promise<Drained> {
  const release = clock.hold();
  try {
    const drained = runtime.registry.all().length === 0 ? { attempts: 0 } : await workOff(runtime, clock, limit, patienceMs);
    await tellUnhandled(runtime);
    return drained;
  } finally {
    release();
  }
}

async function workOff(runtime: StemRuntime, clock: ManualClock, limit: number, patienceMs: number): Promise<Drained> {
  const worker = runtime.makeWorker(LONGEST_WAIT, { grace: 0, abortGrace: 0, deploy: 0 });
  const watch = new Watch(runtime, limit, () => void worker.stop());
  try {
    await worker.start();
    await quiet(runtime, worker, watch, patienceMs);
    await worker.stop();
  } catch (error) {
    await abandon(worker, clock);
    throw error;
  } finally {
    watch.close();
  }
  return { attempts: watch.attempts };
}

const told = new WeakMap<StemRuntime, Set<string>>();

/**
 * Warns of jobs that are due and stay where they are, once per task: in a test no other worker takes them.
 */
async function tellUnhandled(runtime: StemRuntime): Promise<void> {
  const { stem, registry } = runtime;
  const known = told.get(runtime) ?? new Set<string>();
  told.set(runtime, known);
  for (const { queue, ready, paused } of await stem.queues()) {
    if (ready === 0 || paused) continue;
    const jobs = await stem.jobs.list({ queue, state: "ready", limit: 1_000 });
    for (const { task, dueAt } of jobs) {
      if (known.has(task) || registry.get(task) !== undefined || dueAt > stem.clock.now()) continue;
      known.add(task);
      stem.log.warn(
        `Jobs of task "${task}" are ready in queue "${queue}", and no provider here handles them → Add the class that carries @Task("${task}") to the providers of the testing module, if they are to run.  [STEM_UNKNOWN_TASK]`,
      );
    }
  }
}

/** Waits until the store has nothing due and nothing active in the queues of the worker. */
async function quiet(runtime: StemRuntime, worker: Worker, watch: Watch, patienceMs: number): Promise<void> {
  const served = new Set(worker.queues);
  const busy = async (): Promise<boolean> =>
    (await runtime.stem.queues()).some(({ queue, paused, ready, active }) => served.has(queue) && (active > 0 || (ready > 0 && !paused)));
  for (;;) {
    watch.check();
    if (!(await busy())) {
      await nextJob(runtime);
      if (!(await busy())) return;
    }
    await watch.progress();
    if (realNow() - watch.lastAt < patienceMs) continue;
    throw stuck(watch.running(), patienceMs);
  }
}

/**
 * Stops a worker whose handlers may never return.
 * They are aborted and their jobs handed back; for that the worker's clock must go on.
 */
async function abandon(worker: Worker, clock: ManualClock): Promise<void> {
  const state = { stopped: false };
  const stop = worker.stop().finally(() => (state.stopped = true));
  while (!state.stopped) {
    clock.advance(0);
    await new Promise((resolve) => realImmediate(resolve));
  }
  await stop;
}

/** Notes what a worker does. */
class Watch {
  attempts = 0;
  /** When something last happened, in real time. */
  lastAt = realNow();
  readonly #limit: number;
  readonly #byTask = new Map<string, number>();
  readonly #running = new Map<string, string>();
  readonly #off: (() => void)[];
  #wake: (() => void) | undefined;

  /**
   * @param tooMany called as soon as the limit is passed: a loop that never leaves the microtask queue gives
   * no other code a turn
   */
  constructor(runtime: StemRuntime, limit: number, tooMany: () => void) {
    this.#limit = limit;
    const { signals } = runtime.stem;
    const ended = ({ jobId }: JobSignal): void => {
      this.#running.delete(jobId);
      this.#moved();
    };
    this.#off = [
      signals.on("job:started", ({ jobId, task }) => {
        this.#running.set(jobId, task);
        this.#byTask.set(task, (this.#byTask.get(task) ?? 0) + 1);
        if (++this.attempts === limit + 1) tooMany();
        this.#moved();
      }),
      ...(["job:succeeded", "job:retried", "job:dead", "job:snoozed", "job:parked", "job:released", "job:lost"] as const).map((name) =>
        signals.on(name, ended),
      ),
    ];
  }

  /** @throws {StemError} `STEM_DRAIN_ENDLESS` */
  check(): void {
    if (this.attempts <= this.#limit) return;
    const [busiest] = [...this.#byTask].sort(([, a], [, b]) => b - a);
    throw new StemError(
      "STEM_DRAIN_ENDLESS",
      `More than ${this.#limit} attempts were started in one drain, ${busiest?.[1]} of them of task "${busiest?.[0]}".`,
      "Does it enqueue itself, or snooze for no time? If there is that much to do, raise drain({ limit }).",
    );
  }

  running(): readonly string[] {
    return [...this.#running].map(([jobId, task]) => `${task} (job ${jobId})`);
  }

  /** Resolves at the next event, or after a moment of real time. */
  progress(): Promise<void> {
    return new Promise((resolve) => {
      const timer = realTimeout(resolve, 5);
      this.#wake = () => {
        realClear(timer);
        // Not at once, so that its consequences happen first.
        realImmediate(resolve);
      };
    });
  }

  close(): void {
    for (const off of this.#off) off();
  }

  #moved(): void {
    this.lastAt = realNow();
    this.#wake?.();
    this.#wake = undefined;
  }
}

function stuck(running: readonly string[], patienceMs: number): StemError {
  return new StemError(
    "STEM_DRAIN_STUCK",
    `Nothing has happened for ${patienceMs} ms of real time; still running: ${running.join(", ") || "nothing that was seen to start"}.`,
    "Does the handler wait for the clock to go on, or for another service? Let it return, or raise drain({ patienceMs }).",
  );
}
