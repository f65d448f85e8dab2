import { createHash } from "node:crypto";
import type { Hint } from "../../../contract/index.js";

/**
 * Names of the channels of a schema, one per kind of hint. A digest, since a channel's name has at most 63
 * bytes.
 */
export function channelOf(schema: string, kind: Hint["kind"]): string {
  return `stem_${createHash("sha1").update(schema).digest("hex").slice(0, 16)}_${kind}`;
}

/** Length of what stands before the names of a payload: who says it. */
export const TAG = 8;

/**
 * Stands for nobody: a message that goes out at the commit of a caller's transaction, and that everybody is
 * to hear.
 */
export const NOBODY = "--------";
