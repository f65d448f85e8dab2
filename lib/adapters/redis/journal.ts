import type { At, Entry, Journal, NewEntry } from "../../contract/index.js";
import type { Store } from "./store.js";

export function journal(store: Store): Journal {
  return {
    read: async (runIds, options) => {
      if (runIds.length === 0) return (store.live(), []);
      const answers = (await store.run("journals", store.home, runIds, options)) as string[][];
      return answers.map((pairs) => {
        const entries: Entry[] = [];
        for (let i = 1; i < pairs.length; i += 2) entries.push(entryOf(pairs[i]!));
        return entries.sort((a, b) => a.seq - b.seq);
      });
    },
    append: async (writes, options?: At) => {
      if (writes.length === 0) return (store.live(), { lost: [] });
      const args: (string | number)[] = [];
      for (const { lease, entries } of writes) args.push(lease.jobId, lease.fence, JSON.stringify(entriesOf(entries)));
      return { lost: (await store.run("append", store.home, args, options)) as string[] };
    },
  };
}

/** Entries as the scripts take them: number, and the rest as text they need not look into. */
export function entriesOf(entries: readonly NewEntry[]): readonly (readonly [number, string])[] {
  return entries.map((entry) => [entry.seq, JSON.stringify(entry)]);
}

function entryOf(text: string): Entry {
  const colon = text.indexOf(":");
  return { ...(JSON.parse(text.slice(colon + 1)) as NewEntry), at: Number(text.slice(0, colon)) };
}
