import type { Adapter } from "../../contract/adapter.js";
import type { NewJob } from "../../contract/job.js";
import type { QueueInfo } from "../../contract/queues.js";
import { chainOf, chordOf, groupOf } from "../canvas/draw.js";
import { signatureOf } from "../canvas/signature.js";
import type { LastOutput } from "../canvas/signature.js";
import { type Clock, systemClock } from "../clock.js";
import type { Kit } from "../kit.js";
import type { Codec } from "../codec/codec.js";
import { Definitions } from "../codec/definitions.js";
import { jsonCodec } from "../codec/json.js";
import { sound } from "../codec/sound.js";
import { MAX_PAYLOAD_BYTES } from "../codec/payload.js";
import { type Log, silentLog, unfailing } from "../log.js";
import { Signals } from "../telemetry/signals.js";
import type { Duration } from "../task/duration.js";
import { type EnqueueInputFor, type InputFor, type OutputFor, refOf, type StartInputFor, type Target } from "../task/ref.js";
import type { TaskRegistry } from "../task/registry.js";
import { checkName } from "../task/define.js";
import type { EventType, PayloadOf } from "../event/event.js";
import type { SignalType } from "../event/signal.js";
import { checkCanvasOptions, isCanvasOptions } from "./canvas.js";
import { emitOne } from "../event/emit.js";
import { StemEventClient } from "./event.js";
import { Ends } from "../telemetry/ends.js";
import type {
  CanvasHandle,
  CanvasOptions,
  EventClient,
  GroupHandle,
  JobHandle,
  ManyOptions,
  PayloadArgs,
  ScheduleClient,
  Signalled,
  TaskClient,
  WaitForOptions,
  WorkflowClient,
} from "./face.js";
import type { Emitted, EmitOptions } from "../event/emit.js";
import type { ClientDefaults, EnqueueOptions, SignatureOptions } from "../task/options.js";
import type { Signature } from "../canvas/signature.js";
import { AllOf, type HandleParts, LastOf } from "./handle.js";
import { healthOf, type StemHealth } from "./health.js";
import { uniqueIds } from "./ids.js";
import { deadLettersOf, type StemDeadLetters } from "./dead-letters.js";
import type { Cancelled } from "./job-filters.js";
import { cancelJobs, jobsOf, type StemJobs } from "./jobs.js";
import type { StemParts } from "./parts.js";
import { Producer } from "./producer.js";
import { Puts } from "./puts.js";
import { listQueues, pauseQueues } from "./queues.js";
import { StemScheduleClient } from "./schedule.js";
import { scheduleList, type ScheduleList } from "./schedules.js";
import { clientRef, StemTaskClient, StemWorkflowClient, type WorkflowClientDefaults } from "./task-client.js";
import { Waiter } from "./waiter.js";

/**
 * The one object a producer holds: enqueues jobs, waits for them, emits events, and asks and tells the store.
 * What cannot be right is refused before anything is written. Jobs that are enqueued at the same time travel
 * together, so there is no need to gather them.
 */
export class Stem implements Kit {
  readonly adapter: Adapter;
  readonly registry: TaskRegistry;
  readonly codec: Codec;
  readonly signals: Signals;
  readonly clock: Clock;
  readonly log: Log;
  /** Makes an id as `enqueue` does. */
  readonly ids: () => string;
  readonly maxPayloadBytes: number;
  /** By what payloads, results and events are checked and revived. */
  readonly definitions: Definitions;
  /** The schedules that are stored; one alone is `schedule(name)`. */
  readonly schedules: ScheduleList;
  readonly ends: Ends;
  readonly #producer: Producer;
  readonly #waiter: Waiter;
  readonly #handles: HandleParts;
  readonly #puts: Puts;

