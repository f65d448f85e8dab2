import { nearest, OptionError } from "./errors.js";
import { JOB_STATES } from "./job.js";
import type { Change, Choosing, CountFilter, JobFilter, Which } from "./jobs.js";
import type { PageFilter } from "./page.js";
import type { QueueChange, QueueFilter } from "./queues.js";
import { isRecord, refuseUnknown, shown } from "./options.js";
import { checkText, LONGEST } from "./text.js";

/*
 * A filter that is not understood must not mean "all". Every verb that takes one passes it to a function of
 * this file first. The adapters do so as well, since what is forgotten by mistake cannot be brought back.
 */

/** The test of each kind of field, and its words for errors. */
const KINDS = {
  text: { is: (value: unknown) => typeof value === "string", give: "a string" },
  texts: {
    is: (value: unknown) => Array.isArray(value) && value.every((one) => typeof one === "string"),
    give: "a list of strings",
  },
  list: { is: (value: unknown) => Array.isArray(value), give: "a list" },
  moment: { is: (value: unknown) => Number.isFinite(value), give: "milliseconds since the epoch, such as date.getTime()" },
  amount: { is: (value: unknown) => Number.isSafeInteger(value) && (value as number) >= 1, give: "a whole number of 1 or more" },
  state: { is: (value: unknown) => (JOB_STATES as readonly unknown[]).includes(value), give: `one of ${JOB_STATES.join(", ")}` },
  either: { is: (value: unknown) => typeof value === "boolean", give: "true or false" },
  whole: { is: (value: unknown) => Number.isSafeInteger(value) && (value as number) >= 0, give: "a whole number of 0 or more" },
  priority: {
    is: (value: unknown) => Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 9,
    give: "a whole number from 0 to 9",
  },
  yes: { is: (value: unknown) => value === true, give: "true, or leave it out" },
} as const;

/** What a field of a filter may be. */
export type FilterKind = keyof typeof KINDS;
type Fields<F> = { readonly [K in keyof F]-?: FilterKind };

const COUNT = { task: "text", queue: "text", group: "text" } as const satisfies Fields<CountFilter>;
const CHOOSING = { state: "state", ...COUNT, dead: "yes", before: "moment" } as const satisfies Fields<Pick<JobFilter, Choosing>>;
const PAGED = { limit: "amount", cursor: "text", from: "text" } as const;
const JOBS = { ...CHOOSING, delayed: "either", ids: "texts", ...PAGED } as const satisfies Fields<JobFilter>;
const WHICH = { ...JOBS, all: "yes" } as const;
const PAGE_OF = { limit: "amount", from: "text" } as const satisfies Fields<PageFilter>;
const QUEUES = { names: "texts", upTo: "amount", ...PAGE_OF } as const satisfies Fields<QueueFilter>;
const QUEUE_CHANGE = { paused: "either" } as const satisfies Fields<QueueChange>;

/**
 * Refuses a filter of jobs with an unknown field, or a wrong value.
 * @throws {OptionError} `STEM_OPTION_UNKNOWN`, `STEM_OPTION_INVALID`
 */
export function checkJobFilter(filter: JobFilter | undefined): void {
  if (filter === undefined) return;
  const of = "of a filter of jobs";
  checkFields(filter, JOBS, of);
  checkStart(filter, of);
}

/** As `checkJobFilter`, for a page of a list, such as that of the workers. */
export function checkPageFilter(filter: PageFilter | undefined, of: string): void {
  if (filter !== undefined) checkFields(filter, PAGE_OF, of);
}

/** As `checkJobFilter`, for queues. */
export function checkQueueFilter(filter: QueueFilter | undefined): void {
  if (filter !== undefined) checkFields(filter, QUEUES, "of a filter of queues");
}

/** Refuses a change of queues that does not say what to change: a misspelt pause must not resume. */
export function checkQueueChange(change: QueueChange): void {
  checkFields(change, QUEUE_CHANGE, "of a change of queues");
  if (typeof change.paused === "boolean") return;
  throw new OptionError("STEM_OPTION_INVALID", "A change of queues says nothing.", "Give { paused: true } or { paused: false }.");
}

/** As `checkJobFilter`, for counts. */
export function checkCountFilter(filter: CountFilter | undefined): void {
  if (filter !== undefined) checkFields(filter, COUNT, "of a filter of counts");
}

/**
 * Refuses a choice of jobs to change that chooses nothing, or is not understood.
 * A field that is undefined chooses nothing.
 *
 * @throws {OptionError} `STEM_FILTER_EMPTY`: nothing is chosen; `STEM_OPTION_UNKNOWN`, `STEM_OPTION_INVALID`
 */
