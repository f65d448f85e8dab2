import { createHash } from "node:crypto";
import type { Hint } from "../../../contract/index.js";

/**
 * Names of the channels of a schema, one per kind of hint.
 * A digest, since a channel's name has at most 63 bytes.
 */
export function channelOf(schema: string, kind: Hint["kind"]): string {
  return `stem_${createHash("sha1").update(schema).digest("hex").slice(0, 16)}_${kind}`;
}

/** Length of the sender's tag before the names of a payload. */
export const TAG = 8;

/** The tag of no sender: a message at the commit of a caller's transaction, which every process reads. */
export const NOBODY = "--------";