  constructor(parts: StemParts) {
    this.adapter = parts.adapter;
    this.registry = parts.registry;
    this.codec = parts.codec === undefined || parts.codec === jsonCodec ? jsonCodec : sound(parts.codec);
    this.log = parts.log === undefined ? silentLog : unfailing(parts.log);
    this.signals = parts.signals ?? new Signals((error, name) => this.log.error(`A listener of signal ${name} threw: ${String(error)}`));
    this.clock = parts.clock ?? systemClock;
    this.ids = parts.ids ?? uniqueIds();
    this.maxPayloadBytes = parts.maxPayloadBytes ?? MAX_PAYLOAD_BYTES;
    this.definitions = parts.definitions ?? new Definitions();
    this.schedules = scheduleList(this.adapter);
    this.ends = new Ends(this);
    const { jobs, hints } = this.adapter;
    this.jobs = jobsOf(this.adapter);
    this.counts = this.jobs.counts;
    this.#producer = new Producer(this);
    this.#waiter = new Waiter({ jobs, hints, clock: this.clock, log: this.log, registry: this.registry });
    this.#handles = { waiter: this.#waiter, stem: this };
    this.#puts = new Puts(this.#producer, this.#handles);
  }

  /**
   * Enqueues one job: `stem.enqueue(SendMail, { to }, { delay: "5m" })`. The payload may be left out where
   * the task takes none. When this returns, the job is stored, unless it is in a transaction of yours that is
   * yet to commit.
   *
   * @throws {UnknownTaskError} neither registered in this process nor given with its queue
   * @throws {PayloadError} `STEM_PAYLOAD_UNSERIALISABLE`, `STEM_PAYLOAD_TOO_LARGE`, `STEM_PAYLOAD_INVALID`
   * @throws {OptionError} an option is unknown or wrong
   */
  enqueue<const T extends Target>(
    target: T,
    ...args: PayloadArgs<EnqueueInputFor<T>, [options?: EnqueueOptions]>
  ): Promise<JobHandle<OutputFor<T>>>;
  enqueue(target: Target, payload?: unknown, options?: EnqueueOptions): Promise<JobHandle> {
    return this.#puts.put(target, payload, options, { as: "task" });
  }

  /**
   * Enqueues one job per payload, all or none, in one round trip. `options.id` is a prefix: `id-0`, `id-1`,
   * …; a function gives each its own options:
   * `stem.enqueueMany(Ship, orders, (order) => ({ id: order.id }))`. Each handle says whether it is a
   * `duplicate`.
   * @throws as `enqueue`
   */
  enqueueMany<const T extends Target>(
    target: T,
    payloads: readonly InputFor<T>[],
    options?: ManyOptions<InputFor<T>>,
  ): Promise<readonly JobHandle<OutputFor<T>>[]>;
  enqueueMany(target: Target, payloads: readonly unknown[], options?: ManyOptions<never>): Promise<readonly JobHandle[]> {
    return this.#puts.putMany(target, payloads, options);
  }

  /** Enqueues one job and waits for what it returns. @throws as `enqueue` and `JobHandle.result` */
  enqueueAndWait<const T extends Target>(
    target: T,
    ...args: PayloadArgs<InputFor<T>, [options?: EnqueueOptions & WaitForOptions]>
  ): Promise<OutputFor<T>>;
  enqueueAndWait(target: Target, payload?: unknown, options?: EnqueueOptions & WaitForOptions): Promise<unknown> {
    return this.#puts.putAndWait(target, payload, options);
  }

  /**
   * Starts a run of a workflow.
   * @throws as `enqueue`; {StemError} `STEM_NOT_A_WORKFLOW`: it is known to be a task
   */
  start<const T extends Target>(
    workflow: T,
    ...args: PayloadArgs<StartInputFor<T>, [options?: EnqueueOptions]>
  ): Promise<JobHandle<OutputFor<T>>>;
  start(workflow: Target, payload?: unknown, options?: EnqueueOptions): Promise<JobHandle> {
    return this.#puts.put(workflow, payload, options, { as: "workflow" });
  }

