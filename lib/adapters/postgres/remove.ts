import type { Removed } from "../../contract/index.js";
import { cancelAll, goneOf } from "./cancel.js";
import { bigs } from "./connect/values.js";
import { lockPlaces } from "./links.js";
import { forget } from "./results.js";
import { STATES } from "./rows.js";
import type { Tx } from "./store.js";

/** Forgets jobs that have ended or wait, inside a transaction. Answers in the order asked. */
export async function removeAll(tx: Tx, ids: readonly string[]): Promise<readonly Removed[]> {
  const places = await lockPlaces(tx, [...new Set(ids)]);
  const gone = new Set(await goneOf(tx, places));
  const answers = new Map<string, Removed>();
  let left = places.filter(({ id }) => !gone.has(id));
  // Again while that makes others free: whoever waits goes before what it waits for.
  for (let before = Infinity; left.length > 0 && left.length < before;) {
    before = left.length;
    const needed = await neededOf(
      tx,
      left.map(({ seq }) => seq),
    );
    const free = left.filter(({ seq, stands }) => stands !== 5 && !needed.has(seq));
    const waiting = free.filter(({ stands }) => stands > 4).map(({ id }) => id);
    if (waiting.length > 0) await cancelAll(tx, waiting, "removed");
    await forget(
      tx,
      free.map(({ seq }) => seq),
    );
    for (const { id, stands, seq } of left) {
      const as = stands === 5 ? "running" : needed.has(seq) ? "needed" : "removed";
      answers.set(id, { id, as, was: STATES[stands]! });
    }
    left = left.filter(({ stands, seq }) => stands !== 5 && needed.has(seq));
  }
  return ids.map((id) => answers.get(id) ?? { id, as: "unknown" });
}

/** Of some jobs those that an unfinished one waits for. */
async function neededOf(tx: Tx, seqs: readonly number[]): Promise<ReadonlySet<number>> {
  const rows = await tx.rows(
    `SELECT DISTINCT l.from_seq FROM stem.links l JOIN stem.jobs t ON t.seq = l.to_seq LEFT JOIN stem.ended x ON x.seq = l.to_seq
     WHERE l.from_seq = ANY($1::bigint[]) AND x.seq IS NULL`,
    [bigs(seqs)],
  );
  return new Set(rows.map(([seq]) => seq as number));
}
