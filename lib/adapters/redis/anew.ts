import type { NewLife } from "../../contract/index.js";
import { json } from "./connect/json.js";

/** A new life as lua/common/anew.lua reads it. Headers are a text that it need not parse. */
export function newLifeArgs({ as, payload, headers }: NewLife): object {
  return { as, payload, length: payload.length, ...(headers !== undefined && { headers: json(headers) }) };
}
