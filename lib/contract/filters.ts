import type { DeadLetterFilter, Purge } from "./broker.js";
import { nearest, OptionError } from "./errors.js";
import { JOB_STATES } from "./job.js";
import { isRecord, refuseUnknown, shown } from "./options.js";
import type { CountFilter, JobFilter, RemoveFilter } from "./results.js";

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
  moment: { is: (value: unknown) => Number.isFinite(value), give: "milliseconds since the epoch, such as date.getTime()" },
  amount: { is: (value: unknown) => Number.isSafeInteger(value) && (value as number) >= 1, give: "a whole number of 1 or more" },
  state: { is: (value: unknown) => (JOB_STATES as readonly unknown[]).includes(value), give: `one of ${JOB_STATES.join(", ")}` },
  either: { is: (value: unknown) => typeof value === "boolean", give: "true or false" },
  yes: { is: (value: unknown) => value === true, give: "true, or leave it out" },
} as const;

type Fields<F> = { readonly [K in keyof F]-?: keyof typeof KINDS };

const COUNT = { task: "text", queue: "text", group: "text" } as const satisfies Fields<CountFilter>;
const JOBS = { state: "state", delayed: "either", ...COUNT, limit: "amount", cursor: "text" } as const satisfies Fields<JobFilter>;
const CHOOSING = { ids: "texts", queue: "text", task: "text", before: "moment" } as const;
const DEAD = { ...CHOOSING, limit: "amount", cursor: "text" } as const satisfies Fields<DeadLetterFilter>;
const PURGE = { ...DEAD, all: "yes" } as const;

/**
 * Refuses a filter of jobs with an unknown field, or a wrong value.
 * @throws {OptionError} `STEM_OPTION_UNKNOWN`, `STEM_OPTION_INVALID`
 */
export function checkJobFilter(filter: JobFilter | undefined): void {
  if (filter !== undefined) checkFields(filter, JOBS, "of a filter of jobs");
}

/** As `checkJobFilter`, for counts. */
export function checkCountFilter(filter: CountFilter | undefined): void {
  if (filter !== undefined) checkFields(filter, COUNT, "of a filter of counts");
}

/** As `checkJobFilter`, for lists of dead letters. */
export function checkDeadLetterFilter(filter: DeadLetterFilter | undefined): void {
  if (filter !== undefined) checkFields(filter, DEAD, "of a filter of dead letters");
}

/**
 * The filter of a purge, checked.
 * `limit` and `cursor` choose nothing by themselves, and neither does a field that is undefined.
 *
 * @throws {OptionError} `STEM_FILTER_EMPTY`: nothing is chosen; `STEM_OPTION_UNKNOWN`, `STEM_OPTION_INVALID`
 */
export function checkPurge(filter: Purge): DeadLetterFilter {
  const of = "of a purge of dead letters";
  checkFields(filter, PURGE, of);
  const { all, ...chosen }: { readonly all?: true | undefined } = filter;
  refuseEmpty({ all, ...chosen }, CHOOSING, of);
  return chosen;
}

/** As `checkPurge`, for jobs to be removed. @throws {OptionError} as `checkPurge` */
export function checkRemoval(filter: RemoveFilter): JobFilter {
  const of = "of a removal of jobs";
  checkFields(filter, { ...JOBS, all: "yes" }, of);
  const { all, ...chosen }: { readonly all?: true | undefined } = filter;
  refuseEmpty({ all, ...chosen }, { state: 0, task: 0, queue: 0, group: 0 }, of);
  return chosen;
}

/** Refuses a value that is not a list of ids, or of names. @throws {OptionError} `STEM_OPTION_INVALID` */
export function checkTexts(ids: readonly string[], what: string): void {
  if (KINDS.texts.is(ids)) return;
  throw new OptionError("STEM_OPTION_INVALID", `The ${what} are ${shown(ids)}.`, "Give a list of strings.");
}

function checkFields(filter: object, fields: Readonly<Record<string, keyof typeof KINDS>>, of: string): void {
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

function refuseEmpty(filter: Readonly<Record<string, unknown>>, choosing: object, of: string): void {
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
