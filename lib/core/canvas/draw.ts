import type { Link } from "../../contract/job.js";
import { OptionError } from "../../contract/errors.js";
import type { Signature } from "./signature.js";
import { OPTIONS, SIGNATURE_OPTIONS } from "../task/options.js";
import { kindOf } from "../kind-of.js";
import { refuseUnknown } from "../task/define.js";

/**
 * The place of one signature in a canvas: its id, what waits for it, what it waits for.
 * Its payload does not matter here.
 */
export interface Node {
  readonly id: string;
  readonly signature: Signature;
  /**
   * The payload of a signature without one: the one result before it, or the list of all.
   * Absent: nothing comes before it.
   */
  readonly from?: "one" | "all";
  readonly link?: Link;
  readonly waitsFor?: number;
  readonly group?: string;
}

/**
 * One after the other: `<canvasId>-0` to `-<n-1>`.
 *
 * @throws {OptionError} `STEM_CANVAS_INVALID`: no signatures, or something that is not a signature
 */
export function chainOf(canvasId: string, signatures: readonly Signature[]): readonly Node[] {
  if (signatures.length === 0) {
    throw new OptionError("STEM_CANVAS_INVALID", "A chain without jobs has no result.", "Give chain() at least one signature.");
  }
  checkSignatures(signatures, "of the chain");
  return signatures.map((signature, i) => ({
    id: `${canvasId}-${i}`,
    signature,
    ...(i > 0 && { from: "one" as const, waitsFor: 1 }),
    ...(i < signatures.length - 1 && { link: linkTo(`${canvasId}-${i + 1}`, 0, signature) }),
  }));
}

/**
 * Side by side: `<canvasId>-0` to `-<n-1>`.
 * @throws {OptionError} `STEM_CANVAS_INVALID`: something that is not a signature
 */
export function groupOf(canvasId: string, signatures: readonly Signature[]): readonly Node[] {
  checkSignatures(signatures, "of the group");
  return signatures.map((signature, i) => ({ id: `${canvasId}-${i}`, signature, group: canvasId }));
}

/**
 * Side by side, then the callback with all their results in order.
 * Members are `<canvasId>-0` to `-<n-1>`, the callback is `-<n>`. Without members the callback waits for
 * nothing.
 *
 * @throws {OptionError} `STEM_CANVAS_INVALID`: something that is not a signature
 */
export function chordOf(canvasId: string, signatures: readonly Signature[], callback: Signature): readonly Node[] {
  checkSignatures(signatures, "of the chord");
  checkSignature(callback, "The callback of the chord");
  const count = signatures.length;
  const last = `${canvasId}-${count}`;
  const nodes: Node[] = signatures.map((signature, i) => ({
    id: `${canvasId}-${i}`,
    signature,
    group: canvasId,
    link: linkTo(last, i, signature),
  }));
  nodes.push({ id: last, signature: callback, from: "all", ...(count > 0 && { waitsFor: count }) });
  return nodes;
}

function linkTo(to: string, position: number, { options }: Signature): Link {
  return options.onFailure === undefined ? { to, position } : { to, position, onFailure: options.onFailure };
}

function checkSignatures(signatures: readonly unknown[], of: string): void {
  if (!Array.isArray(signatures)) {
    throw new OptionError("STEM_CANVAS_INVALID", `The signatures ${of} are not a list.`, "Give them as one array: [first, second].");
  }
  signatures.forEach((signature, i) => checkSignature(signature, `Element ${i} ${of}`));
}

/** Names the likely mistakes: enqueueing first, and forgetting `.signature()`. */
function checkSignature(given: unknown, what: string): void {
  if (Array.isArray(given) && what.endsWith(" of the chain"))
    refuse(`${what} is a list`, "chain() takes its signatures side by side: chain(first, second), or chain(...list).");
  if (typeof given === "object" && given !== null) {
    if ("ref" in given && "payload" in given && "options" in given) return checkOptions(given as Signature, what);
    if ("then" in given) refuse(`${what} is a promise, perhaps of a job that is enqueued already`);
    if ("result" in given || "results" in given) refuse(`${what} is the handle of a job that is enqueued already`);
    if ("signature" in given) refuse(`${what} is a task client`);
  }
  refuse(`${what} is ${kindOf(given)}`);
}

function checkOptions({ options, ref }: Signature, what: string): void {
  refuseUnknown(options, SIGNATURE_OPTIONS, `of a signature of task "${ref.name}"`);
  if (options.onFailure !== undefined) OPTIONS.onFailure.parse(options.onFailure, what);
}

function refuse(what: string, hint = "Give task.signature(payload), or stem.signature(task, payload)."): never {
  throw new OptionError("STEM_CANVAS_INVALID", `${what}, not a signature.`, hint);
}
