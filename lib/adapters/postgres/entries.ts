import type { NewEntry } from "../../contract/index.js";
import { JOURNALED } from "../relational/codes.js";
import { bigs, ints, texts, type Value } from "./connect/values.js";
import type { Tx } from "./store.js";

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
export async function append(tx: Tx, writes: readonly Writing[]): Promise<void> {
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
