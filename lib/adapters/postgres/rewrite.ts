import { isFinal, type Rewrite } from "../../contract/index.js";
import { STATES } from "../relational/codes.js";
import { append } from "./entries.js";
import { holdingKeys, keyless, lockKeys, retake } from "./keys.js";
import { enterLine } from "./line.js";
import { reopen, revive } from "./links.js";
import { goneOf, lockPlaces } from "./locking/places.js";
import type { Tx } from "./store.js";

/** Writes the end of a run's journal anew and makes the run ready; false: it is not in a state for that. */
export async function rewrite(tx: Tx, runId: string, { keepTo, entries = [] }: Rewrite): Promise<boolean> {
  await lockKeys(tx, [runId]);
  const [held] = await lockPlaces(tx, [runId]);
  if (held === undefined) return false;
  const { seq } = held;
  const was = STATES[held.stands]!;
  if (was === "active" || was === "succeeded" || (await goneOf(tx, [held])).has(seq)) return false;
  // Looked at once it is held, so that an input that arrives now is either counted already or finds it ready.
  const rows = await tx.rows(
    `SELECT j.lane FROM stem.jobs j LEFT JOIN stem.ended e ON e.seq = j.seq
     WHERE j.seq = $1::bigint AND j.open = 0 AND j.failed = 0 AND coalesce(e.cause, '') <> 'input' FOR NO KEY UPDATE OF j`,
    [seq],
  );
  if (rows.length === 0) return false;
  if (isFinal(was) && (await keyless(tx, [seq])).has(seq)) return false;
  const takesKey = isFinal(was) || (await holdingKeys(tx, [seq])).has(seq);
  await leave(tx, seq);
  if (isFinal(was)) await reopen(tx, [seq]);
  await tx.rows(
    "UPDATE stem.jobs SET attempts = 0, lapses = 0, fence = fence + 1, wake = NULL, expires_at = NULL, due_at = $2::bigint WHERE seq = $1::bigint",
    [seq, tx.now],
  );
  await tx.rows("DELETE FROM stem.journal WHERE job = $1::bigint AND seq > $2::bigint", [seq, keepTo]);
  await append(tx, [{ job: seq, entries }]);
  await enterLine(tx, [{ seq, lane: rows[0]![0] as number, dueAt: tx.now }]);
  if (takesKey) await retake(tx, [seq]);
  if (isFinal(was)) await revive(tx, [seq]);
  return true;
}

/** Takes a job, which is held, from where it waits. */
async function leave(tx: Tx, seq: number): Promise<void> {
  await tx.rows(
    `WITH p AS (DELETE FROM stem.parked WHERE seq = $1::bigint), w AS (DELETE FROM stem.waits WHERE seq = $1::bigint)
     DELETE FROM stem.line l USING stem.jobs j WHERE j.seq = $1::bigint AND l.lane = j.lane AND l.due_at = j.due_at AND l.seq = j.seq`,
    [seq],
  );
}