  /**
   * A typed client for a task by name; `defaults` tell a process that does not have the handler where its
   * jobs go.
   *
   * @throws {OptionError} `STEM_NAME_INVALID`, `STEM_OPTION_UNKNOWN`, `STEM_DURATION_INVALID`
   */
  task<I = unknown, O = unknown>(name: string, defaults: ClientDefaults = {}): TaskClient<I, O> {
    return new StemTaskClient<I, O>(this.#puts, clientRef(name, defaults, "task"));
  }

  /** As `task`, for a workflow, with the signals of type `S` on its handles. */
  workflow<I = unknown, O = unknown, S = {}>(name: string, defaults: WorkflowClientDefaults = {}): WorkflowClient<I, O, S> {
    return new StemWorkflowClient<I, O, S>(this.#puts, clientRef(name, defaults, "workflow"), defaults.signals);
  }

  /** A typed client for a kind of event. @throws {OptionError} `STEM_NAME_INVALID` */
  event<T = unknown>(event: EventType<T> | string): EventClient<T> {
    const name = typeof event === "string" ? event : event.name;
    checkName(name, "event name of a client");
    return new StemEventClient<T>(this, name);
  }

  /**
   * A client for a schedule, declared by `@Cron` or made by `TaskClient.schedule`; `defaults` tell a process
   * that does not have the handler where its jobs go.
   *
   * @throws {OptionError} `STEM_NAME_INVALID`, `STEM_OPTION_UNKNOWN`, `STEM_DURATION_INVALID`
   */
  schedule<O = unknown>(name: string, defaults: ClientDefaults = {}): ScheduleClient<O> {
    return new StemScheduleClient<O>(this.#producer, this.#handles, clientRef(name, defaults, "schedule"));
  }

  /**
   * A job to be, for `chain`, `group` and `chord`. Without a payload it gets what the jobs before it
   * returned.
   */
  signature<const T extends Target>(target: T, payload?: InputFor<T>, options?: SignatureOptions): Signature<InputFor<T>, OutputFor<T>>;
  signature(target: Target, payload?: unknown, options?: SignatureOptions): Signature {
    return signatureOf(refOf(target), payload, options);
  }

  /**
   * One job after the other, stored together. A signature without payload gets the result before it. Ends
   * early if one does not succeed.
   *
   * @throws {OptionError} `STEM_CANVAS_INVALID`; and as `enqueue`
   */
  chain<S extends readonly Signature[]>(...signatures: S): Promise<CanvasHandle<LastOutput<S>>>;
  chain<S extends readonly Signature[]>(
    ...args: readonly [...S, CanvasOptions & { readonly result?: never }]
  ): Promise<CanvasHandle<LastOutput<S>>>;
  async chain(...args: readonly (Signature | CanvasOptions)[]): Promise<CanvasHandle<unknown>> {
    const last = args.at(-1);
    const options = isCanvasOptions(last) ? last : {};
    const signatures = (last === options ? args.slice(0, -1) : args) as readonly Signature[];
    return new LastOf(this.#handles, await this.#puts.canvas((id) => chainOf(id, signatures), options));
  }

  /** Jobs side by side, stored together. @throws as `chain` */
  group<O>(signatures: readonly Signature<unknown, O>[], options?: CanvasOptions): Promise<GroupHandle<O>>;
  async group(signatures: readonly Signature[], options: CanvasOptions = {}): Promise<GroupHandle<unknown>> {
    checkCanvasOptions(options);
    const id = options.id ?? this.ids();
    return new AllOf(
      id,
      await this.#puts.canvas((canvasId) => groupOf(canvasId, signatures), { ...options, id }, options.id !== undefined),
    );
  }

  /**
   * Jobs side by side, then one with the list of their results, stored together. Without members the callback
   * runs at once, with an empty list.
   *
   * @throws as `chain`
   */
  chord<O>(signatures: readonly Signature[], callback: Signature<unknown, O>, options?: CanvasOptions): Promise<CanvasHandle<O>>;
  async chord(signatures: readonly Signature[], callback: Signature, options: CanvasOptions = {}): Promise<CanvasHandle<unknown>> {
    return new LastOf(this.#handles, await this.#puts.canvas((id) => chordOf(id, signatures, callback), options));
  }

  /**
   * The handle of a job that was enqueued by anybody, by its id.
   * @throws {OptionError} `STEM_OPTION_INVALID`: no id a job can have
   */
  handle<O = unknown>(id: string): JobHandle<O> {
    return this.#puts.handleOf(id) as JobHandle<O>;
  }

  /**
   * Tells all workflow runs that wait for this event, now or later.
   *
   * @param key what it is about, such as an order id; `""` for nothing in particular
   * @returns `duplicate`: an event of this id was stored already and nothing happened; `woken`: ids of the
   *   runs that go on
   * @throws {PayloadError} as `enqueue`
   */
  async emit<T>(event: EventType<T> | string, key: string, payload?: T, options?: EmitOptions): Promise<Emitted> {
    return this.#producer.answer(() => emitOne(this, typeof event === "string" ? event : event.name, key, payload, options));
  }

  /**
   * Tells one run something: `stem.signal(run.id, ProcessOrder.approved, { by: "ada" })`. The run gets it
   * where it waits for it (`ctx.waitForSignal`), now or later, each signal once and in the order they were
   * sent. It is kept for 7 days (`keep`) for a run that asks later. `options.id`, unique in the run, makes
   * repeating it harmless.
   *
   * @returns `as: "ended"` if the run had ended: nothing was stored, as nobody will ask. It may also end
   *   after this call without having asked
   * @throws {UnknownJobError} nothing is stored under the id (any more), unless the call is in a transaction,
   *   which may be the one that starts the run
   * @throws {StemError} `STEM_NOT_A_WORKFLOW`: the id is of a job that is not a run
   * @throws {PayloadError} as `enqueue`
   */
  signal<S extends SignalType>(runId: string, signal: S, ...args: PayloadArgs<PayloadOf<S>, [options?: EmitOptions]>): Promise<Signalled>;
  signal(runId: string, signal: SignalType, payload?: unknown, options?: EmitOptions): Promise<Signalled> {
    return this.#puts.signal(runId, signal, payload, options);
  }

  /** Ends unfinished jobs at once and says of each whether it was this call. */
  cancel(ids: readonly string[] | string, reason = "cancelled"): Promise<readonly Cancelled[]> {
    return this.ends.of(cancelJobs(this.adapter, ids, reason));
  }

  /** Stops lending jobs of these queues to any worker, until `resume`. What runs goes on. */
  async pause(queues: readonly string[] | string): Promise<void> {
    return pauseQueues(this.adapter, queues, true);
  }

  async resume(queues: readonly string[] | string): Promise<void> {
    return pauseQueues(this.adapter, queues, false);
  }

  /** Every queue that holds a job or is paused, by name. */
  queues(): Promise<readonly QueueInfo[]> {
    return listQueues(this.adapter);
  }

  /**
   * Whether the store answers, and what is on it; for health checks. Never rejects: a store that does not
   * answer is an answer, with its reason.
   *
   * @param options.timeout how long to wait; default: as long as the adapter itself does (`connectTimeoutMs`
   *   on servers)
   * @throws {OptionError} `STEM_DURATION_INVALID`
   */
  health(options: { readonly timeout?: Duration } = {}): Promise<StemHealth> {
    return healthOf(this.adapter, this.clock, options.timeout);
  }

  /** Jobs that failed for good: to list, to retry, to purge. */
  get deadLetters(): StemDeadLetters {
    return deadLettersOf(this.adapter);
  }

  /** Jobs that are stored: to list (also as `stem.jobs(filter)`), to look at, to count, to remove. */
  readonly jobs: StemJobs;
  readonly counts: StemJobs["counts"];

  /**
   * Answers the calls made so far, then ends waits and refuses calls with `STEM_CLOSED`. Does not close the
   * adapter.
   */
  async close(): Promise<void> {
    await this.#producer.close();
    this.#waiter.close();
    this.ends.close();
  }

  /**
   * The job that `enqueue` would store, checked and encoded; stores nothing. For those who store it
   * themselves, such as a beat.
   * @throws as `enqueue`
   */
  async draft(target: Target, payload?: unknown, options?: EnqueueOptions): Promise<NewJob> {
    return this.#producer.draft(refOf(target), { value: payload }, options);
  }

  /** As `draft`, of a payload that `draft` has encoded earlier. */
  async draftEncoded(target: Target, payload: string, options?: EnqueueOptions): Promise<NewJob> {
    return this.#producer.draft(refOf(target), { text: payload }, options);
  }
}
