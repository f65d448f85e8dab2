import { JOB_DEFAULTS } from "../../contract/fields.js";
import { OptionError, UnknownTaskError } from "../../contract/errors.js";
import type { NewJob } from "../../contract/job.js";
import { checkText } from "../../contract/text.js";
import { checkName, DEFAULT_QUEUE, refuseUnknown } from "../task/define.js";
import { toMs } from "../task/duration.js";
import { RETRY_HEADER, retryHeader } from "../task/retry-header.js";
import type { TaskRef } from "../task/ref.js";
import type { TaskDefinition } from "../task/task.js";
import type { EnqueueOptions } from "../task/options.js";
import { checkHeaders } from "../job/headers.js";

/** A job while it is being put together. */
export type Draft = { -readonly [K in keyof NewJob]: NewJob[K] };

const KNOWN = [
  "id",
  "again",
  "queue",
  "priority",
  "delay",
  "at",
  "expiresIn",
  "keepResult",
  "keepFailed",
  "retry",
  "headers",
  "transaction",
] as const satisfies readonly (keyof EnqueueOptions)[];

/**
 * Everything of a job but its id and payload, settled from, in this order: the options of the call, the
 * definition registered in this process, the ref, the defaults.
 *
 * @param also options the caller knows besides those of `EnqueueOptions`
 * @throws {UnknownTaskError} neither registered here nor given with its queue
 * @throws {OptionError} `STEM_NAME_INVALID`, `STEM_OPTION_UNKNOWN`, `STEM_OPTION_INVALID`,
 *   `STEM_DURATION_INVALID`, `STEM_HEADERS_INVALID`
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
  if (draft.priority !== 0) checkPriority(draft);
  return draft;
}

function apply(draft: Draft, options: EnqueueOptions, now: () => number, also: readonly string[] = []): void {
  const of = `of a job of task "${draft.task}"`;
  if (typeof options !== "object" || options === null) refuse(`The options ${of} are ${String(options)}.`, "Give an object, or nothing.");
  refuseUnknown(options, also.length === 0 ? KNOWN : [...KNOWN, ...also], of);
  if (options.id !== undefined) checkText(options.id, `The id ${of}`);
  if (options.again !== undefined) applyAgain(draft, options, of);
  if (options.queue !== undefined) {
    checkName(options.queue, `queue ${of}`);
    draft.queue = options.queue;
  }
  if (options.priority !== undefined) draft.priority = options.priority;
  if (options.keepResult !== undefined) draft.keepResultMs = toMs(options.keepResult, `keepResult ${of}`);
  if (options.keepFailed !== undefined) draft.keepFailedMs = toMs(options.keepFailed, `keepFailed ${of}`);
  if (options.headers !== undefined) draft.headers = checkHeaders(options.headers, of);
  if (options.retry !== undefined) draft.headers = { ...draft.headers, [RETRY_HEADER]: retryHeader(options.retry, of) };
  applyTimes(draft, options, now, of);
}

function applyAgain(draft: Draft, { again, id }: EnqueueOptions, of: string): void {
  if (typeof again !== "boolean") refuse(`The option again ${of} is ${String(again)}.`, "Give true or false.");
  if (!again) return;
  if (id === undefined) refuse(`The option again ${of} is given without an id.`, "Give the id of the job that is to be stored again.");
  draft.known = "again";
}

function applyTimes(draft: Draft, options: EnqueueOptions, now: () => number, of: string): void {
  const { delay, at, expiresIn } = options;
  if (delay !== undefined && at !== undefined) refuse(`Both delay and at ${of} are given.`, "Give one of them.");
  if (typeof delay === "object" && delay !== null && "getTime" in delay)
    refuse(`The delay ${of} is a Date, and is to be a duration.`, "For a moment there is at: { at: date }.");
  if (delay !== undefined) draft.delayMs = toMs(delay, `delay ${of}`);
  if (at !== undefined) {
    // Asked by method, not with instanceof, so that a date of another realm is one too.
    const ms = typeof at === "object" && at !== null && typeof at.getTime === "function" ? at.getTime() : Number.NaN;
    if (!Number.isFinite(ms))
      refuse(`The option at ${of} is ${String(at)}, which is not a valid Date.`, "Give a Date, such as new Date(ms).");
    draft.dueAt = Math.max(0, Math.floor(ms));
  }
  if (expiresIn === undefined) return;
  draft.expiresInMs = toMs(expiresIn, `expiresIn ${of}`);
  const startsInMs = draft.dueAt === undefined ? (draft.delayMs ?? 0) - 1 : draft.dueAt - now();
  if (draft.expiresInMs <= startsInMs) {
    refuse(`A job of task "${draft.task}" would expire before it may start.`, "Give an expiresIn that is longer than the delay.");
  }
}

function checkPriority({ task, priority }: Draft): void {
  if (Number.isInteger(priority) && priority! >= 0 && priority! <= 9) return;
  refuse(`The priority of a job of task "${task}" is ${String(priority)}.`, "Give a whole number from 0 to 9; the higher goes first.");
}

function refuse(what: string, hint: string): never {
  throw new OptionError("STEM_OPTION_INVALID", what, hint);
}
