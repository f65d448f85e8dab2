import type { Store } from "./store.js";

/** Puts a job into its line. */
export function enterLine(store: Store, seq: number, lane: number, dueAt: number): void {
  store.sql("INSERT INTO line (lane, due_at, seq) VALUES (?, ?, ?)").run(lane, dueAt, seq);
  store.hintWork(store.queueOf(lane));
}

/** Takes a ready job out of its line. */
export function leaveLine(
  store: Store,
  { lane, dueAt, seq }: { readonly lane: number; readonly dueAt: number; readonly seq: number },
): void {
  store.sql("DELETE FROM line WHERE lane = ? AND due_at = ? AND seq = ?").run(lane, dueAt, seq);
}
