import type { DeathCause, Failure, FinalState, Input, Link, NewJob } from "../../contract/index.js";
import { inputEnded, isFinal } from "../../contract/index.js";
import { release } from "./lease.js";
import { enterLine } from "./line.js";
import { forget } from "./prune.js";
import { inputOf, type Arrow, type Row } from "./rows.js";
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

/** Writes the end of one job into its record; its links are left to the caller. */
export function end(store: Store, row: Row, { state, result, error, cause, own }: End, now: number): void {
  release(row);
  store.unfile(row);
  store.move(row, state);
  row.endedAt = now;
  row.result = result;
  row.cause = cause;
  row.error = error;
  row.wake = undefined;
  if (state === "failed" && cause !== "input") store.setDead(row, true);
  store.pending.done(row.id);
  if (state !== "succeeded" && own === undefined) store.ended.push(row);
  if (state === "succeeded") {
    // A success stays, so its inputs will not be read again.
    row.ins = undefined;
    if (row.keepResultMs === 0 && row.outs === undefined) return forget(store, row);
  }
  store.keep(row);
}

/**
 * Hands the ends of jobs to the jobs that wait for them, and on to those that wait for these: frees those
 * that have all their inputs, and ends those that lost one.
 * A worklist rather than recursion: lines may be long.
 */
export function arrive(store: Store, rows: readonly Row[], now: number): void {
  for (const row of rows) {
    const ended = [row];
    for (let from = ended.pop(); from !== undefined; from = ended.pop())
      for (const arrow of from.outs ?? []) {
        const fallen = deliver(store, arrow, now);
        if (fallen !== undefined) ended.push(fallen);
      }
  }
}

/**
 * Adds the links of a batch; `last` is the order of the last job stored before it.
 * A job that was stored before is left as it is, so a link to it is dropped; a link *from* it to a new job is
 * kept, or that job would wait for ever, and if it has ended by now it counts at once.
 */
export function link(store: Store, jobs: readonly NewJob[], last: number, now: number): void {
  const early: Arrow[] = [];
  const targets = new Set<Row>();
  for (const job of jobs) {
    for (const given of job.links ?? []) {
      const from = store.rows.get(job.id)!;
      const to = store.rows.get(given.to)!;
      if (to.order <= last) continue;
      const arrow = connect(from, to, given);
      targets.add(to);
      if (from.order <= last) early.push(arrow);
    }
  }
  for (const to of targets) to.ins!.sort((a, b) => a.position - b.position);
  for (const arrow of early) {
    const fallen = deliver(store, arrow, now);
    if (fallen !== undefined) arrive(store, [fallen], now);
  }
}

/** Adds a link to a job that was just stored. */
function connect(from: Row, to: Row, { position, onFailure }: Link): Arrow {
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
function deliver(store: Store, arrow: Arrow, now: number): Row | undefined {
  const { from, to } = arrow;
  if (arrow.state !== "open" || !isFinal(from.state)) return undefined;
  to.openLinks--;
  if (from.state === "succeeded" || arrow.carriesOn) {
    arrow.state = "delivered";
    if (from.state !== "succeeded") arrow.left = inputOf(from);
    if (to.state === "blocked" && to.openLinks === 0 && to.failedLinks === 0) enterLine(store, to, now);
    return undefined;
  }
  arrow.state = "failed";
  to.failedLinks++;
  if (to.state !== "blocked") return undefined;
  const error = inputEnded(from.id, from.state, from.error ?? { name: "Error", message: `Job ${from.id} ${from.state}.` });
  end(store, to, { state: from.state === "cancelled" ? "cancelled" : "failed", error, cause: "input" }, now);
  return to;
}

/** Undoes an end: a retry, or the revival of what died of an input. */
export function reopen(store: Store, row: Row): void {
  if (!isFinal(row.state)) return;
  store.unfile(row);
  store.needed.delete(row);
  store.setDead(row, false);
  row.endedAt = row.cause = undefined;
  row.attempts = row.lapses = 0;
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
      reopen(store, to);
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
