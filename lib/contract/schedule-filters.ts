import { OptionError } from "./errors.js";
import { checkFields, type FilterKind } from "./filters.js";
import { isRecord, shown } from "./options.js";
import { RUN_TIME, type PutFrom, type ScheduleChange, type ScheduleFilter } from "./schedules.js";
import { checkText, LONGEST } from "./text.js";

type Fields<F> = { readonly [K in keyof F]-?: FilterKind };

const LIST = { ids: "texts", owner: "text", limit: "amount", from: "text" } as const satisfies Fields<ScheduleFilter>;
const FROM = { owner: "text", deployment: "whole", retire: "either" } as const satisfies Fields<PutFrom>;
const CHANGES = { paused: {}, resumed: { nextAt: "moment" }, removed: {} } as const satisfies {
  readonly [To in ScheduleChange["to"]]: Fields<Omit<Extract<ScheduleChange, { readonly to: To }>, "to" | "id">>;
};

/**
 * Refuses a filter of schedules with an unknown field, or a wrong value.
 * @throws {OptionError} `STEM_OPTION_UNKNOWN`, `STEM_OPTION_INVALID`
 */
export function checkScheduleFilter(filter: ScheduleFilter | undefined): void {
  if (filter !== undefined) checkFields(filter, LIST, "of a filter of schedules");
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
