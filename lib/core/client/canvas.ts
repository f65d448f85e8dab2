import { checkText } from "../../contract/text.js";
import type { Node } from "../canvas/draw.js";
import { refuseUnknown } from "../task/define.js";
import type { MetById } from "./coalescer.js";
import type { CanvasOptions } from "./face.js";
import type { Draft } from "./draft.js";
import type { Payload, Producer } from "./producer.js";

const KNOWN = ["id", "transaction"] as const satisfies readonly (keyof CanvasOptions)[];

/** Longest canvas id, so that the ids of its jobs stay within 200 characters. */
const LONGEST_ID = 180;

/** @throws {OptionError} `STEM_OPTION_UNKNOWN`, `STEM_OPTION_INVALID` */
export function checkCanvasOptions(options: CanvasOptions): void {
  refuseUnknown(options, KNOWN, "of a canvas");
  if (options.id !== undefined) checkText(options.id, "The id of a canvas", LONGEST_ID);
}

/**
 * Stores the jobs of a canvas, all or none, and says which they are and which of them were stored already. A
 * canvas whose id was used before is a duplicate as a whole: should part of it have been forgotten meanwhile,
 * what would wait for ever for the part that ended long ago is cancelled.
 */
export async function storeCanvas(
  producer: Producer,
  nodes: readonly Node[],
  named: boolean,
  transaction: unknown,
): Promise<{ readonly drafts: readonly Draft[]; readonly met: MetById }> {
  const drafts: Draft[] = [];
  for (const place of nodes) {
    const { signature, link, waitsFor, group } = place;
    const draft = await producer.draft(signature.ref, payloadFor(place), signature.options, place.id, ["onFailure"]);
    if (link !== undefined) draft.links = [link];
    if (waitsFor !== undefined) draft.waitsFor = waitsFor;
    if (group !== undefined) draft.group = group;
    drafts.push(draft);
  }
  if (!named) route(producer, drafts);
  const met = await producer.send(drafts, named, transaction);
  if (met.size > 0 && met.size < drafts.length && transaction === undefined) await cancelStranded(producer, drafts, met);
  return { drafts, met };
}

/** Ids of our making tell where their jobs are, as those of single jobs do. */
function route(producer: Producer, drafts: readonly Draft[]): void {
  const { adapter } = producer.parts;
  if (adapter.routedId === undefined) return;
  const ids = new Map(drafts.map(({ id, queue }) => [id, adapter.routedId!(id, queue)]));
  for (const draft of drafts) {
    draft.id = ids.get(draft.id) ?? draft.id;
    if (draft.links !== undefined) draft.links = draft.links.map((link) => ({ ...link, to: ids.get(link.to) ?? link.to }));
  }
}

function payloadFor({ signature, from, waitsFor }: Node): Payload {
  if ("value" in signature.payload) return signature.payload;
  if (from === undefined) return { value: undefined };
  return waitsFor === undefined ? { value: [] } : { from };
}

async function cancelStranded(producer: Producer, drafts: readonly Draft[], met: MetById): Promise<void> {
  const stranded = new Set<string>();
  for (const { id, links } of drafts)
    for (const { to } of links ?? []) if ((met.has(id) || stranded.has(id)) && !met.has(to)) stranded.add(to);
  if (stranded.size > 0)
    await producer.parts.adapter.jobs.change(
      { ids: [...stranded] },
      { to: "cancelled", reason: "its canvas was enqueued before, and has ended" },
    );
}

/**
 * A plain object that is no signature. Handles, promises and clients are not plain; they are left to the
 * canvas to refuse by name.
 */
export function isCanvasOptions(last: unknown): last is CanvasOptions {
  return typeof last === "object" && last !== null && Object.getPrototypeOf(last) === Object.prototype && !("ref" in last);
}
