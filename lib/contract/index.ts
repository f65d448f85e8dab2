export type * from "./adapter.js";
export { byReason, carries } from "./along.js";
export type * from "./along.js";
export type * from "./broker.js";
export { checkAlong, checkJobs, expiryOf } from "./check.js";
export type { Self } from "./check.js";
export { byIds } from "./change.js";
export { ENDED_PAYLOAD, withEnded } from "./ended.js";
export {
  JobFailedError,
  nearest,
  OptionError,
  PayloadError,
  ResultNotKeptError,
  ResultTimeoutError,
  StemError,
  StoreError,
  UnknownJobError,
  UnknownScheduleError,
  UnknownTaskError,
  UnsupportedError,
} from "./errors.js";
export type * from "./events.js";
export { COMMON_KINDS, FIELDS, hasDueTime, hasExpiry, hasFacts, hasLinks, JOB_DEFAULTS } from "./fields.js";
export type { FieldKind } from "./fields.js";
export { checkChange, checkCountFilter, checkJobFilter, checkTexts, checkWhich, idsOf } from "./filters.js";
export { guardTexts } from "./guard.js";
export { cancelled, expired, inputEnded, lapsed } from "./failures.js";
export type * from "./hints.js";
export { isFinal, JOB_STATES, mayMove, NEXT_STATES } from "./job.js";
export type * from "./job.js";
export type * from "./jobs.js";
export type * from "./journal.js";
export { isLaterLease, isSameLease, leaseText } from "./lease.js";
export type * from "./limits.js";
export type * from "./locks.js";
export { idsMet, metKnown } from "./met.js";
export type { Met } from "./met.js";
export { LOG_LINES, saysSomething } from "./note.js";
export type { LogLine, Note, Noted } from "./note.js";
export { limitOf, LOOKED, markOf, numberFrom, PAGE, pageOf, placeOf } from "./page.js";
export type { ListOrder, Page, PageFilter } from "./page.js";
export { Portion } from "./portion.js";
export { countedUpTo, isQueueUsed, queueInfo, queuesPerPage } from "./queues.js";
export type * from "./queues.js";
export { bytesOfRecord, RecordPage } from "./record-page.js";
export * from "./records.js";
export { firedOf, RUN_TIME } from "./schedules.js";
export type * from "./schedules.js";
export { bytesOf, bytesOfAlong, bytesOfJob, bytesOfSettlement, CALL_BYTES, fitting } from "./size.js";
export { checkText, flawOfCharacters, flawOfText, LONGEST, TEXT_REMEDY } from "./text.js";
export { toFailure } from "./thrown.js";
export { isTime, LONGEST_MS, TIME_RULE } from "./times.js";
export { lackingVerbs, VERBS } from "./verbs.js";
export { bareCause, shownAddress } from "./secrets.js";
export { IdTakenError } from "./taken.js";
export type * from "./workers.js";
