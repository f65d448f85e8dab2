import {
  carries,
  checkAlong,
  leaseText,
  withEnded,
  type Adapter,
  type Appended,
  type At,
  type Entry,
  type Journal,
  type JournalRead,
  type JournalWrite,
  type NewEntry,
} from "../../contract/index.js";
import { carryOut, holdAlong, transactAlong } from "./along.js";
import { statementOf } from "./connect/statements.js";
import { bigs, ints, texts, type Value } from "./connect/values.js";
import { endedIn } from "./ended.js";
import { checkPayloads } from "./enqueue.js";
import { holdLoans } from "./lend/loans.js";
import { lockEvents } from "./lend/park.js";
import { followLinks, type Loose } from "./links.js";
import { JOURNALED } from "./rows.js";
import type { Loan, Store, Tx } from "./store.js";

const APPEND = statementOf("append");

interface Writing {
  /** Number of the run's job. */
  readonly job: number;
  readonly entries: readonly NewEntry[];
}

/** Entries as six lists: job · number · key · kind · state · value. Undefined: there are none. */
export function entryLists(writes: readonly Writing[]): Value[] | undefined {
  const rows = writes.flatMap(({ job, entries }) => entries.map((entry) => ({ job, entry })));
  if (rows.length === 0) return undefined;
  return [
    bigs(rows.map(({ job }) => job)),
    ints(rows.map(({ entry }) => entry.seq)),
    texts(rows.map(({ entry }) => entry.key)),
    texts(rows.map(({ entry }) => entry.kind)),
    texts(rows.map(({ entry }) => entry.state)),
    texts(rows.map(({ entry }) => entry.value ?? null)),
  ];
}

/** Adds entries to journals inside a transaction that holds the runs. */
export async function appendAll(tx: Tx, writes: readonly Writing[]): Promise<void> {
  const lists = entryLists(writes);
  if (lists === undefined) return;
  await tx.rows(
    `INSERT INTO stem.journal (job, seq, key, kind, state, value, at)
     SELECT u.*, $1::bigint FROM unnest($2::bigint[], $3::int[], $4::text[], $5::text[], $6::text[], $7::text[]) u ON CONFLICT DO NOTHING`,
    [tx.now, ...lists],
  );
  // A run that makes progress is no poison: its lapses are forgotten.
  await tx.rows(
    `UPDATE stem.jobs SET links = links | ${JOURNALED}, lapses = 0 WHERE seq = ANY($1::bigint[]) AND (links & ${JOURNALED} = 0 OR lapses > 0)`,
    [lists[0]!],
  );
}

/** The workflow store. */
export function journal(store: Store, adapter: Pick<Adapter, "name" | "honours">): Journal {
  return {
    async read(reads: readonly JournalRead[]): Promise<readonly (readonly Entry[])[]> {
      if (reads.length === 0) return store.rows("SELECT 1 WHERE false") as Promise<never[]>;
      const rows = (await store.rows(
        `SELECT u.place::int, e.seq, e.key, e.kind, e.state, e.at, e.value FROM unnest($1::text[], $2::bigint[]) WITH ORDINALITY u(id, after, place)
           JOIN stem.jobs j ON j.id = u.id JOIN stem.journal e ON e.job = j.seq AND e.seq > u.after
         ORDER BY u.place, e.seq`,
        [texts(reads.map(({ id }) => id)), bigs(reads.map(({ after = 0 }) => after))],
      )) as [number, number, string, string, Entry["state"], number, string | null][];
      const journals = reads.map((): Entry[] => []);
      for (const [place, seq, key, kind, state, at, value] of rows)
        journals[place - 1]!.push({ seq, key, kind, state, ...(value !== null && { value }), at });
      return journals;
    },

    async append(writes: readonly JournalWrite[], options?: At): Promise<Appended> {
      checkAlong(writes, adapter);
      for (const { enqueue } of writes) if (enqueue !== undefined) checkPayloads(enqueue);
      if (writes.some(carries)) return appendAlong(store, writes, options);
      const loans = writes.flatMap(({ lease }) => store.recall(lease) ?? []);
      if (loans.length === writes.length) return appendRemembered(store, writes, loans, options);
      return store.transact(options, async (tx) => {
        // Held until the entries are in, so that no other worker takes the run between the look and the
        // write.
        const loans = await holdLoans(
          store,
          tx,
          writes.map(({ lease }) => lease),
          "FOR SHARE",
        );
        const isGood = ({ lease }: JournalWrite): boolean => loans.has(leaseText(lease));
        await appendAll(
          tx,
          writes.filter(isGood).map(({ lease, journal: entries = [] }) => ({ job: lease.job, entries })),
        );
        return { lost: writes.filter((write) => !isGood(write)).map(({ lease }) => lease.jobId) };
      });
    },
  };
}

/** Where more than entries travels along. */
async function appendAlong(store: Store, writes: readonly JournalWrite[], at: At | undefined): Promise<Appended> {
  return transactAlong(store, at, async (tx, late): Promise<Appended> => {
    const events = writes.flatMap(({ emit = [] }) => emit);
    if (events.length > 0) await lockEvents(tx, events);
    await holdAlong(tx, writes, late);
    const leases = writes.map(({ lease }) => lease);
    const loans = await holdLoans(store, tx, leases);
    const [good, lost] = [[], []] as [JournalWrite[], string[]];
    for (const write of writes) {
      if (loans.has(leaseText(write.lease))) good.push(write);
      else lost.push(write.lease.jobId);
    }
    await appendAll(
      tx,
      good.map(({ lease, journal: entries = [] }) => ({ job: lease.job, entries })),
    );
    const loose: Loose[] = [];
    await carryOut(store, tx, good, loose, late);
    await followLinks(tx, loose);
    return withEnded({ lost }, await endedIn(tx));
  });
}

/** As one statement, where this handle has lent the runs itself. */
async function appendRemembered(
  store: Store,
  writes: readonly JournalWrite[],
  loans: readonly Loan[],
  at: At | undefined,
): Promise<Appended> {
  const rows = await store.rows(APPEND, [
    at?.now ?? null,
    bigs([...new Set(loans.map(({ no }) => no))].sort((a, b) => a - b)),
    bigs(loans.map(({ no }) => no)),
    ints(loans.map(({ place }) => place)),
    bigs(loans.map(({ seq }) => seq)),
    ...(entryLists(writes.map(({ journal: entries = [] }, i) => ({ job: loans[i]!.seq, entries }))) ?? NO_ENTRIES),
    bigs(loans.map(({ startedAt }) => startedAt)),
  ]);
  const good = new Set(rows.map(([seq]) => seq as number));
  return { lost: writes.filter((_, i) => !good.has(loans[i]!.seq)).map(({ lease }) => lease.jobId) };
}

const NO_ENTRIES: readonly Value[] = [bigs([]), ints([]), texts([]), texts([]), texts([]), texts([])];
