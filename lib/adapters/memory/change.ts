import { byIds, cancelled, idsOf, isFinal, PAGE, withEnded } from "../../contract/index.js";
import type { Answer, At, Change, Changed, JobFilter, Which } from "../../contract/index.js";
import { takeEnded } from "./ended.js";
import { holdsKey, isKeyFree, retake } from "./keys.js";
import { enterLine } from "./line.js";
import { arrive, end, reopen, revive } from "./links.js";
import { idsIn } from "./list.js";
import { stopWaiting } from "./park.js";
import { forget } from "./prune.js";
import type { Row } from "./rows.js";
import type { Store } from "./store.js";

/** Changes jobs, by ids or by a filter. */
export async function changeJobs(store: Store, which: Which, change: Change, options: At | undefined): Promise<Changed> {
  const ids = idsOf(which);
  const done =
    ids === undefined
      ? store.step(options, (now) => changeFitting(store, which as JobFilter, change, now))
      : await byIds(ids, change.to, (part) => store.step(options, (now) => changeAll(store, part, change, now)));
  const stopped = done.answers.filter(({ as, was }) => change.to === "cancelled" && as === "changed" && was === "active");
  if (stopped.length > 0) store.pending.tell({ kind: "cancelled", ids: stopped.map(({ id }) => id) });
  return done;
}

function changeFitting(store: Store, filter: JobFilter, change: Change, now: number): Changed {
  const { ids, next } = idsIn(store, filter, now, Math.min(filter.limit ?? PAGE, PAGE));
  const { answers, ended } = changeAll(store, ids, change, now);
  return withEnded({ answers, ...(next !== undefined && { next }) }, ended);
}

function changeAll(store: Store, ids: readonly string[], change: Change, now: number) {
  const answers =
    change.to === "forgotten"
      ? forgetAll(store, ids, now)
      : change.to === "cancelled"
        ? cancel(store, ids, change.reason, now)
        : ids.map((id) => changeOne(store, id, change, now));
  const ended = takeEnded(store);
  // The caller of this change knows that they have ended.
  return { answers, ended: change.to === "forgotten" ? [] : ended };
}

/**
 * Ends unfinished jobs, and with them the jobs that wait for them. Answers in the order asked.
 *
 * @param later takes those whose links the caller will follow itself
 */
export function cancel(store: Store, ids: readonly string[], reason: string, now: number, later?: Row[]): Answer[] {
  const loose = later ?? [];
  const answers = ids.map((id) => cancelOne(store, id, reason, loose, now));
  // After all of them, so that one that was asked for by name is not ended as a dependant.
  if (later === undefined) arrive(store, loose, now);
  return answers;
}

function cancelOne(store: Store, id: string, reason: string, loose: Row[], now: number): Answer {
  const row = store.find(id, now);
  if (row === undefined) return { id, as: "unknown" };
  const was = row.state;
  if (isFinal(was)) return { id, as: "ended", was };
  stopWaiting(store, row);
  end(store, row, { state: "cancelled", error: cancelled(reason) }, now);
  loose.push(row);
  return { id, as: "changed", was };
}

function changeOne(store: Store, id: string, change: Extract<Change, { readonly to: "ready" | "moved" }>, now: number): Answer {
  const row = store.find(id, now);
  if (row === undefined) return { id, as: "unknown" };
  const was = row.state;
  return { id, as: change.to === "ready" ? retry(store, row, change, now) : move(store, row, change, now), was };
}

/**
 * Its links decide where to; and it starts late by the wish of a person, so it does not expire any more.
 */
function retry(store: Store, row: Row, { payload, delayMs }: Extract<Change, { readonly to: "ready" }>, now: number): Answer["as"] {
  if (!isFinal(row.state)) return "unfinished";
  if (row.state === "succeeded") return "ended";
  if (row.failedLinks > 0) return "input";
  if (!isKeyFree(store, row, now)) return "held";
  reopen(store, row);
  row.expiresAt = undefined;
  if (payload !== undefined) row.payload = payload;
  const isBlocked = row.openLinks > 0;
  if (!isBlocked || delayMs !== undefined) row.dueAt = now + (delayMs ?? 0);
  if (isBlocked) store.move(row, "blocked");
  else enterLine(store, row, now);
  retake(store, row, now);
  revive(store, row);
  return "changed";
}

function move(store: Store, row: Row, to: Extract<Change, { readonly to: "moved" }>, now: number): Answer["as"] {
  if (isFinal(row.state)) return "ended";
  if (row.state !== "ready") return row.state === "active" ? "running" : "waiting";
  if (to.queue !== undefined && to.queue !== row.queue.name && holdsKey(store, row, now)) return "held";
  store.unfile(row);
  if (to.queue !== undefined) store.changeQueue(row, to.queue);
  row.priority = to.priority ?? row.priority;
  row.dueAt = to.dueAt ?? row.dueAt;
  enterLine(store, row, now);
  return "changed";
}

/** Forgets jobs that have ended or wait. */
function forgetAll(store: Store, ids: readonly string[], now: number): Answer[] {
  const answers = new Map<string, Answer>();
  // Dependants were stored after what they wait for, or beside it: from the last to the first, and again
  // while that makes others free.
  let left = ids.map((id) => ({ id, row: store.find(id, now) })).sort((a, b) => (b.row?.order ?? 0) - (a.row?.order ?? 0));
  for (let before = Infinity; left.length > 0 && left.length < before;) {
    before = left.length;
    left = left.filter(({ id, row }) => {
      const answer = row === undefined ? ({ id, as: "unknown" } as const) : forgetOne(store, row, now);
      answers.set(id, answer);
      return answer.as === "needed";
    });
  }
  return ids.map((id) => answers.get(id)!);
}

function forgetOne(store: Store, row: Row, now: number): Answer {
  const { id, state: was } = row;
  if (was === "active") return { id, as: "running", was };
  if (row.outs?.some(({ to }) => to.stored && !isFinal(to.state))) return { id, as: "needed", was };
  if (!isFinal(was)) {
    stopWaiting(store, row);
    end(store, row, { state: "cancelled", error: cancelled("removed") }, now);
    arrive(store, [row], now);
  }
  forget(store, row);
  return { id, as: "changed", was };
}
