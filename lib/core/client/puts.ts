import { refOf, type Target } from "../task/ref.js";
import { isBrief, LEAST_KEEP_MS, storedAs, TOKEN_HEADER } from "../job/answers.js";
import type { CanvasOptions, JobHandle, ManyOptions, ScheduleClient, Signalled, WaitForOptions } from "./face.js";
import type { EmitOptions } from "../event/emit.js";
import type { EnqueueOptions, ScheduleOptions } from "../task/options.js";
import { Handle, type HandleParts } from "./handle.js";
import { checkText } from "../../contract/text.js";
import type { Met } from "../../contract/met.js";
import type { MetById } from "./coalescer.js";
import type { Node } from "../canvas/draw.js";
import { checkCanvasOptions, storeCanvas } from "./canvas.js";
import { putEach } from "./each.js";
import { StemScheduleClient, storePlan } from "./schedule.js";
import { signalOne, SignallingHandle } from "./signal.js";
import type { SignalType } from "../event/signal.js";
import type { Draft } from "./draft.js";
import type { Producer } from "./producer.js";
import { type Enqueuer, refAs } from "./task-client.js";
import { waitApart } from "./waiter.js";

/** Stores jobs and returns their handles, untyped: the basis of `Stem` and the typed clients. */
export class Puts implements Enqueuer {
  readonly #producer: Producer;
  readonly #handles: HandleParts;

  constructor(producer: Producer, handles: HandleParts) {
    this.#producer = producer;
    this.#handles = handles;
  }

  /** @param how `keepMs`: keep the record so long at least */
  put(
    target: Target,
    payload: unknown,
    options?: EnqueueOptions,
    { as, keepMs = 0 }: { readonly as?: "task" | "workflow" | undefined; readonly keepMs?: number } = NO_WISHES,
  ): Promise<JobHandle> {
    return this.#producer.answer(async () => {
      const drafting = this.#producer.draft(refAs(target, this.#producer.parts.registry, as), { value: payload }, options);
      const draft = drafting instanceof Promise ? await drafting : drafting;
      if (draft.keepResultMs! < keepMs) draft.keepResultMs = keepMs;
      if (draft.keepFailedMs! < keepMs) draft.keepFailedMs = keepMs;
      const named = this.#mark([draft], options);
      const met = await this.#producer.send([draft], named, options?.transaction);
      return this.#handleOf(draft, met, named, options?.transaction);
    });
  }

  putMany(target: Target, payloads: readonly unknown[], options?: ManyOptions<never>): Promise<readonly JobHandle[]> {
    if (typeof options === "function") return putEach(this.#producer, this.#handles, target, payloads, options);
    return this.#producer.answer(async () => {
      const drafting = this.#producer.drafts(refOf(target), payloads, options);
      const drafts = drafting instanceof Promise ? await drafting : drafting;
      const named = this.#mark(drafts, options);
      return this.#handlesOf(drafts, await this.#producer.send(drafts, named, options?.transaction), named, options?.transaction);
    });
  }

  async putAndWait(target: Target, payload: unknown, options: EnqueueOptions & WaitForOptions = {}): Promise<unknown> {
    const { wait, rest } = waitApart(options);
    // Under a new id the record conflicts with no other job, so it is kept until it has been read.
    return (await this.put(target, payload, rest, { keepMs: rest.id === undefined ? LEAST_KEEP_MS : 0 })).result(wait);
  }

  /** Stores a canvas. @throws {OptionError} `STEM_CANVAS_INVALID`; and as `Stem.enqueue` */
  async canvas(draw: (id: string) => readonly Node[], options: CanvasOptions, ownId?: boolean): Promise<readonly JobHandle[]> {
    const named = ownId ?? options.id !== undefined;
    checkCanvasOptions(options);
    return this.#producer.answer(async () => {
      const id = options.id ?? this.#producer.parts.ids();
      const { drafts, met } = await storeCanvas(this.#producer, draw(id), named, options.transaction);
      return this.#handlesOf(drafts, met, named, options.transaction);
    });
  }

  async plan(target: Target, name: string, cron: string, payload: unknown, options?: ScheduleOptions): Promise<ScheduleClient> {
    await this.#producer.answer(() => storePlan(this.#producer, refOf(target), { name, cron, payload, options }));
    return new StemScheduleClient(this.#producer, this.#handles, { name });
  }

  handleOf(id: string, task?: string): JobHandle {
    checkText(id, "The id of the job asked for");
    return new Handle(this.#handles, id, "stored", undefined, task);
  }

  runHandle(job: JobHandle, signals: Readonly<Record<string, string>>): JobHandle {
    return new SignallingHandle(this.#handles, job, this, signals);
  }

  signal(runId: string, signal: SignalType, payload?: unknown, options?: EmitOptions): Promise<Signalled> {
    return this.#producer.answer(() => signalOne(this.#producer.parts, runId, signal, payload, options));
  }

  /** Of jobs that have just been stored, or will be once a transaction commits. */
  #handlesOf(drafts: readonly Draft[], met: MetById, named: boolean, transaction: unknown): readonly JobHandle[] {
    return drafts.map((draft) => this.#handleOf(draft, met, named, transaction));
  }

  #handleOf(draft: Draft, met: MetById, named: boolean, transaction: unknown): JobHandle {
    const { as = "stored", existing = draft.id } = met.get(draft.id) ?? NO_WISHES;
    return new Handle(this.#handles, existing, as, transaction === undefined ? storedAs(draft, as !== "stored", !named) : undefined);
  }

  /**
   * Marks jobs with chosen ids whose records may soon be gone, so that their ends can be identified.
   * Returns whether ids were chosen.
   */
  #mark(drafts: readonly Draft[], options: EnqueueOptions | undefined): boolean {
    if (options === undefined) return false;
    if (drafts.length > 0 && options.id !== undefined && isBrief(drafts[0]!)) {
      const token = this.#producer.parts.ids();
      for (const draft of drafts) draft.headers = { ...draft.headers, [TOKEN_HEADER]: token };
    }
    return options.id !== undefined;
  }
}

const NO_WISHES: { readonly [K in keyof Met]?: undefined } = {};
