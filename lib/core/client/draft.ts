import { JOB_DEFAULTS } from "../../contract/fields.js";
import { OptionError, UnknownTaskError } from "../../contract/errors.js";
import type { NewJob } from "../../contract/job.js";
import { checkName, DEFAULT_QUEUE, refuseUnknown } from "../task/define.js";
import { RETRY_HEADER } from "../task/retry-header.js";
import type { TaskRef } from "../task/ref.js";
import type { TaskDefinition } from "../task/task.js";
import { ENQUEUE_OPTIONS, type EnqueueOptions, OPTIONS } from "../task/options.js";

/** A job while it is being built. */
export type Draft = { -readonly [K in keyof NewJob]: NewJob[K] };

/**
 * All fields of a job but its id and payload.
 * They come from, in this order: the options of the call, the definition registered in this process, the ref,
 * the defaults.
 *
 * @param also options the caller knows besides those of `EnqueueOptions`
 * @throws {UnknownTaskError} neither registered here nor given with its queue
 * @throws {OptionError} `STEM_NAME_INVALID`, `STEM_OPTION_UNKNOWN`, `STEM_OPTION_INVALID`,
 * `STEM_DURATION_INVALID`, `STEM_HEADERS_INVALID`
 */
export function draftOf(
  ref: TaskRef,
  definition: TaskDefinition | undefined,
  options: EnqueueOptions | undefined,
  parts: { readonly now: () => number; readonly names: () => readonly string[]; readonly also?: readonly string[] },
): Draft {
  if (definition === undefined) {
    checkName(ref.name, "task name");
    const queue = options?.queue ?? ref.queue;
    if (queue === undefined) throw new UnknownTaskError(ref.name, parts.names());
    if (options?.queue === undefined) checkName(queue, `queue of task "${ref.name}"`);
  }
  const draft: Draft = {
    id: "",
    task: ref.name,
    queue: definition?.queue ?? ref.queue ?? DEFAULT_QUEUE,
    payload: "",
    priority: definition?.priority ?? ref.priority ?? JOB_DEFAULTS.priority,
    keepResultMs: definition?.keepResultMs ?? ref.keepResultMs ?? JOB_DEFAULTS.keepResultMs,
    keepFailedMs: definition?.keepFailedMs ?? ref.keepFailedMs ?? JOB_DEFAULTS.keepFailedMs,
  };
  if (options !== undefined) apply(draft, options, parts.now, parts.also);
  if (draft.priority !== 0) OPTIONS.priority.parse(draft.priority!, `of a job of task "${draft.task}"`);
  return draft;
}

function apply(draft: Draft, options: EnqueueOptions, now: () => number, also: readonly string[] = []): void {
  const of = `of a job of task "${draft.task}"`;
  if (typeof options !== "object" || options === null) refuse(`The options ${of} are ${String(options)}.`, "Give an object, or nothing.");
  refuseUnknown(options, also.length === 0 ? ENQUEUE_OPTIONS : [...ENQUEUE_OPTIONS, ...also], of);
  if (options.id !== undefined) OPTIONS.id.parse(options.id, of);
  if (options.again !== undefined) applyAgain(draft, options, of);
  if (options.unique !== undefined) draft.unique = OPTIONS.unique.parse(options.unique, of);
  if (options.queue !== undefined) draft.queue = OPTIONS.queue.parse(options.queue, of);
  if (options.priority !== undefined) draft.priority = options.priority;
  if (options.keepResult !== undefined) draft.keepResultMs = OPTIONS.keepResult.parse(options.keepResult, of);
  if (options.keepFailed !== undefined) draft.keepFailedMs = OPTIONS.keepFailed.parse(options.keepFailed, of);
  if (options.headers !== undefined) draft.headers = OPTIONS.headers.parse(options.headers, of);
  if (options.retry !== undefined) draft.headers = { ...draft.headers, [RETRY_HEADER]: OPTIONS.retry.parse(options.retry, of) };
  applyTimes(draft, options, now, of);
}

function applyAgain(draft: Draft, { again, id }: EnqueueOptions, of: string): void {
  if (!OPTIONS.again.parse(again!, of)) return;
  if (id === undefined) refuse(`The option again ${of} is given without an id.`, "Give the id of the job that is to be stored again.");
  draft.known = "again";
}

function applyTimes(draft: Draft, options: EnqueueOptions, now: () => number, of: string): void {
  const { delay, at, expiresIn } = options;
  if (delay !== undefined && at !== undefined) refuse(`Both delay and at ${of} are given.`, "Give one of them.");
  if (delay !== undefined) draft.delayMs = OPTIONS.delay.parse(delay, of);
  if (at !== undefined) draft.dueAt = OPTIONS.at.parse(at, of);
  if (expiresIn === undefined) return;
  draft.expiresInMs = OPTIONS.expiresIn.parse(expiresIn, of);
  const startsInMs = draft.dueAt === undefined ? (draft.delayMs ?? 0) - 1 : draft.dueAt - now();
  if (draft.expiresInMs <= startsInMs) {
    refuse(`A job of task "${draft.task}" would expire before it may start.`, "Give an expiresIn that is longer than the delay.");
  }
}

function refuse(what: string, hint: string): never {
  throw new OptionError("STEM_OPTION_INVALID", what, hint);
}
