import type { Hint, Hints } from "../../contract/hints.js";
import type { NewJob } from "../../contract/job.js";
import type { JobRecord } from "../../contract/results.js";

/*
 * A job whose record is forgotten as it ends (`keepResult: 0`) leaves nothing to read. Whoever waits for it
 * asks the workers through hints to be told, and the one that ran it answers. Hints may be lost, so this
 * promises nothing: a waiter that hears nothing says that the result was not kept.
 */

/** Topics of hints. Messages are lists: of ids, and of ends. */
const ASKED = "results.who-ends";
const ANSWERED = "results.ended";

/** Ids in one question. */
const MOST_IDS = 100;

/** Characters of results in one message, at most; what is longer is not answered. */
export const MOST_CHARS = 65_536;

/** What a waiter needs to know of a job that has ended. */
export type End = Pick<JobRecord, "id" | "task" | "state" | "result" | "error">;

/**
 * As a worker tells it. The moment of its enqueue, or its token, tells apart the jobs that had one id, one
 * after the other.
 */
export type ToldEnd = End & Pick<JobRecord, "enqueuedAt"> & { readonly token?: string };

/** Header of a job whose record may be gone when it ends: whose call it was; `-` where its id tells that. */
export const TOKEN_HEADER = "stem-token";

/** Records that are kept for less may be gone before whoever waits has read them. */
export const LEAST_KEEP_MS = 60_000;

/** What a handle knows of its job, because its own call has stored it. */
export interface Stored {
  /** Its record may be forgotten as soon as it ends. */
  readonly brief: boolean;
  /** The id was made by us, so that no other job has it. */
  readonly ours: boolean;
  readonly token?: string | undefined;
}

/** Whether the record of a job may be gone before whoever waits has read it. */
export function isBrief({ keepResultMs, keepFailedMs }: Pick<NewJob, "keepResultMs" | "keepFailedMs">): boolean {
  return keepResultMs! < LEAST_KEEP_MS || keepFailedMs! < LEAST_KEEP_MS;
}

/**
 * Marks a job whose record may soon be gone, unless it has a token, so that its worker knows, whatever its
 * own code says of the task. The same object for all: where headers are alike they are written once.
 */
export function markBrief(job: Pick<NewJob, "keepResultMs" | "keepFailedMs" | "headers">): void {
  if (!isBrief(job) || job.headers?.[TOKEN_HEADER] !== undefined) return;
  (job as { headers: NewJob["headers"] }).headers = job.headers === undefined ? MARKED : { ...job.headers, ...MARKED };
}

const ANYBODYS = "-";
const MARKED = { [TOKEN_HEADER]: ANYBODYS };

/**
 * What a handle may know of a job that its call has stored. How long one that was there before is kept is not
 * known.
 */
export function storedAs(draft: Pick<NewJob, "keepResultMs" | "keepFailedMs" | "headers">, duplicate: boolean, ours: boolean): Stored {
  if (duplicate) return OTHERS;
  if (!isBrief(draft)) return ours ? OURS : KEPT;
  const token = draft.headers?.[TOKEN_HEADER];
  // That one is on all marked jobs, so it tells none apart.
  return ours ? BRIEF_OURS : { brief: true, ours, token: token === ANYBODYS ? undefined : token };
}

const OTHERS: Stored = { brief: true, ours: false };
const KEPT: Stored = { brief: false, ours: false };
const OURS: Stored = { brief: false, ours: true };
const BRIEF_OURS: Stored = { brief: true, ours: true };

/** Asks workers to tell how these jobs end. */
export function ask(hints: Hints, ids: readonly string[]): void {
  for (let from = 0; from < ids.length; from += MOST_IDS) hints.control(ASKED, JSON.stringify(ids.slice(from, from + MOST_IDS)));
}

/** Tells whoever waits how jobs have ended. */
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

/** The ids that somebody asks for, if this is a question. */
export function askedIn(hint: Hint): readonly string[] {
  return hint.kind === "control" && hint.topic === ASKED ? listed(hint.message).filter((id): id is string => typeof id === "string") : [];
}

/** The ends that are told, if this is an answer. */
export function toldIn(hint: Hint): readonly ToldEnd[] {
  return hint.kind === "control" && hint.topic === ANSWERED ? listed(hint.message).filter(isTold) : [];
}

function listed(message: string): readonly unknown[] {
  try {
    const list: unknown = JSON.parse(message);
    return Array.isArray(list) ? list : [];
  } catch {
    // Of another version of this package.
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
