import type { Wake } from "../../contract/index.js";
import { BOUND } from "../relational/bound.js";
import { queueIn } from "../relational/codes.js";
import { bigs, ints, texts, type Value } from "./connect/values.js";
import type { Given } from "./lease.js";
import { enterLine } from "./line.js";
import type { Tx } from "./store.js";

/**
 * Looks for stored events and parks only the jobs without one.
 * The names are held, so no other call emits meanwhile.
 */
export async function park(tx: Tx, given: readonly Given[]): Promise<void> {
  const parks = given.flatMap(({ settlement, loan }) => (settlement.as === "parked" ? [{ settlement, loan }] : []));
  if (parks.length === 0) return;
  const waits = parks.flatMap(({ settlement, loan }) => settlement.waits.map((wait) => ({ ...wait, seq: loan.seq })));
  const lists: Value[] = [
    bigs(waits.map(({ seq }) => seq)),
    texts(waits.map(({ name }) => name)),
    texts(waits.map(({ key }) => key)),
    bigs(waits.map(({ after }) => after)),
  ];
  const found = waits.length === 0 ? [] : await tx.rows(EARLIEST, lists);
  const wakes = new Map<number, Extract<Wake, { by: "event" }>>();
  for (const [job, name, key, seq, payload] of found as [number, string, string, number, string | null][]) {
    const known = wakes.get(job);
    if (known === undefined || seq < known.seq) wakes.set(job, { by: "event", name, key, seq, ...(payload !== null && { payload }) });
  }
  const wakeOf = ({ loan }: (typeof parks)[number]): string | null => (wakes.has(loan.seq) ? JSON.stringify(wakes.get(loan.seq)) : null);
  await tx.rows(
    `UPDATE stem.jobs j SET attempts = u.attempts, fence = u.fence, started_at = u.started_at, lapses = 0, wake = u.wake,
       due_at = CASE WHEN u.wake IS NULL THEN j.due_at ELSE $1::bigint END
     FROM unnest($2::bigint[], $3::int[], $4::int[], $5::bigint[], $6::text[]) u(seq, attempts, fence, started_at, wake) WHERE j.seq = u.seq`,
    [
      tx.now,
      bigs(parks.map(({ loan }) => loan.seq)),
      ints(parks.map(({ loan }) => loan.attempt - 1)),
      ints(parks.map(({ loan }) => loan.fence)),
      bigs(parks.map(({ loan }) => loan.startedAt)),
      texts(parks.map(wakeOf)),
    ],
  );
  const woken = parks.filter(({ loan }) => wakes.has(loan.seq));
  await enterLine(
    tx,
    woken.map(({ loan }) => ({ seq: loan.seq, lane: loan.lane, dueAt: tx.now })),
  );
  const asleep = parks.filter(({ loan }) => !wakes.has(loan.seq));
  if (asleep.length === 0) return;
  await tx.rows("INSERT INTO stem.parked (seq, queue, deadline) SELECT * FROM unnest($1::bigint[], $2::int[], $3::bigint[])", [
    bigs(asleep.map(({ loan }) => loan.seq)),
    ints(asleep.map(({ loan }) => queueIn(loan.lane))),
    bigs(asleep.map(({ settlement }) => settlement.deadline ?? null)),
  ]);
  // Two waits for the same event are one, from the earlier place on.
  await tx.rows(
    `INSERT INTO stem.waits (seq, name, key, after)
     SELECT u.seq, u.name, u.key, min(u.after) FROM unnest($1::bigint[], $2::text[], $3::text[], $4::bigint[]) u(seq, name, key, after)
     WHERE u.seq = ANY($5::bigint[]) GROUP BY 1, 2, 3`,
    [...lists, bigs(asleep.map(({ loan }) => loan.seq))],
  );
  // A worker that sleeps until the next due time may have to wake for this deadline.
  for (const { settlement, loan } of asleep) if (settlement.deadline !== undefined) tx.announcement.lanes.add(loan.lane);
}

/** Makes parked jobs, which are held, ready. */
export async function wake(
  tx: Tx,
  sleepers: readonly { readonly seq: number; readonly why: Wake; readonly dueAt: number }[],
): Promise<void> {
  if (sleepers.length === 0) return;
  const seqs = bigs(sleepers.map(({ seq }) => seq));
  const rows = (await tx.rows(
    `WITH p AS (DELETE FROM stem.parked WHERE seq = ANY($1::bigint[])), w AS (DELETE FROM stem.waits WHERE seq = ANY($1::bigint[]))
     UPDATE stem.jobs j SET wake = u.wake, due_at = u.due_at FROM unnest($1::bigint[], $2::text[], $3::bigint[]) u(seq, wake, due_at) WHERE j.seq = u.seq
     RETURNING j.seq, j.lane, j.due_at`,
    [seqs, texts(sleepers.map(({ why }) => JSON.stringify(why))), bigs(sleepers.map(({ dueAt }) => dueAt))],
  )) as [number, number, number][];
  await enterLine(
    tx,
    rows.map(([seq, lane, dueAt]) => ({ seq, lane, dueAt })),
  );
}

/** Makes parked jobs ready whose deadline has passed, earliest first. */
export async function wakeOverdue(tx: Tx): Promise<void> {
  const rows = (await tx.rows(
    `SELECT seq, deadline FROM stem.parked WHERE deadline IS NOT NULL AND deadline <= $1::bigint ORDER BY deadline LIMIT ${BOUND} FOR UPDATE SKIP LOCKED`,
    [tx.now],
  )) as [number, number][];
  await wake(
    tx,
    rows.map(([seq, deadline]) => ({ seq, why: { by: "deadline" }, dueAt: deadline })),
  );
}

/** For each wait the earliest stored event that it is for. */
const EARLIEST = `
  SELECT u.seq, u.name, u.key, e.seq, e.payload
  FROM unnest($1::bigint[], $2::text[], $3::text[], $4::bigint[]) u(seq, name, key, after) CROSS JOIN LATERAL (
    SELECT v.seq, v.payload FROM stem.events v
    WHERE hashtextextended(v.name || chr(1) || v.key, 0) = hashtextextended(u.name || chr(1) || u.key, 0) AND v.name = u.name AND v.key = u.key
      AND v.seq > u.after
    ORDER BY v.seq LIMIT 1) e`;
