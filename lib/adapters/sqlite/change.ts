import { byIds, cancelled, idsOf, isFinal, PAGE, withEnded } from "../../contract/index.js";
import type { Answer, At, Change, Changed, JobFilter, Which } from "../../contract/index.js";
import { laneOf, priorityIn, queueIn } from "../relational/codes.js";
import type { Loose } from "../relational/ends.js";
import { takeEnded } from "./ended.js";
import { holdsKey, isKeyFree, retake } from "./keys.js";
import { enterLine, leaveLine } from "./line.js";
import { arrive, end, reopen, revive } from "./links.js";
import { idsIn } from "./list.js";
import { stopWaiting } from "./park.js";
import { forget } from "./prune.js";
import { find, type Found } from "./rows.js";
import type { Store } from "./store.js";

/** Runs a transaction. */
export type Write = <T>(work: () => T) => Promise<T>;

/** Changes jobs, by ids or by a filter. */
export async function changeJobs(store: Store, which: Which, change: Change, options: At | undefined, write: Write): Promise<Changed> {
  const ids = idsOf(which);
  const done =
    ids === undefined
      ? await write(() => changeFitting(store, which as JobFilter, change, store.clock(options)))
      : await byIds(ids, change.to, (part) => write(() => changeAll(store, part, change, store.clock(options))));
  const stopped = done.answers.filter(({ as, was }) => change.to === "cancelled" && as === "changed" && was === "active");
  if (stopped.length > 0) store.tell({ kind: "cancelled", ids: stopped.map(({ id }) => id) });
  return done;
}

function changeFitting(store: Store, filter: JobFilter, change: Change, now: number): Changed {
  const { ids, next } = idsIn(store, filter, now, Math.min(filter.limit ?? PAGE, PAGE));
  const { answers, ended } = changeAll(store, ids, change, now);
  return withEnded({ answers, ...(next !== undefined && { next }) }, ended);
}

/** Changes jobs inside the caller's transaction. */
function changeAll(store: Store, ids: readonly string[], change: Change, now: number) {
  const answers = CHANGES[change.to](store, ids, change as never, now);
  // The caller of this change knows that they have ended.
  if (change.to === "forgotten") store.ended = [];
  return { answers, ended: takeEnded(store) };
}

type Of<To extends Change["to"]> = Extract<Change, { readonly to: To }>;

const CHANGES: {
  readonly [To in Change["to"]]: (store: Store, ids: readonly string[], change: Of<To>, now: number) => readonly Answer[];
} = {
  cancelled: (store, ids, { reason }, now) => cancel(store, ids, reason, now),
  ready: retryAll,
  forgotten: (store, ids, _, now) => forgetAll(store, ids, now),
  moved: (store, ids, to, now) => ids.map((id) => moveOne(store, id, to, now)),
};

/**
 * Ends unfinished jobs inside the caller's transaction, and then the jobs that wait for them.
 *
 * @param later takes those whose links the caller will follow itself
 */
export function cancel(store: Store, ids: readonly string[], reason: string, now: number, later?: Loose[]): readonly Answer[] {
  const loose = later ?? [];
  const answers = ids.map((id) => cancelOne(store, id, reason, now, loose));
  // After all of them, so that one that was asked for by name is not ended as a dependant.
  if (later === undefined) arrive(store, loose, now);
  return answers;
}

function cancelOne(store: Store, id: string, reason: string, now: number, loose: Loose[]): Answer {
  const job = find(store, id, now);
  if (job === undefined) return { id, as: "unknown" };
  const { seq, was } = job;
  if (isFinal(was)) return { id, as: "ended", was };
  if (was === "ready") leaveLine(store, job);
  else if (was === "active") store.sql("DELETE FROM active WHERE seq = ?").run(seq);
  else if (was === "parked") stopWaiting(store, seq);
  end(store, { ...job, id, state: "cancelled", cause: null, error: cancelled(reason) }, now, loose);
  return { id, as: "changed", was };
}

