import type { Appended, At, Entry, Journal, JournalWrite, NewEntry } from "../../contract/index.js";
import { bigs, ints, texts } from "./connect/values.js";
import { holdLoans } from "./lend/loans.js";
import { JOURNALED } from "./rows.js";
import type { Store, Tx } from "./store.js";

/** Adds entries to journals inside a transaction that holds the runs. */
export async function appendAll(tx: Tx, writes: readonly { readonly job: number; readonly entries: readonly NewEntry[] }[]): Promise<void> {
  const rows = writes.flatMap(({ job, entries }) => entries.map((entry) => ({ job, entry })));
  if (rows.length === 0) return;
  await tx.rows(
    `INSERT INTO stem.journal (job, seq, key, kind, state, value, at)
     SELECT u.*, $1::bigint FROM unnest($2::bigint[], $3::int[], $4::text[], $5::text[], $6::text[], $7::text[]) u ON CONFLICT DO NOTHING`,
    [
      tx.now,
      bigs(rows.map(({ job }) => job)),
      ints(rows.map(({ entry }) => entry.seq)),
      texts(rows.map(({ entry }) => entry.key)),
      texts(rows.map(({ entry }) => entry.kind)),
      texts(rows.map(({ entry }) => entry.state)),
      texts(rows.map(({ entry }) => entry.value ?? null)),
    ],
  );
  await tx.rows(`UPDATE stem.jobs SET links = links | ${JOURNALED} WHERE seq = ANY($1::bigint[]) AND links & ${JOURNALED} = 0`, [
    bigs([...new Set(rows.map(({ job }) => job))]),
  ]);
}

/** The workflow store. */
export function journal(store: Store): Journal {
  return {
    async read(runIds: readonly string[]): Promise<readonly (readonly Entry[])[]> {
      if (runIds.length === 0) return store.rows("SELECT 1 WHERE false") as Promise<never[]>;
      const rows = (await store.rows(
        `SELECT j.id, e.seq, e.key, e.kind, e.state, e.at, e.value FROM stem.jobs j JOIN stem.journal e ON e.job = j.seq
         WHERE j.id = ANY($1::text[]) ORDER BY e.job, e.seq`,
        [texts(runIds)],
      )) as [string, number, string, string, Entry["state"], number, string | null][];
      const entries = new Map<string, Entry[]>();
      for (const [id, seq, key, kind, state, at, value] of rows) {
        let list = entries.get(id);
        if (list === undefined) entries.set(id, (list = []));
        list.push({ seq, key, kind, state, ...(value !== null && { value }), at });
      }
      return runIds.map((id) => entries.get(id) ?? []);
    },

    async append(writes: readonly JournalWrite[], options?: At): Promise<Appended> {
      return store.transact(options, async (tx) => {
        // Held until the entries are in, so that nobody takes the run away between the look and the write.
        const loans = await holdLoans(
          store,
          tx,
          writes.map(({ lease }) => lease),
          "FOR SHARE",
        );
        const held = new Map(loans.map(({ id, seq, fence }) => [id, { seq, fence }]));
        const isGood = ({ lease }: JournalWrite): boolean => held.get(lease.jobId)?.fence === lease.fence;
        await appendAll(
          tx,
          writes.filter(isGood).map(({ lease, entries }) => ({ job: held.get(lease.jobId)!.seq, entries })),
        );
        return { lost: writes.filter((write) => !isGood(write)).map(({ lease }) => lease.jobId) };
      });
    },
  };
}
