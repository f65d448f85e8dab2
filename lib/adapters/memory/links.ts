import type { DeathCause, Failure, FinalState, Input, Link } from "../../contract/index.js";
import { inputEnded, isFinal } from "../../contract/index.js";
import { endedOf } from "./ended.js";
import { inputOf } from "./rows.js";
import type { Arrow, Row } from "./rows.js";
import type { Store } from "./store.js";

/** How a job ends, as far as its record goes. */
export interface End {
  readonly state: FinalState;
  readonly result?: string | undefined;
  readonly error?: Failure | undefined;
  readonly cause?: DeathCause | undefined;
  /** By its own settlement, of which its worker knows. */
  readonly own?: true;
}

/**
 * Ends a job and everything that ends with it, and makes ready the jobs that waited for it alone.
 * A worklist rather than recursion: lines may be long.
 */
export function finish(store: Store, row: Row, end: End, now: number): void {
  close(store, row, end, now);
  if (row.outs !== undefined) spread(store, row, now);
}

/** As `spread`, for several that have ended. */
export function spreadAll(store: Store, rows: readonly Row[], now: number): void {
  for (const row of rows) if (row.outs !== undefined) spread(store, row, now);
}

/** Hands the end of a job to the jobs that wait for it, and on to those that wait for these. */
export function spread(store: Store, row: Row, now: number): void {
  const ended = [row];
  for (let from = ended.pop(); from !== undefined; from = ended.pop())
    for (const arrow of from.outs ?? []) {
      const fallen = deliver(store, arrow, now);
      if (fallen !== undefined) ended.push(fallen);
    }
}

/** Adds a link to a job that was just stored. */
export function connect(from: Row, to: Row, { position, onFailure }: Link): Arrow {
  const arrow: Arrow = { from, to, position, carriesOn: onFailure === "continue", state: "open", left: undefined };
  (from.outs ??= []).push(arrow);
  (to.ins ??= []).push(arrow);
  to.openLinks++;
  return arrow;
}

/**
 * Hands the end of an input to the waiting job. A link counts once.
 * Returns that job if it ended because of it.
 */
export function deliver(store: Store, arrow: Arrow, now: number): Row | undefined {
  const { from, to } = arrow;
  if (arrow.state !== "open" || !isFinal(from.state)) return undefined;
  to.openLinks--;
  if (from.state === "succeeded" || arrow.carriesOn) {
    arrow.state = "delivered";
    if (from.state !== "succeeded") arrow.left = inputOf(from);
    if (to.state === "blocked" && to.openLinks === 0 && to.failedLinks === 0) store.makeReady(to, now);
    return undefined;
  }
  arrow.state = "failed";
  to.failedLinks++;
  if (to.state !== "blocked") return undefined;
  const error = inputEnded(from.id, from.state, from.error ?? { name: "Error", message: `Job ${from.id} ${from.state}.` });
  close(store, to, { state: from.state === "cancelled" ? "cancelled" : "failed", error, cause: "input" }, now);
  return to;
}

/**
 * Opens the failed links of a job that runs again.
 * Jobs that had failed because of them alone wait again, down the line.
 */
export function revive(store: Store, row: Row): void {
  const opened = [row];
  for (let from = opened.pop(); from !== undefined; from = opened.pop())
    for (const arrow of from.outs ?? []) {
      const { to } = arrow;
      if (arrow.state !== "failed") continue;
      arrow.state = "open";
      to.openLinks++;
      if (--to.failedLinks > 0 || to.cause !== "input" || !to.stored) continue;
      store.reopen(to);
      store.move(to, "blocked");
      to.error = undefined;
      opened.push(to);
    }
}

const NONE: readonly Input[] = Object.freeze([]);

/** What the linked jobs left, in position order. */
export function inputsOf(row: Row): readonly Input[] {
  if (row.ins === undefined) return NONE;
  return row.ins.map(
    ({ from, left }) =>
      inputOf(from) ?? left ?? { jobId: from.id, state: "failed", error: from.error ?? { name: "Error", message: "It runs again." } },
  );
}

/** Writes the end of one job into its record; its links are left to the caller. */
export function close(store: Store, row: Row, { state, result, error, cause, own }: End, now: number): void {
  store.release(row);
  store.unfile(row);
  store.move(row, state);
  row.endedAt = now;
  row.result = result;
  row.cause = cause;
  row.error = error;
  row.wake = undefined;
  if (state === "failed" && cause !== "input") store.setDead(row, true);
  store.bell.done(row.id);
  if (state !== "succeeded" && own === undefined) store.ends(endedOf(row, state));
  if (state === "succeeded") {
    // A success stays, so its inputs will not be read again.
    row.ins = undefined;
    if (row.keepResultMs === 0 && row.outs === undefined) return store.forget(row);
  }
  store.keep(row);
}
