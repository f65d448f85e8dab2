import { refOf, type Target } from "../task/ref.js";
import { isBrief, LEAST_KEEP_MS, storedAs, TOKEN_HEADER } from "./answers.js";
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
  async one(
    target: Target,
    payload: unknown,
    options: EnqueueOptions | undefined,
    { as, keepMs = 0 }: { readonly as?: "task" | "workflow" | undefined; readonly keepMs?: number } = {},
  ): Promise<JobHandle> {
    return this.#producer.answer(async () => {
      const draft = await this.#producer.draft(refAs(target, this.#producer.parts.registry, as), { value: payload }, options);
      if (draft.keepResultMs! < keepMs) draft.keepResultMs = keepMs;
      if (draft.keepFailedMs! < keepMs) draft.keepFailedMs = keepMs;
      return (await this.#store([draft], options))[0]!;
    });
  }

  async many(target: Target, payloads: readonly unknown[], options: EnqueueOptions | undefined): Promise<readonly JobHandle[]> {
    return this.#producer.answer(async () => this.#store(await this.#producer.drafts(refOf(target), payloads, options), options));
  }

  async andWait(target: Target, payload: unknown, options: EnqueueOptions & WaitForOptions = {}): Promise<unknown> {
    const { wait, rest } = waitApart(options);
    // Under an id of ours the record is in nobody's way, so it is kept until it has been read.
    return (await this.one(target, payload, rest, { keepMs: rest.id === undefined ? LEAST_KEEP_MS : 0 })).result(wait);
  }

  /** Of jobs that have just been stored, or are to be once a transaction commits. */
  handlesOf(drafts: readonly Draft[], duplicates: ReadonlySet<string>, named: boolean, transaction: unknown): readonly JobHandle[] {
    return drafts.map((draft) => {
      const duplicate = duplicates.has(draft.id);
      return new Handle(this.#handles, draft.id, duplicate, transaction === undefined ? storedAs(draft, duplicate, !named) : undefined);
    });
  }

  async #store(drafts: readonly Draft[], { id, transaction }: EnqueueOptions = {}): Promise<readonly JobHandle[]> {
    const named = id !== undefined;
    const [first] = drafts;
    if (named && first !== undefined && isBrief(first)) {
      const token = this.#producer.parts.ids();
      for (const draft of drafts) draft.headers = { ...draft.headers, [TOKEN_HEADER]: token };
    }
    return this.handlesOf(drafts, await this.#producer.send(drafts, named, transaction), named, transaction);
  }
}
