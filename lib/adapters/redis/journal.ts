import { carries, checkAlong, saysSomething, withEnded } from "../../contract/index.js";
import type { At, Ended, Entry, Journal, JournalWrite, Self } from "../../contract/index.js";
import { alongArgs } from "./along.js";
import type { Reply } from "./connect/driver.js";
import { json } from "./connect/json.js";
import { entriesFrom, entryArgs } from "./entries.js";
import { placeLeases } from "./lease.js";
import { noteArgs } from "./notes.js";
import { rewrite } from "./rewrite.js";
import type { Shard, Store } from "./store.js";

export function journal(store: Store, self: Self): Journal {
  return {
    read: async (reads, options) => {
      const found: Entry[][] = reads.map(() => []);
      const ids = reads.map(({ id }) => id);
      for (const [shard, part] of await store.place(ids, options)) {
        const args = part.flatMap((i) => [ids[i]!, reads[i]!.after ?? 0]);
        const answers = (await store.run("journals", shard, args, options)) as string[][];
        part.forEach((i, k) => (found[i] = entriesFrom(answers[k]!)));
      }
      return found;
    },
    append: async (writes, options?: At) => {
      checkAlong(writes, self);
      const lost: string[] = [];
      const ended: Ended[] = [];
      const left = new Set(writes.keys());
      for (const [shard, part] of await placeLeases(store, writes, options)) {
        const some = part.map((i) => writes[i]!);
        for (const i of part) left.delete(i);
        if (some.some(carries)) {
          const told = await appendAlong(store, shard, some, options);
          lost.push(...told.lost);
          ended.push(...told.ended);
        } else {
          const args = some.flatMap(({ lease, journal: entries = [] }) => [lease.jobId, lease.fence, json(entryArgs(entries))]);
          lost.push(...((await store.run("append", shard, args, options)) as string[]));
        }
      }
      for (const i of left) lost.push(writes[i]!.lease.jobId);
      return withEnded({ lost }, ended);
    },
    rewrite: (runId, how, options) => rewrite(store, runId, how, options),
  };
}

/** Writes of runs that are all in one shard, where more than entries travels along. */
async function appendAlong(
  store: Store,
  shard: Shard,
  writes: readonly JournalWrite[],
  options: At | undefined,
): Promise<{ readonly lost: readonly string[]; readonly ended: readonly Ended[] }> {
  const args: (string | number)[] = [];
  for (const write of writes) {
    const { lease, journal: entries = [], note } = write;
    const along = await alongArgs(store, shard, write, options);
    args.push(
      lease.jobId,
      lease.fence,
      json({
        ...along.counts,
        ...(entries.length > 0 && { journal: entryArgs(entries) }),
        ...(note !== undefined && saysSomething(note) && { note: noteArgs(note) }),
      }),
    );
    for (const arg of along.args) args.push(arg);
  }
  const [lost, mail] = (await store.run("append-along", shard, args, options)) as [string[], Reply[]];
  const { ended } = await store.mail.deliver(shard, mail, options);
  store.tell({ kind: "work" });
  store.hintDone(ended.map(({ id }) => id));
  return { lost, ended };
}
