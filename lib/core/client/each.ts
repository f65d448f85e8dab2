import { OptionError } from "../../contract/errors.js";
import { refOf, type Target } from "../task/ref.js";
import { isBrief, storedAs, TOKEN_HEADER } from "../job/answers.js";
import type { EnqueueOptions } from "../task/options.js";
import type { JobHandle, OptionsOfEach } from "./face.js";
import { Handle, type HandleParts } from "./handle.js";
import type { Draft } from "./draft.js";
import type { Producer } from "./producer.js";

/**
 * Stores one job per payload, all or none, each with the options that a function gives it.
 * The handle of a job says whether its id was known: in the store, or from an earlier payload of the same
 * call.
 *
 * @throws as `Stem.enqueue`; {OptionError} `STEM_OPTION_INVALID`: the options are a promise, or name more
 * than one transaction
 */
export async function putEach(
  producer: Producer,
  handles: HandleParts,
  target: Target,
  payloads: readonly unknown[],
  optionsOf: OptionsOfEach<never>,
): Promise<readonly JobHandle[]> {
  const ref = refOf(target);
  const of = `of a job of task "${ref.name}"`;
  if (!Array.isArray(payloads)) refuse(`enqueueMany of task "${ref.name}" got no list of payloads.`, "Give an array, one payload per job.");
  const list: readonly unknown[] = payloads;
  return producer.answer(async () => {
    const token = producer.parts.ids();
    const transactions = new Set<unknown>();
    /** By id; for several with one id the first, as in the store. */
    const first = new Map<string, Draft>();
    const chosen = new Set<string>();
    const drafts: Draft[] = [];
    for (const [index, value] of list.entries()) {
      const options = optionsOf(value as never, index);
      if (isThenable(options)) refuse(`The options ${of} are a promise.`, "Give a function that is not async.");
      const drafting = producer.draft(ref, { value }, options);
      const draft = drafting instanceof Promise ? await drafting : drafting;
      transactions.add(options?.transaction);
      if (options?.id !== undefined) chosen.add(draft.id);
      if (options?.id !== undefined && isBrief(draft)) draft.headers = { ...draft.headers, [TOKEN_HEADER]: token };
      if (!first.has(draft.id)) first.set(draft.id, draft);
      drafts.push(draft);
    }
    if (transactions.size > 1)
      refuse(`The options ${of} name more than one transaction.`, "Jobs of one call are stored together: name the same for each.");
    const [transaction] = transactions;
    const met = await producer.send([...first.values()], chosen.size > 0, transaction);
    const metBy = ({ id }: Draft, isFirst: boolean) =>
      met.get(id) ?? { as: isFirst ? ("stored" as const) : ("known" as const), existing: id };
    return drafts.map((draft) => {
      const ours = !chosen.has(draft.id);
      const { as, existing } = metBy(draft, first.get(draft.id) === draft);
      // An id of our own can be known only from an earlier try of this call.
      const how = ours && as === "known" ? "stored" : as;
      return new Handle(handles, existing, how, transaction === undefined ? storedAs(draft, how !== "stored", ours) : undefined);
    });
  });
}

function isThenable(options: EnqueueOptions | undefined): boolean {
  return typeof options === "object" && options !== null && typeof (options as { then?: unknown }).then === "function";
}

function refuse(what: string, hint: string): never {
  throw new OptionError("STEM_OPTION_INVALID", what, hint);
}
