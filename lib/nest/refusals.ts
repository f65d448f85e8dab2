import { StemError } from "../contract/errors.js";
import type { ScheduleDefinition } from "../core/beat/beat.js";

/** The error of a start before the store is open. */
export function notReadyError(): StemError {
  return new StemError("STEM_NOT_READY", "Stem was started before its store was open.", "Call start() after app.init() or app.listen().");
}

/** The error of a start while the app shuts down. */
export function leavingError(): StemError {
  return new StemError("STEM_CLOSED", "Stem was started while its app shuts down.", "Start before app.close(), or make a new app.");
}

/** The error of two schedules of one name; undefined if this one is alone. */
export function clashOf(schedule: ScheduleDefinition, others: readonly ScheduleDefinition[]): StemError | undefined {
  const other = others.find(({ id }) => id === schedule.id);
  if (other === undefined) return undefined;
  return new StemError(
    "STEM_DUPLICATE_SCHEDULE",
    `Two schedules are called "${schedule.id}": on ${other.where} and on ${schedule.where}.`,
    'Give one of them another name: @Cron(expression, { name: "…" }).',
  );
}
