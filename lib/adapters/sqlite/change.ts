import { byIds, cancelled, idsOf, isFinal, PAGE, withEnded } from "../../contract/index.js";
import type { Answer, At, Change, Changed, JobFilter, Which } from "../../contract/index.js";
import { laneOf, priorityIn, queueIn, STANDS, STATES } from "../relational/codes.js";
import type { Loose } from "../relational/ends.js";
import { takeEnded } from "./ended.js";
import { endBadly, enterLine, followLinks, reopenLinks, revive } from "./links.js";
import { look } from "./list.js";
import { forget, present } from "./prune.js";
import { FROM } from "./rows.js";
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
  const found: string[] = [];
  const take = ([id]: unknown[]): boolean => found.push(id as string) > 0;
  const next = look(store, filter, now, { columns: "SELECT j.id", most: Math.min(filter.limit ?? PAGE, PAGE), take });
  const { answers, ended } = changeAll(store, found, change, now);
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
  cancelled: (store, ids, { reason }, now) => cancelAll(store, ids, reason, now),
  ready: retryAll,
  forgotten: (store, ids, _, now) => forgetAll(store, ids, now),
  moved: (store, ids, to, now) => ids.map((id) => moveOne(store, id, to, now)),
};

/** Where a job stands, and what changing it needs to know. */
export interface Found {
  readonly seq: number;
  readonly was: ReturnType<typeof stateOf>;
  readonly lane: number;
  readonly dueAt: number;
  readonly attempts: number;
  readonly fence: number;
  readonly startedAt: number | null;
  readonly keepFailed: number | null;
  readonly links: number;
  readonly open: number;
  readonly failed: number;
  readonly cause: string | null;
}

const stateOf = (stands: number) => STATES[stands]!;

/** Finds a job by its id; undefined where nothing is stored. */
export function find(store: Store, id: string, now: number): Found | undefined {
  const row = store
    .sql(
      `SELECT j.seq, ${STANDS} AS stands, j.lane, coalesce(j.due_at, j.enqueued_at) AS dueAt, j.attempts + (a.seq IS NOT NULL) AS attempts,
         coalesce(a.fence, j.fence) AS fence, coalesce(a.started_at, j.started_at) AS startedAt, j.keep_failed AS keepFailed, j.links,
         j.open, j.failed, e.cause ${FROM} WHERE j.id = ? AND ${present("e")}`,
    )
    .get({ now }, id) as (Omit<Found, "was"> & { readonly stands: number }) | undefined;
  return row && { ...row, was: stateOf(row.stands) };
}

/** Takes a ready job out of its line. */
export function leaveLine(store: Store, { lane, dueAt, seq }: Pick<Found, "lane" | "dueAt" | "seq">): void {
  store.sql("DELETE FROM line WHERE lane = ? AND due_at = ? AND seq = ?").run(lane, dueAt, seq);
}

/** Ends the wait of a parked job. */
export function leavePark(store: Store, seq: number): void {
  store.sql("DELETE FROM parked WHERE seq = ?").run(seq);
  store.sql("DELETE FROM waits WHERE seq = ?").run(seq);
}

/**
 * Ends unfinished jobs inside the caller's transaction, and then the jobs that wait for them.
 *
 * @param later takes those whose links the caller will follow itself
 */
export function cancelAll(store: Store, ids: readonly string[], reason: string, now: number, later?: Loose[]): readonly Answer[] {
  const loose = later ?? [];
  const answers = ids.map((id) => cancelOne(store, id, reason, now, loose));
  // After all of them, so that one that was asked for by name is not ended as a dependant.
  if (later === undefined) followLinks(store, loose, now);
  return answers;
}

function cancelOne(store: Store, id: string, reason: string, now: number, loose: Loose[]): Answer {
  const job = find(store, id, now);
  if (job === undefined) return { id, as: "unknown" };
  const { seq, was } = job;
  if (isFinal(was)) return { id, as: "ended", was };
  if (was === "ready") leaveLine(store, job);
  else if (was === "active") store.sql("DELETE FROM active WHERE seq = ?").run(seq);
  else if (was === "parked") leavePark(store, seq);
  endBadly(store, { ...job, id, state: "cancelled", cause: null, error: cancelled(reason) }, now, loose);
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
    retry(store, job, to, now);
    seqs.push(job.seq);
    return { id, as: "changed", was };
  });
  reopenLinks(store, seqs);
  return answers;
}

/** Its links decide where to; and it starts late by the wish of a person, so it does not expire any more. */
function retry(store: Store, { seq, lane, open }: Found, { payload, delayMs }: Of<"ready">, now: number): void {
  revive(store, seq);
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
  if (!isFinal(was)) cancelAll(store, [id], "removed", now);
  forget(store, [seq]);
  return { id, as: "changed", was };
}
