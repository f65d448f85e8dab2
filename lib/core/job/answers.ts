import type { Hint, Hints } from "../../contract/hints.js";
import type { NewJob } from "../../contract/job.js";
import type { JobRecord } from "../../contract/jobs.js";

/*
 * A job whose record is forgotten as it ends (`keepResult: 0`) leaves nothing to read. A waiter asks the
 * workers through hints, and the worker that ran the job answers. Hints may be lost, so this promises
 * nothing: a waiter without an answer reports that the result was not kept.
 */

/** Topics of hints. Messages are lists: of ids, and of ends. */
const ASKED = "results.who-ends";
const ANSWERED = "results.ended";

/** Ids in one question. */
const MOST_IDS = 100;

/** The most characters of results in one message; a longer result is not sent. */
export const MOST_CHARS = 65_536;

/** What a waiter needs to know about a job that has ended. */
export type End = Pick<JobRecord, "id" | "task" | "state" | "result" | "error">;

/**
 * An end as a worker sends it.
 * The moment of its enqueue, or its token, distinguishes the jobs that had one id, one after the other.
 */
export type ToldEnd = End & Pick<JobRecord, "enqueuedAt"> & { readonly token?: string };

/**
 * Header of a job whose record may be gone when it ends: the token of its call.
 * It is `-` if the id is unique already.
 */
export const TOKEN_HEADER = "stem-token";

/** Records that are kept for less may be gone before a waiter has read them. */
export const LEAST_KEEP_MS = 60_000;

/** What a handle knows about its job, because its own call has stored it. */
export interface Stored {
  /** Its record may be forgotten as soon as it ends. */
  readonly brief: boolean;
  /** Stem made the id, so that no other job has it. */
  readonly ours: boolean;
  readonly token?: string | undefined;
}

/** Whether the record of a job may be gone before a waiter has read it. */
export function isBrief({ keepResultMs, keepFailedMs }: Pick<NewJob, "keepResultMs" | "keepFailedMs">): boolean {
  return keepResultMs! < LEAST_KEEP_MS || keepFailedMs! < LEAST_KEEP_MS;
}

/**
 * Marks a job whose record may soon be gone, unless it has a token.
 * Its worker then knows it, with any options of the task in its own code. The same object for all: equal
 * headers are written once.
 */
export function markBrief(job: Pick<NewJob, "keepResultMs" | "keepFailedMs" | "headers">): void {
  if (!isBrief(job) || job.headers?.[TOKEN_HEADER] !== undefined) return;
  (job as { headers: NewJob["headers"] }).headers = job.headers === undefined ? MARKED : { ...job.headers, ...MARKED };
}

const ANYBODYS = "-";
const MARKED = { [TOKEN_HEADER]: ANYBODYS };

/**
 * What a handle may know about a job that its call has stored.
 * How long the record of an earlier job is kept is unknown.
 */
export function storedAs(draft: Pick<NewJob, "keepResultMs" | "keepFailedMs" | "headers">, duplicate: boolean, ours: boolean): Stored {
  if (duplicate) return OTHERS;
  if (!isBrief(draft)) return ours ? OURS : KEPT;
  const token = draft.headers?.[TOKEN_HEADER];
  // That one is on all marked jobs, so it identifies none.
  return ours ? BRIEF_OURS : { brief: true, ours, token: token === ANYBODYS ? undefined : token };
}

const OTHERS: Stored = { brief: true, ours: false };
const KEPT: Stored = { brief: false, ours: false };
const OURS: Stored = { brief: false, ours: true };
const BRIEF_OURS: Stored = { brief: true, ours: true };

/** Asks workers to send how these jobs end. */
export function ask(hints: Hints, ids: readonly string[]): void {
  for (let from = 0; from < ids.length; from += MOST_IDS) hints.control(ASKED, JSON.stringify(ids.slice(from, from + MOST_IDS)));
}

/** Sends waiters how jobs have ended. */
export function answer(hints: Hints, ends: readonly ToldEnd[]): void {
  let [part, chars]: [ToldEnd[], number] = [[], 0];
  for (const end of ends) {
    const more = end.result?.length ?? 0;
    if (more > MOST_CHARS) continue;
    if (chars + more > MOST_CHARS) {
      hints.control(ANSWERED, JSON.stringify(part));
      [part, chars] = [[], 0];
    }
    part.push(end);
    chars += more;
  }
  if (part.length > 0) hints.control(ANSWERED, JSON.stringify(part));
}

/** The ids in a question; none for other hints. */
export function askedIn(hint: Hint): readonly string[] {
  return hint.kind === "control" && hint.topic === ASKED ? listed(hint.message).filter((id): id is string => typeof id === "string") : [];
}

/** The ends in an answer; none for other hints. */
export function toldIn(hint: Hint): readonly ToldEnd[] {
  return hint.kind === "control" && hint.topic === ANSWERED ? listed(hint.message).filter(isTold) : [];
}

function listed(message: string): readonly unknown[] {
  try {
    const list: unknown = JSON.parse(message);
    return Array.isArray(list) ? list : [];
  } catch {
    // From another version of this package.
    return [];
  }
}

function isTold(end: unknown): end is ToldEnd {
  if (typeof end !== "object" || end === null) return false;
  const { id, task, state, enqueuedAt } = end as Partial<ToldEnd>;
  return (
    typeof id === "string" && typeof task === "string" && typeof enqueuedAt === "number" && (state === "succeeded" || state === "failed")
  );
}
