import { setMaxListeners } from "node:events";
import type { Adapter } from "../../contract/adapter.js";
import type { JobRecord } from "../../contract/jobs.js";
import type { Cancelled } from "./job-filters.js";
import { IdTakenError } from "../../contract/taken.js";
import type { Codec } from "../codec/codec.js";
import type { Definitions } from "../codec/definitions.js";
import type { CanvasHandle, GroupHandle, JobHandle, WaitForOptions } from "./face.js";
import type { Stored } from "../job/answers.js";
import { resultOf, type Waiter } from "./waiter.js";

/** What handles need of their Stem. */
export interface HandleParts {
  readonly waiter: Waiter;
  readonly stem: {
    readonly adapter: Adapter;
    readonly codec: Codec;
    readonly definitions: Definitions;
    cancel(ids: readonly string[], reason?: string): Promise<readonly Cancelled[]>;
  };
}

/** See `JobHandle`. Cheap: a few fields until it is asked. */
export class Handle<O> implements JobHandle<O> {
  readonly id: string;
  readonly as: JobHandle["as"];
  readonly #parts: HandleParts;
  readonly #stored: Stored | undefined;
  /** What is known of its task by whoever asked by the id alone. */
  readonly #task: string | undefined;

  /**
   * @param stored given if the call that made the handle has stored the job
   * @param task a job of another task is refused
   */
  constructor(parts: HandleParts, id: string, as: JobHandle["as"], stored?: Stored, task?: string) {
    this.#parts = parts;
    this.id = id;
    this.as = as;
    this.#stored = stored;
    this.#task = task;
  }

  get duplicate(): boolean {
    return this.as !== "stored";
  }

  /** What another handle of the same job may know, too. */
  static storedOf(handle: object): Stored | undefined {
    return #stored in handle ? handle.#stored : undefined;
  }

  /** The task that its job has to be of, if it was asked for so. */
  static taskOf(handle: object): string | undefined {
    return #task in handle ? handle.#task : undefined;
  }

  async result(options?: WaitForOptions): Promise<O> {
    const { waiter, stem } = this.#parts;
    const { codec, definitions } = stem;
    // Not only when it has ended, which may take long.
    if (this.#task !== undefined) await this.status();
    const record = this.#ofTask(await waiter.wait(this.id, options, this.#stored));
    const result = codec.decode(resultOf(record), "result");
    const shape = definitions.output(record.task);
    return (shape === undefined ? result : shape.decode(result)) as O;
  }

  async status(): Promise<JobRecord | undefined> {
    const [record] = await this.#parts.stem.adapter.jobs.get([this.id]);
    return record && this.#ofTask(record);
  }

  async cancel(reason = "cancelled by its handle"): Promise<boolean> {
    if (this.#task !== undefined) await this.status();
    const [cancelled] = await this.#parts.stem.cancel([this.id], reason);
    return cancelled?.as === "cancelled";
  }

  /** @throws {IdTakenError} the job is of another task than the one it was asked for */
  #ofTask<R extends Pick<JobRecord, "task">>(record: R): R {
    if (this.#task !== undefined && record.task !== this.#task) throw new IdTakenError(this.id, this.#task, record.task, true);
    return record;
  }
}

/** See `CanvasHandle`. */
export class LastOf<O> extends Handle<O> implements CanvasHandle<O> {
  readonly jobs: readonly JobHandle[];

  constructor(parts: HandleParts, jobs: readonly JobHandle[]) {
    const last = jobs.at(-1)!;
    super(parts, last.id, last.as, Handle.storedOf(last));
    this.jobs = jobs;
  }
}

/** See `GroupHandle`. */
export class AllOf<O> implements GroupHandle<O> {
  readonly id: string;
  readonly jobs: readonly JobHandle<O>[];

  constructor(id: string, jobs: readonly JobHandle<O>[]) {
    this.id = id;
    this.jobs = jobs;
  }

  async results(options: WaitForOptions = {}): Promise<readonly O[]> {
    // When one has failed, nobody is interested in the others any more: their waits end too.
    const enough = new AbortController();
    // One listener per member: no leak, whatever Node thinks from the eleventh on.
    setMaxListeners(0, enough.signal);
    const signal = options.signal === undefined ? enough.signal : AbortSignal.any([options.signal, enough.signal]);
    setMaxListeners(0, signal);
    try {
      return await Promise.all(this.jobs.map((job) => job.result({ ...options, signal })));
    } finally {
      enough.abort();
    }
  }
}
