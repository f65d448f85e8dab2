import { LOG_LINES, PAGE, Portion, type At, type Note, type Noted } from "../../contract/index.js";
import type { Shard, Store } from "./store.js";

/** A note as lua/common/notes.lua reads it. */
export function noteArgs({ state, log = [] }: Note): Note {
  return { ...(state !== undefined && { state }), ...(log.length > 0 && { log: log.slice(-LOG_LINES) }) };
}

type Reply = readonly [at: string, state: string | null, ...lines: string[]] | readonly [];

/** What jobs have noted, all of one shard; undefined: nothing. */
export async function notedBy(
  store: Store,
  shard: Shard,
  ids: readonly string[],
  options: At | undefined,
): Promise<readonly (Noted | undefined)[]> {
  const found: (Noted | undefined)[] = [];
  const portion = new Portion();
  while (found.length < ids.length) {
    const part = ids.slice(found.length, found.length + portion.of(PAGE));
    const replies = (await store.run("notes", shard, part, options)) as unknown as Reply[];
    portion.came(
      part.length,
      replies.flat().reduce((bytes, text) => bytes + (text?.length ?? 0), 0),
    );
    found.push(...replies.map(notedIn));
  }
  return found;
}

function notedIn([at, state, ...lines]: Reply): Noted | undefined {
  if (at === undefined) return undefined;
  return { ...(state !== null && state !== undefined && { state }), at: Number(at), log: lines.map(lineOf) };
}

function lineOf(text: string): Noted["log"][number] {
  const colon = text.indexOf(":");
  return { at: Number(text.slice(0, colon)), line: text.slice(colon + 1) };
}
