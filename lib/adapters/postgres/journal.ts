import { carries, checkAlong, leaseText, withEnded } from "../../contract/index.js";
import type { Appended, At, Entry, Journal, JournalRead, JournalWrite, Self } from "../../contract/index.js";
import type { Loose } from "../relational/ends.js";
import { carryOut, transactAlong } from "./along.js";
import { checkPayloads } from "./connect/payloads.js";
import { statementOf } from "./connect/statements.js";
import { bigs, ints, texts, type Value } from "./connect/values.js";
import { takeEnded } from "./ended.js";
import { append, entryLists } from "./entries.js";
import { holdLoans } from "./lease.js";
import { arrive } from "./links.js";
import { holdAlong } from "./locking/along.js";
import { lockEvents } from "./locking/events.js";
import { takeNote } from "./notes.js";
import { rewrite } from "./rewrite.js";
import type { Loan, Store } from "./store.js";

const APPEND = statementOf("append");
const READ = statementOf("read");

/** The workflow store. */
export function journal(store: Store, self: Self): Journal {
  return {
    async read(reads: readonly JournalRead[]): Promise<readonly (readonly Entry[])[]> {
      if (reads.length === 0) return store.rows("SELECT 1 WHERE false") as Promise<never[]>;
      const rows = (await store.rows(READ, [texts(reads.map(({ id }) => id)), bigs(reads.map(({ after = 0 }) => after))])) as [
        number,
        number,
        string,
        string,
        Entry["state"],
        number,
        string | null,
      ][];
      const journals = reads.map((): Entry[] => []);
      for (const [place, seq, key, kind, state, at, value] of rows)
        journals[place - 1]!.push({ seq, key, kind, state, ...(value !== null && { value }), at });
      return journals;
    },

    async append(writes: readonly JournalWrite[], options?: At): Promise<Appended> {
      checkAlong(writes, self);
      for (const { enqueue } of writes) if (enqueue !== undefined) checkPayloads(enqueue);
      if (writes.some(carries)) return appendAlong(store, writes, options);
      const loans = writes.flatMap(({ lease }) => store.loans.recall(lease) ?? []);
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
        await append(
          tx,
          writes.filter(isGood).map(({ lease, journal: entries = [] }) => ({ job: lease.job, entries })),
        );
        return { lost: writes.filter((write) => !isGood(write)).map(({ lease }) => lease.jobId) };
      });
    },

    rewrite: (runId, how, options) => store.transact(options, (tx) => rewrite(tx, runId, how)),
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
    await append(
      tx,
      good.map(({ lease, journal: entries = [] }) => ({ job: lease.job, entries })),
    );
    await takeNote(
      tx,
      good.map(({ lease, note }) => ({ job: lease.job, note })),
    );
    const loose: Loose[] = [];
    await carryOut(store, tx, good, loose, late);
    await arrive(tx, loose);
    return withEnded({ lost }, await takeEnded(tx));
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
