import { LOG_LINES, PAGE, Portion, saysSomething, type JobRecord, type Note, type Noted } from "../../contract/index.js";
import { NOTED } from "../relational/codes.js";

import { bigs, ints, texts } from "./connect/values.js";
import type { Store, Tx } from "./store.js";

interface Noting {
  /** Number of the job. */
  readonly job: number;
  readonly note: Note | undefined;
}

/** Writes down what jobs, whose leases were good, say of themselves. */
export async function takeNote(tx: Tx, notings: readonly Noting[]): Promise<void> {
  const notes = byJob(notings);
  if (notes.size === 0) return;
  const jobs = bigs([...notes.keys()]);
  const fresh = await tx.rows(
    `UPDATE stem.jobs SET links = links | ${NOTED} WHERE seq = ANY($1::bigint[]) AND links & ${NOTED} = 0 RETURNING seq, keep_result`,
    [jobs],
  );
  // A plain settle would forget these with all but their notes: it is to look again.
  const fleeting = fresh.filter(([, keep]) => keep === 0).map(([seq]) => seq as number);
  if (fleeting.length > 0) await tx.rows("UPDATE stem.loans SET touched = true WHERE seqs && $1::bigint[]", [bigs(fleeting)]);
  await tx.rows(
    `INSERT INTO stem.notes AS n (job, state, at) SELECT u.job, u.state, $1::bigint FROM unnest($2::bigint[], $3::text[]) u(job, state)
     ON CONFLICT (job) DO UPDATE SET state = coalesce(excluded.state, n.state), at = excluded.at`,
    [tx.now, jobs, texts([...notes.values()].map(({ state }) => state ?? null))],
  );
  const lines = [...notes].flatMap(([job, { log = [] }]) => log.map((line, i) => ({ job, place: i + 1, line })));
  if (lines.length === 0) return;
  await tx.rows(
    `WITH last AS MATERIALIZED (
       SELECT u.job, (SELECT coalesce(max(l.no), 0) FROM stem.logs l WHERE l.job = u.job) AS no FROM unnest($2::bigint[]) u(job)),
     added AS (
       INSERT INTO stem.logs (job, no, at, line)
       SELECT u.job, last.no + u.place, $1::bigint, u.line FROM unnest($3::bigint[], $4::int[], $5::text[]) u(job, place, line) JOIN last ON last.job = u.job
       RETURNING job, no)
     DELETE FROM stem.logs l USING (SELECT job, max(no) AS no FROM added GROUP BY job) a WHERE l.job = a.job AND l.no <= a.no - ${LOG_LINES}`,
    [tx.now, jobs, bigs(lines.map(({ job }) => job)), ints(lines.map(({ place }) => place)), texts(lines.map(({ line }) => line))],
  );
}

/** One note for each job that says anything. */
function byJob(notings: readonly Noting[]): ReadonlyMap<number, Note> {
  const notes = new Map<number, Note>();
  for (const { job, note } of notings) {
    if (note === undefined || !saysSomething(note)) continue;
    const before = notes.get(job);
    const state = note.state ?? before?.state;
    const log = [...(before?.log ?? []), ...(note.log ?? [])].slice(-LOG_LINES);
    notes.set(job, { ...(state !== undefined && { state }), log });
  }
  return notes;
}

/** The same records with what their jobs have noted. */
export async function notedBy(store: Store, records: readonly (JobRecord | undefined)[]): Promise<readonly (JobRecord | undefined)[]> {
  const ids = [...new Set(records.flatMap((record) => record?.id ?? []))];
  const notes = new Map<string, Noted>();
  const portion = new Portion();
  for (let from = 0; from < ids.length;) {
    const part = ids.slice(from, from + portion.of(PAGE));
    from += part.length;
    const rows = (await store.rows(
      `SELECT j.id, n.state, n.at, (SELECT json_agg(json_build_array(l.at, l.line) ORDER BY l.no)::text FROM stem.logs l WHERE l.job = n.job)
       FROM stem.jobs j JOIN stem.notes n ON n.job = j.seq WHERE j.id = ANY($1::text[])`,
      [texts(part)],
    )) as [string, string | null, number, string | null][];
    portion.came(
      part.length,
      rows.reduce((bytes, [, state, , log]) => bytes + (state?.length ?? 0) + (log?.length ?? 0), 0),
    );
    for (const [id, state, at, log] of rows) notes.set(id, { ...(state !== null && { state }), at, log: linesOf(log) });
  }
  return records.map((record) => {
    const note = record && notes.get(record.id);
    return note === undefined ? record : { ...record!, note };
  });
}

function linesOf(log: string | null): Noted["log"] {
  return log === null ? [] : (JSON.parse(log) as [number, string][]).map(([at, line]) => ({ at, line }));
}
