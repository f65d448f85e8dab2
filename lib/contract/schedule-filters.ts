import { OptionError } from "./errors.js";
import { checkFields, type FilterKind } from "./filters.js";
import { isRecord, shown } from "./options.js";
import { RUN_TIME, type NewSchedule, type PutFrom, type ScheduleChange, type ScheduleFilter, type Shot } from "./schedules.js";
import { checkText, LONGEST } from "./text.js";

type Fields<F> = { readonly [K in keyof F]-?: FilterKind };

const LIST = { ids: "texts", owner: "text", limit: "amount", from: "text" } as const satisfies Fields<ScheduleFilter>;
const FROM = { owner: "text", deployment: "whole", retire: "either" } as const satisfies Fields<PutFrom>;
const CHANGES = { paused: {}, resumed: { nextAt: "whole" }, removed: {} } as const satisfies {
  readonly [To in ScheduleChange["to"]]: Fields<Omit<Extract<ScheduleChange, { readonly to: To }>, "to" | "id">>;
};

/**
 * Refuses a filter of schedules with an unknown field, or a wrong value.
 * @throws {OptionError} `STEM_OPTION_UNKNOWN`, `STEM_OPTION_INVALID`
 */
export function checkScheduleFilter(filter: ScheduleFilter | undefined): void {
  if (filter !== undefined) checkFields(filter, LIST, "of a filter of schedules");
}

/**
 * Refuses schedules that no store could give back as they are, and two of one id.
 * @throws {OptionError}
 */
export function checkSchedules(schedules: readonly NewSchedule[]): void {
  const ids = new Set<string>();
  for (const { id, spec, nextAt } of schedules) {
    checkText(id, "The id of a schedule");
    if (ids.size === ids.add(id).size)
      throw new OptionError("STEM_OPTION_INVALID", `Two schedules of one call have the id "${id}".`, "Give each an id of its own.");
    checkSpec(id, spec);
    checkSlot(id, nextAt, "next slot");
  }
}

/** Refuses shots that could not have been computed from a stored schedule. @throws {OptionError} */
export function checkShots(shots: readonly Shot[]): void {
  for (const { id, spec, slot, nextAt } of shots) {
    checkText(id, "The id of a schedule to fire");
    checkSpec(id, spec);
    checkSlot(id, slot ?? Number.NaN, "slot");
    checkSlot(id, nextAt, "next slot");
  }
}

/** Refuses a number of schedules to look for that cannot be. @throws {OptionError} */
export function checkDue(limit: number): void {
  if (Number.isSafeInteger(limit) && limit >= 1) return;
  throw new OptionError("STEM_OPTION_INVALID", `The limit of due schedules is ${shown(limit)}.`, "Give a whole number of 1 or more.");
}

function checkSpec(id: string, spec: string): void {
  checkText(spec, `The spec of schedule "${id}"`, Number.POSITIVE_INFINITY, 0);
}

function checkSlot(id: string, at: number | undefined, what: string): void {
  if (at === undefined || (Number.isSafeInteger(at) && at >= 0)) return;
  throw new OptionError(
    "STEM_OPTION_INVALID",
    `The ${what} of schedule "${id}" is ${shown(at)}.`,
    "Give whole milliseconds since the epoch, such as date.getTime().",
  );
}

/** Refuses an owner that cannot be, and a deployment that is missing or cannot be. @throws {OptionError} */
export function checkPutFrom(from: PutFrom): void {
  checkFields(from, FROM, "of what stores schedules");
  const { owner, deployment, retire } = from;
  checkText(owner, "The owner of schedules to store", LONGEST.id, 0);
  if (owner === RUN_TIME && (deployment !== undefined || retire === true))
    throw new OptionError(
      "STEM_OPTION_INVALID",
      "Schedules that were made at run time are to be stored by a deployment, but they belong to none.",
      "Leave out deployment and retire, or give an owner.",
    );
  if (retire !== true || deployment !== undefined) return;
  throw new OptionError(
    "STEM_OPTION_INVALID",
    `Schedules of owner "${owner}" are to be retired, but nothing says by which deployment.`,
    "Give the number of the deployment.",
  );
}

/** Refuses changes that are not known, and ids that cannot be. @throws {OptionError} */
export function checkScheduleChanges(changes: readonly ScheduleChange[]): void {
  for (const change of changes) {
    const to: unknown = isRecord(change) ? change.to : undefined;
    if (typeof to !== "string" || !Object.hasOwn(CHANGES, to))
      throw new OptionError(
        "STEM_OPTION_INVALID",
        `A schedule is to be changed to ${shown(to ?? change)}.`,
        `Give { id, to } with one of ${Object.keys(CHANGES).join(", ")}.`,
      );
    checkFields(change, { id: "text", to: "text", ...CHANGES[change.to] }, `of a change of a schedule to ${to}`);
    checkText(change.id, `The id of a schedule to be ${to}`);
  }
}
