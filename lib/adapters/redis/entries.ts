import type { Entry, NewEntry } from "../../contract/index.js";
import { json } from "./connect/json.js";

/** Entries as scripts return them, in order. */
export function entriesFrom(texts: readonly string[]): Entry[] {
  return texts.map(entryOf).sort((a, b) => a.seq - b.seq);
}

/** Entries for the scripts: number, and the rest as text that they need not parse. */
export function entryArgs(entries: readonly NewEntry[]): readonly (readonly [number, string])[] {
  return entries.map((entry) => [entry.seq, json(entry)]);
}

function entryOf(text: string): Entry {
  const colon = text.indexOf(":");
  return { ...(JSON.parse(text.slice(colon + 1)) as NewEntry), at: Number(text.slice(0, colon)) };
}
