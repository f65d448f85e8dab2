import { setImmediate as nextTurn } from "node:timers/promises";
import { carries, checkAlong, withEnded } from "../../contract/index.js";
import type { Appended, At, Entry, Journal, JournalRead, JournalWrite, Rewrite, Self } from "../../contract/index.js";
import type { Loose } from "../relational/ends.js";
import { carryOut } from "./along.js";
import { takeEnded } from "./ended.js";
import { append } from "./entries.js";
import { holds } from "./lease.js";
import { arrive } from "./links.js";
import { takeNote } from "./notes.js";
import { rewrite } from "./rewrite.js";
import type { Store } from "./store.js";

/** Entries that are read in one turn of the event loop, which the driver blocks while it reads. */
const PAGE = 250;

/** The workflow store. */
export function journal(store: Store, self: Self): Journal {
  return {
    /**
     * Page by page. The reader holds the run, so no other connection writes between two pages.
     * By its number, so that a later run of the id is not taken for it.
     */
    async read(reads: readonly JournalRead[]): Promise<readonly (readonly Entry[])[]> {
      const journals = reads.map((): Entry[] => []);
      let at = 0;
      let job: number | undefined;
      const readPage = (): void => {
        for (let left = PAGE; left > 0 && at < reads.length;) {
          const { id, after = 0 } = reads[at]!;
          job ??= store.value("SELECT seq FROM jobs WHERE id = ?").get(id) as number | undefined;
          const entries = job === undefined ? [] : entriesOf(store, job, journals[at]!.at(-1)?.seq ?? after, left);
          journals[at]!.push(...entries);
          if (entries.length < left) [at, job] = [at + 1, undefined];
          left -= entries.length;
        }
      };
      for (;;) {
        store.read(readPage);
        if (at === reads.length) return journals;
        await nextTurn();
      }
    },

    async append(writes: readonly JournalWrite[], options?: At): Promise<Appended> {
      checkAlong(writes, self);
      const now = store.clock(options);
      return store.write(() => {
        const lost: string[] = [];
        const loose: Loose[] = [];
        for (const write of writes) {
          const seq = holds(store, write.lease);
          if (seq === undefined) {
            lost.push(write.lease.jobId);
            continue;
          }
          if (write.journal !== undefined && write.journal.length > 0) append(store, { seq }, write.journal, now);
          if (write.note !== undefined) takeNote(store, seq, write.note, now);
          if (carries(write)) carryOut(store, write, loose, now);
        }
        if (loose.length > 0) arrive(store, loose, now);
        return withEnded({ lost }, takeEnded(store));
      });
    },

    async rewrite(runId: string, how: Rewrite, options?: At): Promise<boolean> {
      const now = store.clock(options);
      return store.write(() => rewrite(store, runId, how, now));
    },
  };
}

function entriesOf(store: Store, job: number, after: number, limit: number): readonly Entry[] {
  const rows = store
    .rows("SELECT seq, key, kind, state, at, value FROM journal WHERE job = ? AND seq > ? ORDER BY seq LIMIT ?")
    .all(job, after, limit) as [number, string, string, Entry["state"], number, string | null][];
  return Array.from(rows, ([seq, key, kind, state, at, value]) => ({ seq, key, kind, state, ...(value !== null && { value }), at }));
}
