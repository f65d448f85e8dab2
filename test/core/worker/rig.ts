import { afterEach, expect } from "@jest/globals";
import { memory } from "../../../lib/adapters/memory/index.js";
import type { Adapter, Claim, Claimed, JobRecord, Settled, Settlement } from "../../../lib/contract/index.js";
import { Stem } from "../../../lib/core/client/stem.js";
import type { SignalName } from "../../../lib/core/telemetry/signals.js";
import { defineTask } from "../../../lib/core/task/define.js";
import { TaskRegistry } from "../../../lib/core/task/registry.js";
import type { TaskContext, TaskOptions } from "../../../lib/core/task/task.js";
import type { WorkerOptions } from "../../../lib/core/worker/options.js";
import type { WorkflowContext } from "../../../lib/core/context/workflow.js";
import { Worker, type WorkerParts } from "../../../lib/core/worker/worker.js";
import { ManualClock } from "../../../lib/testing/manual-clock.js";

export type Handler = (payload: never, context: TaskContext) => unknown;

type More = Pick<WorkerParts, "dice" | "middleware" | "obey">;

const workers: Worker[] = [];
const rigs: Rig[] = [];

afterEach(async () => {
  // A handler that a test has left running is not waited for.
  for (const one of rigs.splice(0)) one.heal();
  const stops = workers.splice(0).map((worker) => worker.stop());
  for (let i = 0; i < 50; i++) {
    for (const one of clocks) one.advance("1m");
    await turns(2);
  }
  await Promise.all(stops);
  clocks.clear();
});

const clocks = new Set<ManualClock>();

/** Lets everything that can happen without time passing happen. */
export async function turns(count = 20): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve));
}

/** Waits, in turns of the event loop, for something that must come by itself. */
export async function until(isSo: () => boolean | Promise<boolean>, what = "the condition"): Promise<void> {
  for (let i = 0; i < 5_000; i++) {
    if (await isSo()) return;
    await turns(1);
  }
  throw new Error(`${what} has not come about`);
}

/** A promise with its handles outside. */
export function gate<T = void>(): { promise: Promise<T>; open: (value: T) => void; fail: (error: unknown) => void } {
  let open!: (value: T) => void;
  let fail!: (error: unknown) => void;
  const promise = new Promise<T>((resolve, reject) => {
    open = resolve;
    fail = reject;
  });
  return { promise, open, fail };
}

/**
 * A store in memory on a manual clock, with everything the worker says to it on record, and a switch that
 * breaks it.
 */
export class Rig {
  readonly clock = new ManualClock();
  readonly registry = new TaskRegistry();
  readonly lines: string[] = [];
  readonly told: string[] = [];
  readonly calls: {
    verb: "claim" | "settle" | "renew" | "prune" | "leave";
    settlements: readonly Settlement[];
    next: Claim | undefined;
  }[] = [];
  readonly stem: Stem;
  readonly store: Adapter;
  /** What the next calls throw, before or after the store has done its part. */
  fault: ((verb: string, settlements: readonly Settlement[]) => unknown) | undefined;
  faultAfter: ((verb: string) => unknown) | undefined;
  /** Holds calls back until it resolves. */
  hold: Promise<void> | undefined;

  /** @param remote the store says that its verbs wait for a server */
  constructor(tasks: Record<string, Handler | [Handler, TaskOptions]> = {}, { remote = false }: { readonly remote?: boolean } = {}) {
    clocks.add(this.clock);
    rigs.push(this);
    for (const [name, task] of Object.entries(tasks)) void (Array.isArray(task) ? this.task(name, ...task) : this.task(name, task));
    this.store = memory({ clock: () => this.clock.now() });
    // The memory adapter opens within the call.
    void this.store.open();
    const say =
      (level: string) =>
      (message: string): void =>
        void this.lines.push(`${level} ${message}`);
    this.stem = new Stem({
      adapter: { ...this.#watched(this.store), capabilities: { ...this.store.capabilities, remote } },
      registry: this.registry,
      clock: this.clock,
      log: { log: say("log"), warn: say("warn"), error: say("error"), debug: say("debug") },
    });
    for (const name of SIGNALS)
      this.stem.signals.on(name, (signal) => void this.told.push(`${name}${"jobId" in signal ? ` ${signal.jobId}` : ""}`));
  }

  task(name: string, run: Handler, options: TaskOptions = {}): void {
    this.registry.add(defineTask({ name, kind: "task", where: `${name}.run`, run: run as never }, options));
  }

  workflow(name: string, run: (payload: never, context: WorkflowContext) => unknown, options: TaskOptions = {}): void {
    this.registry.add(defineTask({ name, kind: "workflow", where: `${name}.run`, run: run as never }, options));
  }

  /** A worker that is stopped after the test. */
  worker(options: WorkerOptions = {}, more: More = {}): Worker {
    const worker = new Worker({ stem: this.stem, options, dice: () => 0.5, ...more });
    workers.push(worker);
    return worker;
  }

  async started(options: WorkerOptions = {}, more: More = {}): Promise<Worker> {
    const worker = this.worker(options, more);
    await worker.start();
    return worker;
  }

  async record(id: string): Promise<JobRecord> {
    const [record] = await this.store.jobs.get([id]);
    expect(record).toBeDefined();
    return record!;
  }

  async ended(...ids: string[]): Promise<readonly JobRecord[]> {
    const records = async (): Promise<readonly (JobRecord | undefined)[]> => this.store.jobs.get(ids);
    await until(async () => (await records()).every((record) => record?.endedAt !== undefined), `the end of ${ids.join(", ")}`);
    return (await records()) as JobRecord[];
  }

  verbs(verb: string): typeof this.calls {
    return this.calls.filter((call) => call.verb === verb);
  }

  heal(): void {
    this.fault = undefined;
    this.faultAfter = undefined;
    this.hold = undefined;
  }

  #watched(store: Adapter): Adapter {
    const pass = async <T>(
      verb: "claim" | "settle" | "renew" | "prune" | "leave",
      call: () => Promise<T>,
      settlements: readonly Settlement[] = [],
      next?: Claim,
    ): Promise<T> => {
      this.calls.push({ verb, settlements, next });
      await this.hold;
      const fault = this.fault?.(verb, settlements);
      if (fault !== undefined) throw fault;
      const answer = await call();
      const after = this.faultAfter?.(verb);
      if (after !== undefined) throw after;
      return answer;
    };
    return {
      ...store,
      broker: {
        ...store.broker,
        claim: (request): Promise<Claimed> => pass("claim", () => store.broker.claim(request), [], request),
        settle: (settlements, next): Promise<Settled> => pass("settle", () => store.broker.settle(settlements, next), settlements, next),
      },
      jobs: { ...store.jobs, prune: (limit) => pass("prune", () => store.jobs.prune(limit)) },
      workers: {
        ...store.workers,
        renew: (worker, held) => pass("renew", () => store.workers.renew(worker, held)),
        leave: (id) => pass("leave", () => store.workers.leave(id)),
      },
    };
  }
}

const SIGNALS: readonly SignalName[] = [
  "job:started",
  "job:succeeded",
  "job:retried",
  "job:dead",
  "job:snoozed",
  "job:released",
  "job:lost",
  "worker:error",
];
