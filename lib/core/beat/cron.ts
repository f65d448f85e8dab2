import { CronExpressionParser } from "cron-parser";
import { nearest, OptionError } from "../../contract/errors.js";

const ALIASES = ["@yearly", "@annually", "@monthly", "@weekly", "@daily", "@hourly", "@minutely", "@secondly", "@weekdays", "@weekends"];

/** The part of a schedule that says when. */
export interface CronTimes {
  /** Five fields (minute hour day month weekday), six with the second first, or an alias such as `@daily`. */
  readonly cron: string;
  /** IANA name, such as `"Europe/Berlin"`. */
  readonly timeZone: string;
  /** Fixes what `H` in an expression stands for, so that all beats agree. */
  readonly id: string;
}

/**
 * The first slot after a moment, in milliseconds since the epoch; undefined if there is none any more. Where day of month and weekday are both restricted, either
 * fits. A local time that a change to summer time skips fires once, an hour later by the clock on the wall; one that the change back repeats fires the first time only;
 * expressions for every hour go on through both.
 */
export function nextSlot({ cron, timeZone, id }: CronTimes, afterMs: number): number | undefined {
  try {
    return CronExpressionParser.parse(cron.trim(), { currentDate: new Date(afterMs), tz: timeZone, hashSeed: id })
      .next()
      .toDate()
      .getTime();
  } catch (error) {
    // Expressions are checked before; what is left is one that names no date within the library's horizon.
    if (isOutOfTime(error)) return undefined;
    throw error;
  }
}

/**
 * Refuses what is not a schedule, before it is stored.
 *
 * @param of names the schedule in the error, such as `"of @Cron on Reports.daily"`
 * @throws {OptionError} `STEM_CRON_INVALID`: not five or six fields or a known alias, a field out of range, a date that never comes; `STEM_TIME_ZONE_INVALID`
 */
export function checkCron(cron: unknown, timeZone: unknown, of: string): void {
  checkTimeZone(timeZone, of);
  const shown = JSON.stringify(cron) ?? String(cron);
  const refuse = (why: string): never => {
    throw new OptionError(
      "STEM_CRON_INVALID",
      `The cron expression ${of} is ${shown}: ${why}.`,
      'Give five fields (minute hour day month weekday), six with the second first, or an alias: "0 9 * * MON-FRI", "*/10 * * * * *", "@daily".',
    );
  };
  if (typeof cron !== "string") return refuse("it is no text");
  const text = cron.trim();
  const fields = text === "" ? 0 : text.split(/\s+/).length;
  if (text.startsWith("@")) {
    if (!ALIASES.includes(text)) refuse(`there is no such alias${suggestion(nearest(text, ALIASES))}`);
  } else if (fields !== 5 && fields !== 6) refuse(`it has ${fields} fields`);
  let slot: number | undefined;
  try {
    slot = nextSlot({ cron: text, timeZone: timeZone as string, id: "check" }, Date.UTC(2024, 0, 1));
  } catch (error) {
    refuse(messageOf(error));
  }
  if (slot === undefined) refuse("it names a date that never comes");
}

function checkTimeZone(timeZone: unknown, of: string): void {
  try {
    if (typeof timeZone !== "string" || timeZone === "") throw new RangeError("empty");
    new Intl.DateTimeFormat("en", { timeZone });
  } catch {
    const near = typeof timeZone === "string" ? nearest(timeZone, Intl.supportedValuesOf("timeZone")) : undefined;
    throw new OptionError(
      "STEM_TIME_ZONE_INVALID",
      `The time zone ${of} is ${JSON.stringify(timeZone) ?? String(timeZone)}.`,
      near === undefined ? 'Give an IANA name, such as "Europe/Berlin" or "UTC".' : `Did you mean "${near}"?`,
    );
  }
}

function suggestion(near: string | undefined): string {
  return near === undefined ? "" : `; did you mean "${near}"?`;
}

function isOutOfTime(error: unknown): boolean {
  return /out of the time|loop limit/i.test(messageOf(error));
}

// No `instanceof Error`: errors of another realm fail it in some test runners.
function messageOf(error: unknown): string {
  return typeof error === "object" && error !== null && "message" in error ? String(error.message) : String(error);
}
