import { signatureOf } from "../canvas/signature.js";
import { checkName, refuseUnknown } from "../task/define.js";
import { StemError } from "../../contract/errors.js";
import { refOf, type Target, type TaskRef } from "../task/ref.js";
import type { TaskRegistry } from "../task/registry.js";
import {
  CLIENT_OPTIONS,
  type ClientDefaults,
  type EnqueueOptions,
  OPTIONS,
  type ScheduleOptions,
  type SignatureOptions,
} from "../task/options.js";
import type { JobHandle, ManyOptions, PayloadArgs, RunHandle, ScheduleClient, TaskClient, WaitForOptions, WorkflowClient } from "./face.js";
import type { Signature } from "../canvas/signature.js";

/** The parts of a Stem that clients need. Payloads are typed by the clients. */
export interface Enqueuer {
  put(target: Target, payload: unknown, options?: EnqueueOptions): Promise<JobHandle>;
  putMany(target: Target, payloads: readonly unknown[], options?: ManyOptions<never>): Promise<readonly JobHandle[]>;
  putAndWait(target: Target, payload: unknown, options?: EnqueueOptions & WaitForOptions): Promise<unknown>;
  plan(target: Target, name: string, cron: string, payload: unknown, options?: ScheduleOptions): Promise<ScheduleClient>;
  /** The handle of a job of that task, by its id; for another task's job it rejects. */
  handleOf(id: string, task: string): JobHandle;
  /** A handle that can send its run the signals of those names, by their names on it. */
  runHandle(job: JobHandle, signals: Readonly<Record<string, string>>): JobHandle;
}

/** As `ClientDefaults`, for a workflow. */
export interface WorkflowClientDefaults extends ClientDefaults {
  /** The names of its signals, by their names on a handle. */
  readonly signals?: Readonly<Record<string, string>>;
}

/**
 * The ref of a client's task.
 *
 * @throws {OptionError} `STEM_NAME_INVALID`, `STEM_OPTION_UNKNOWN`, `STEM_DURATION_INVALID`
 */
export function clientRef(name: string, defaults: WorkflowClientDefaults, kind: "task" | "workflow" | "schedule"): TaskRef {
  checkName(name, `${kind} name of a client`);
  const of = `of the client of ${kind} "${name}"`;
  refuseUnknown(defaults, kind === "workflow" ? [...CLIENT_OPTIONS, "signals"] : CLIENT_OPTIONS, of);
  const { queue, priority, keepResult, keepFailed } = defaults;
  return {
    name,
    ...(queue !== undefined && { queue }),
    ...(priority !== undefined && { priority }),
    ...(keepResult !== undefined && { keepResultMs: OPTIONS.keepResult.parse(keepResult, of) }),
    ...(keepFailed !== undefined && { keepFailedMs: OPTIONS.keepFailed.parse(keepFailed, of) }),
  };
}

/**
 * Refuses a task that is to be started and a workflow that is to be enqueued.
 * That needs the handler in this process. Bare names are not checked: `enqueue` stores the same for both.
 *
 * @throws {StemError} `STEM_NOT_A_WORKFLOW`, `STEM_NOT_A_TASK`
 */
export function refAs(target: Target, registry: TaskRegistry, as: "task" | "workflow" | undefined): TaskRef {
  const ref = refOf(target);
  const known = as === undefined || (typeof target === "string" && as === "task") ? undefined : registry.get(ref.name);
  if (known === undefined || known.kind === as) return ref;
  const { name } = ref;
  if (as === "workflow")
    throw new StemError(
      "STEM_NOT_A_WORKFLOW",
      `"${name}" (${known.where}) is a task, and was to be started as a workflow.`,
      "Enqueue it: stem.enqueue(…).",
    );
  throw new StemError(
    "STEM_NOT_A_TASK",
    `"${name}" (${known.where}) is a workflow, and was to be enqueued as a task.`,
    "Start it: stem.start(…).",
  );
}

/** See `TaskClient`. */
export class StemTaskClient<I, O> implements TaskClient<I, O> {
  declare readonly name: string;
  declare readonly queue?: string;
  declare readonly priority?: number;
  declare readonly keepResultMs?: number;
  declare readonly keepFailedMs?: number;
  readonly #stem: Enqueuer;

  constructor(stem: Enqueuer, ref: TaskRef) {
    this.#stem = stem;
    Object.assign(this, ref);
  }

  enqueue(...[payload, options]: PayloadArgs<I, [options?: EnqueueOptions]>): Promise<JobHandle<O>> {
    return this.#stem.put(this, payload, options) as Promise<JobHandle<O>>;
  }

  enqueueMany(payloads: readonly I[], options?: ManyOptions<I>): Promise<readonly JobHandle<O>[]> {
    return this.#stem.putMany(this, payloads, options) as Promise<readonly JobHandle<O>[]>;
  }

  enqueueAndWait(...[payload, options]: PayloadArgs<I, [options?: EnqueueOptions & WaitForOptions]>): Promise<O> {
    return this.#stem.putAndWait(this, payload, options) as Promise<O>;
  }

  signature(payload?: I, options?: SignatureOptions): Signature<I, O> {
    return signatureOf<I, O>(this, payload, options);
  }

  schedule(name: string, cron: string, ...[payload, options]: PayloadArgs<I, [options?: ScheduleOptions]>): Promise<ScheduleClient<O>> {
    return this.#stem.plan(this, name, cron, payload, options) as Promise<ScheduleClient<O>>;
  }

  handle(id: string): JobHandle<O> {
    return this.#stem.handleOf(id, this.name) as JobHandle<O>;
  }
}

/** See `WorkflowClient`. */
export class StemWorkflowClient<I, O, S = {}> implements WorkflowClient<I, O, S> {
  declare readonly name: string;
  declare readonly queue?: string;
  declare readonly priority?: number;
  declare readonly keepResultMs?: number;
  declare readonly keepFailedMs?: number;
  readonly #stem: Enqueuer;
  readonly #signals: Readonly<Record<string, string>>;

  constructor(stem: Enqueuer, ref: TaskRef, signals: Readonly<Record<string, string>> = {}) {
    this.#stem = stem;
    this.#signals = signals;
    Object.assign(this, ref);
  }

  async start(...[payload, options]: PayloadArgs<I, [options?: EnqueueOptions]>): Promise<RunHandle<O, S>> {
    return this.#handleOf(await this.#stem.put(this, payload, options));
  }

  async startMany(payloads: readonly I[], options?: ManyOptions<I>): Promise<readonly RunHandle<O, S>[]> {
    return (await this.#stem.putMany(this, payloads, options)).map((job) => this.#handleOf(job));
  }

  startAndWait(...[payload, options]: PayloadArgs<I, [options?: EnqueueOptions & WaitForOptions]>): Promise<O> {
    return this.#stem.putAndWait(this, payload, options) as Promise<O>;
  }

  signature(payload?: I, options?: SignatureOptions): Signature<I, O> {
    return signatureOf<I, O>(this, payload, options);
  }

  schedule(name: string, cron: string, ...[payload, options]: PayloadArgs<I, [options?: ScheduleOptions]>): Promise<ScheduleClient<O>> {
    return this.#stem.plan(this, name, cron, payload, options) as Promise<ScheduleClient<O>>;
  }

  handle(id: string): RunHandle<O, S> {
    return this.#handleOf(this.#stem.handleOf(id, this.name));
  }

  #handleOf(job: JobHandle): RunHandle<O, S> {
    return this.#stem.runHandle(job, this.#signals) as RunHandle<O, S>;
  }
}
