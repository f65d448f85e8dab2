import { bigs, ints } from "./connect/values.js";
import type { Tx } from "./store.js";
/** Where a job stands in its line. */
export interface LinePlace {
  readonly seq: number;
  readonly lane: number;
  readonly dueAt: number;
  /** Only for a job that was never begun. */
  readonly expiresAt?: number | null;
}

/** Puts jobs into their lines. */
export async function enterLine(tx: Tx, places: readonly LinePlace[]): Promise<void> {
  if (places.length === 0) return;
  for (const { lane } of places) tx.announcement.lanes.add(lane);
  tx.announcement.isEarlier = true;
  await tx.rows(
    "INSERT INTO stem.line (lane, due_at, seq, expires_at) SELECT * FROM unnest($1::int[], $2::bigint[], $3::bigint[], $4::bigint[])",
    [
      ints(places.map(({ lane }) => lane)),
      bigs(places.map(({ dueAt }) => dueAt)),
      bigs(places.map(({ seq }) => seq)),
      bigs(places.map(({ expiresAt }) => expiresAt ?? null)),
    ],
  );
}