function retryAll(store: Store, ids: readonly string[], to: Of<"ready">, now: number): readonly Answer[] {
  const seqs: number[] = [];
  const answers = ids.map((id): Answer => {
    const job = find(store, id, now);
    if (job === undefined) return { id, as: "unknown" };
    const { was } = job;
    if (!isFinal(was)) return { id, as: "unfinished", was };
    if (was === "succeeded") return { id, as: "ended", was };
    if (job.failed > 0 || job.cause === "input") return { id, as: "input", was };
    if (!isKeyFree(store, job, now)) return { id, as: "held", was };
    retry(store, job, to, now);
    retake(store, job);
    seqs.push(job.seq);
    return { id, as: "changed", was };
  });
  revive(store, seqs);
  return answers;
}

/** Its links decide where to; and it starts late by the wish of a person, so it does not expire any more. */
function retry(store: Store, { seq, lane, open }: Found, { payload, delayMs }: Of<"ready">, now: number): void {
  reopen(store, seq);
  store.sql("UPDATE jobs SET expires_at = NULL WHERE seq = ?").run(seq);
  if (payload !== undefined) store.sql("UPDATE jobs SET payload = ? WHERE seq = ?").run(payload, seq);
  const dueAt = now + (delayMs ?? 0);
  if (open === 0 || delayMs !== undefined) store.sql("UPDATE jobs SET due_at = ? WHERE seq = ?").run(dueAt, seq);
  if (open === 0) enterLine(store, seq, lane, dueAt);
}

function moveOne(store: Store, id: string, to: Of<"moved">, now: number): Answer {
  const job = find(store, id, now);
  if (job === undefined) return { id, as: "unknown" };
  const { seq, was } = job;
  if (was !== "ready") return { id, as: isFinal(was) ? "ended" : was === "active" ? "running" : "waiting", was };
  if (to.queue !== undefined && to.queue !== store.queueOf(job.lane) && holdsKey(store, job, now)) return { id, as: "held", was };
  const queue = to.queue === undefined ? queueIn(job.lane) : store.queueNumber(to.queue);
  const lane = laneOf(queue, to.priority ?? priorityIn(job.lane));
  const dueAt = to.dueAt ?? job.dueAt;
  leaveLine(store, job);
  store.sql("UPDATE jobs SET lane = ?, due_at = ? WHERE seq = ?").run(lane, dueAt, seq);
  enterLine(store, seq, lane, dueAt);
  return { id, as: "changed", was };
}

/** Forgets jobs that have ended or wait. */
function forgetAll(store: Store, ids: readonly string[], now: number): readonly Answer[] {
  const answers = new Map<string, Answer>();
  // Dependants were mostly stored after what they wait for: from the last to the first, and again while that
  // makes others free.
  let left = ids.map((id) => ({ id, job: find(store, id, now) })).sort((a, b) => (b.job?.seq ?? 0) - (a.job?.seq ?? 0));
  for (let before = Infinity; left.length > 0 && left.length < before;) {
    before = left.length;
    left = left.filter(({ id, job }) => {
      const answer = job === undefined ? ({ id, as: "unknown" } as const) : forgetOne(store, id, job, now);
      answers.set(id, answer);
      return answer.as === "needed";
    });
  }
  return ids.map((id) => answers.get(id)!);
}

function forgetOne(store: Store, id: string, { seq, was }: Found, now: number): Answer {
  if (was === "active") return { id, as: "running", was };
  const waits = store.value(
    "SELECT 1 FROM links l JOIN jobs t ON t.seq = l.to_seq LEFT JOIN ended x ON x.seq = l.to_seq WHERE l.from_seq = ? AND x.seq IS NULL LIMIT 1",
  );
  if (waits.get(seq) !== undefined) return { id, as: "needed", was };
  if (!isFinal(was)) cancel(store, [id], "removed", now);
  forget(store, [seq]);
  return { id, as: "changed", was };
}
