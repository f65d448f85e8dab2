import type { Settlement, Wake } from "../../contract/index.js";
import { BOUND } from "../relational/bound.js";
import { queueIn } from "../relational/codes.js";
import { enterLine } from "./line.js";
import type { Loan, Store } from "./store.js";

/**
 * Looks for an event that has come already and parks only if there is none: the check and the park are one
 * step.
 */
export function park(
  store: Store,
  loan: Loan,
  waits: Extract<Settlement, { as: "parked" }>["waits"],
  deadline: number | undefined,
  now: number,
): void {
  let wake: Extract<Wake, { by: "event" }> | undefined;
  for (const { name, key, after } of waits) {
    const event = store
      .rows("SELECT seq, payload FROM events WHERE name = ? AND key = ? AND seq > ? ORDER BY seq LIMIT 1")
      .get(name, key, after) as [number, string | null] | undefined;
    if (event === undefined || (wake !== undefined && wake.seq < event[0])) continue;
    wake = { by: "event", name, key, seq: event[0], ...(event[1] !== null && { payload: event[1] }) };
  }
  store
    .sql("UPDATE jobs SET attempts = ?, fence = ?, started_at = ?, lapses = 0, wake = ?, due_at = ifnull(?, due_at) WHERE seq = ?")
    .run(
      loan.attempt - 1,
      loan.fence,
      loan.startedAt,
      wake === undefined ? null : JSON.stringify(wake),
      wake === undefined ? null : now,
      loan.seq,
    );
  if (wake !== undefined) {
    enterLine(store, loan.seq, loan.lane, now);
    return;
  }
  store.sql("INSERT INTO parked (seq, queue, deadline) VALUES (?, ?, ?)").run(loan.seq, queueIn(loan.lane), deadline ?? null);
  // Two waits for the same event are one, from the earlier place on.
  const wait = store.sql(
    "INSERT INTO waits (name, key, seq, after) VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET after = min(after, excluded.after)",
  );
  for (const { name, key, after } of waits) wait.run(name, key, loan.seq, after);
  // Whoever sleeps until the next due time may have to wake for this deadline.
  if (deadline !== undefined) store.hintWork(store.queueOf(loan.lane));
}

/** Makes a parked job ready. */
export function wake(store: Store, seq: number, why: Wake, dueAt: number): void {
  store.sql("DELETE FROM parked WHERE seq = ?").run(seq);
  store.sql("DELETE FROM waits WHERE seq = ?").run(seq);
  const lane = store
    .value("UPDATE jobs SET wake = ?, due_at = ? WHERE seq = ? RETURNING lane")
    .get(JSON.stringify(why), dueAt, seq) as number;
  enterLine(store, seq, lane, dueAt);
}

/** Makes parked jobs ready whose deadline has passed, earliest first. */
export function wakeOverdue(store: Store, now: number): void {
  const overdue = store
    .rows("SELECT seq, deadline FROM parked WHERE deadline IS NOT NULL AND deadline <= ? ORDER BY deadline LIMIT ? + 0")
    .all(now, BOUND) as [number, number][];
  for (const [seq, deadline] of overdue) wake(store, seq, { by: "deadline" }, deadline);
}

/** Ends the wait of a parked job. */
export function stopWaiting(store: Store, seq: number): void {
  store.sql("DELETE FROM parked WHERE seq = ?").run(seq);
  store.sql("DELETE FROM waits WHERE seq = ?").run(seq);
}
