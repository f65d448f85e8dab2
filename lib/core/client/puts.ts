import { refOf, type Target } from "../task/ref.js";
import { isMarked, LEAST_KEEP_MS, storedAs, TOKEN_HEADER } from "./answers.js";
import type { EnqueueOptions, JobHandle, WaitForOptions } from "./face.js";
import { Handle, type HandleParts } from "./handle.js";
import type { Draft } from "./plan.js";
import type { Producer } from "./producer.js";
import { refAs } from "./task-client.js";
import { waitApart } from "./waiter.js";

/** Stores jobs and gives their handles. */
export class Puts {
  readonly #producer: Producer;
  readonly #handles: HandleParts;

  constructor(producer: Producer, handles: HandleParts) {
    this.#producer = producer;
    this.#handles = handles;
  }

  /** @param how `keepMs`: keep the record so long at least */
  one(
    target: Target,
    payload: unknown,
    options: EnqueueOptions | undefined,
    { as, keepMs = 0 }: { readonly as?: "task" | "workflow" | undefined; readonly keepMs?: number } = NO_WISHES,
  ): Promise<JobHandle> {
    return this.#producer.answer(async () => {
      const drafting = this.#producer.draft(refAs(target, this.#producer.parts.registry, as), { value: payload }, options);
      const draft = drafting instanceof Promise ? await drafting : drafting;
      if (draft.keepResultMs! < keepMs) draft.keepResultMs = keepMs;
      if (draft.keepFailedMs! < keepMs) draft.keepFailedMs = keepMs;
      const named = this.#mark([draft], options);
      const duplicates = await this.#producer.send([draft], named, options?.transaction);
      return this.#handleOf(draft, duplicates, named, options?.transaction);
    });
  }

  many(target: Target, payloads: readonly unknown[], options: EnqueueOptions | undefined): Promise<readonly JobHandle[]> {
    return this.#producer.answer(async () => {
      const drafting = this.#producer.drafts(refOf(target), payloads, options);
      const drafts = drafting instanceof Promise ? await drafting : drafting;
      const named = this.#mark(drafts, options);
      return this.handlesOf(drafts, await this.#producer.send(drafts, named, options?.transaction), named, options?.transaction);
    });
  }

  async andWait(target: Target, payload: unknown, options: EnqueueOptions & WaitForOptions = {}): Promise<unknown> {
    const { wait, rest } = waitApart(options);
    // Under an id of ours the record is in nobody's way, so it is kept until it has been read.
    return (await this.one(target, payload, rest, { keepMs: rest.id === undefined ? LEAST_KEEP_MS : 0 })).result(wait);
  }

  /** Of jobs that have just been stored, or are to be once a transaction commits. */
  handlesOf(drafts: readonly Draft[], duplicates: ReadonlySet<string>, named: boolean, transaction: unknown): readonly JobHandle[] {
    return drafts.map((draft) => this.#handleOf(draft, duplicates, named, transaction));
  }

  #handleOf(draft: Draft, duplicates: ReadonlySet<string>, named: boolean, transaction: unknown): JobHandle {
    const duplicate = duplicates.has(draft.id);
    return new Handle(this.#handles, draft.id, duplicate, transaction === undefined ? storedAs(draft, duplicate, !named) : undefined);
  }

  /** Marks the jobs of a call that are to be told apart at their ends (`isMarked`); says whether their ids were chosen. */
  #mark(drafts: readonly Draft[], options: EnqueueOptions | undefined): boolean {
    if (options === undefined) return false;
    if (drafts.length > 0 && isMarked(drafts[0]!, options)) {
      const token = this.#producer.parts.ids();
      for (const draft of drafts) draft.headers = { ...draft.headers, [TOKEN_HEADER]: token };
    }
    return options.id !== undefined;
  }
}

const NO_WISHES = {};