export function checkWhich(which: Which): void {
  const of = "of a change of jobs";
  checkFields(which, WHICH, of);
  checkStart(which, of);
  if (idsOf(which) === undefined) refuseEmpty(which, CHOOSING, of);
}

/** The ids of a choice by ids alone; undefined for one by a filter. */
export function idsOf(which: Which): readonly string[] | undefined {
  const { ids, ...rest }: Partial<Which> = which;
  return Object.values(rest).every((value) => value === undefined) ? ids : undefined;
}

/**
 * Refuses a change that is not known, or that no job can be changed to.
 * @throws {OptionError} `STEM_OPTION_UNKNOWN`, `STEM_OPTION_INVALID`
 */
export function checkChange(change: Change): void {
  const to: unknown = isRecord(change) ? change.to : undefined;
  const fields = typeof to === "string" && Object.hasOwn(CHANGES, to) ? CHANGES[to as Change["to"]] : undefined;
  if (fields === undefined)
    throw new OptionError(
      "STEM_OPTION_INVALID",
      `Jobs are to be changed to ${shown(to ?? change)}.`,
      `Give { to } with one of ${Object.keys(CHANGES).join(", ")}.`,
    );
  checkFields(change, { to: "text", ...fields }, `of a change to ${change.to}`);
  if (change.to === "cancelled") checkText(change.reason, "The reason of a cancel", LONGEST.reason, 0);
  if (change.to !== "moved") return;
  if (change.queue !== undefined) checkText(change.queue, "The name of a queue to move jobs to");
  if (change.priority !== undefined || change.dueAt !== undefined || change.queue !== undefined) return;
  throw new OptionError("STEM_OPTION_INVALID", "A move says nothing of where to.", "Give at least one of priority, dueAt, queue.");
}

const CHANGES = {
  cancelled: { reason: "text" },
  ready: { payload: "text", delayMs: "whole" },
  forgotten: {},
  moved: { priority: "priority", dueAt: "whole", queue: "text" },
} as const satisfies { readonly [To in Change["to"]]: Fields<Omit<Extract<Change, { readonly to: To }>, "to">> };

/** Refuses a value that is not a list of ids, or of names. @throws {OptionError} `STEM_OPTION_INVALID` */
export function checkTexts(ids: readonly string[], what: string): void {
  if (KINDS.texts.is(ids)) return;
  throw new OptionError("STEM_OPTION_INVALID", `The ${what} are ${shown(ids)}.`, "Give a list of strings.");
}

/** Refuses fields that are not known, and values that cannot be. @throws {OptionError} */
export function checkFields(filter: object, fields: Readonly<Record<string, FilterKind>>, of: string): void {
  if (!isRecord(filter))
    throw new OptionError(
      "STEM_OPTION_INVALID",
      `What is given as fields ${of} is ${shown(filter)}.`,
      `Give an object with some of ${Object.keys(fields).join(", ")}.`,
    );
  refuseUnknown(filter, Object.keys(fields), of);
  for (const [key, value] of Object.entries(filter)) {
    const { is, give } = KINDS[fields[key]!];
    if (value === undefined || is(value)) continue;
    const near = fields[key] === "state" && typeof value === "string" ? nearest(value, JOB_STATES) : undefined;
    throw new OptionError(
      "STEM_OPTION_INVALID",
      `The ${key} ${of} is ${shown(value)}.`,
      near === undefined ? `Give ${give}.` : `Did you mean "${near}"? Give ${give}.`,
    );
  }
}

function checkStart({ cursor, from }: { readonly cursor?: string | undefined; readonly from?: string | undefined }, of: string): void {
  if (cursor === undefined || from === undefined) return;
  throw new OptionError("STEM_OPTION_INVALID", `The cursor and the from ${of} exclude each other.`, "Give one of them.");
}

/** Refuses a filter that chooses nothing, or both all and some. @throws {OptionError} */
export function refuseEmpty(given: object, choosing: object, of: string): void {
  const filter = given as Readonly<Record<string, unknown>>;
  const chosen = Object.keys(choosing).filter((key) => filter[key] !== undefined);
  if (filter["all"] === true && chosen.length > 0)
    throw new OptionError(
      "STEM_OPTION_INVALID",
      `The filter ${of} says all and ${chosen.join(", ")}.`,
      `Leave out all, and it goes by ${chosen.join(", ")}.`,
    );
  if (filter["all"] === true || chosen.length > 0) return;
  throw new OptionError(
    "STEM_FILTER_EMPTY",
    `The filter ${of} chooses nothing.`,
    `Give at least one of ${Object.keys(choosing).join(", ")} with a value, or { all: true } for all.`,
  );
}
