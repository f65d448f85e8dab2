import { type CronExpression, CronExpressionParser } from "cron-parser";
import { nearest, OptionError } from "../../contract/errors.js";
import { shown } from "../../contract/options.js";
import { withoutOverlaps } from "./cron-lists.js";
import { DAY_MS, TimeZone } from "./time-zone.js";

/** Names for common expressions. */
const ALIASES: Readonly<Record<string, string>> = {
  "@yearly": "0 0 1 1 *",
  "@annually": "0 0 1 1 *",
  "@monthly": "0 0 1 * *",
  "@weekly": "0 0 * * 0",
  "@daily": "0 0 * * *",
  "@midnight": "0 0 * * *",
  "@hourly": "0 * * * *",
  "@minutely": "* * * * *",
  "@secondly": "* * * * * *",
  "@weekdays": "0 0 * * 1-5",
  "@weekends": "0 0 * * 0,6",
};

/** The part of a schedule that gives its times. */
export interface CronTimes {
  /** Five fields (minute hour day month weekday), six with the second first, or an alias (`@daily`). */
  readonly cron: string;
  /** IANA name, such as `"Europe/Berlin"`. */
  readonly timeZone: string;
  /** Fixes the value of `H` in an expression, so that all beats agree. */
  readonly id: string;
}

/** The largest step of each field, seconds first. */
const WIDTHS = [60, 60, 24, 31, 12, 8];
const FIELDS = ["seconds", "minutes", "hours", "days of the month", "months", "weekdays"];

/** Expressions kept ready: schedules are few, but computed for every slot. */
const MOST = 1_000;
const cache = new Map<string, Cron>();

/**
 * A cron expression in a time zone.
 * Five fields (minutes first) or six (seconds first), or an alias such as `@daily`. Lists (which may
 * overlap), ranges, steps and names (`MON-FRI`, `JAN`) as usual; `L` (last day), `1#2` (second Monday) and
 * `H` (a number of the schedule's own) too. Where day of month and weekday are both restricted, either fits.
 *
 * **When clocks change.** A schedule by the hour of the day (any hours but `*`) fires once for each of its
 * local times: one that is shown twice fires at the first, and one that is skipped fires once, at the moment
 * of the skip (02:30 in Berlin, skipped on the last Sunday of March, fires at 03:00). A schedule for every
 * hour goes by the time that passes: "every half hour" fires every half hour, through clock changes too.
 *
 * The parser is asked about local times only; its own way through clock changes depends on where it is
 * started, so that two beats could disagree.
 */
export class Cron {
  readonly #zone: TimeZone;
  /** In UTC: they see local times only. Each match of any of them is a slot. */
  readonly #local: readonly CronExpression[];
  readonly #everyHour: boolean;

  /**
   * @param of names the schedule in errors: `"of @Cron on Reports.daily"`
   * @throws {OptionError} `STEM_CRON_INVALID`, `STEM_TIME_ZONE_INVALID`
   */
  constructor({ cron, timeZone, id }: { readonly cron: unknown; readonly timeZone: unknown; readonly id: string }, of: string) {
    this.#zone = new TimeZone(timeZone, of);
    this.#local = parse(cron, id, of);
    this.#everyHour = this.#local[0]!.fields.hour.values.length === 24;
  }

  /**
   * The first slot after a moment, in milliseconds since the epoch; always the same for the same moment.
   * Undefined: none in sight (some decades).
   */
  next(afterMs: number): number | undefined {
    return this.#everyHour ? this.#nextPassing(afterMs) : this.#nextShown(afterMs);
  }

  #nextShown(after: number): number | undefined {
    const local = this.#match(this.#zone.latestShown(after));
    return local === undefined ? undefined : this.#zone.firstShown(local);
  }

  #nextPassing(after: number): number | undefined {
    const zone = this.#zone;
    const change = zone.change(after, after + DAY_MS);
    const offset = change === undefined ? zone.offset(after) : change.before;
    const soon = this.#match(after + offset);
    if (soon === undefined) return undefined;
    if (change !== undefined && soon - offset >= change.at) {
      const late = this.#match(change.at + change.after - 1);
      return late === undefined ? undefined : this.#near(late, change.after, change.at);
    }
    return this.#near(soon, offset, after);
  }

  /**
   * The moment of a coming local time, within a day by the clock as it goes now.
   * So a time that is shown again is another moment.
   */
  #near(local: number, offset: number, from: number): number | undefined {
    const at = local - offset;
    return at - from < DAY_MS ? at : this.#shown(local);
  }

  /** The moment of a local time, or of the next match if it is skipped. */
  #shown(local: number): number | undefined {
    for (let match: number | undefined = local; match !== undefined; match = this.#match(match)) {
      const at = this.#zone.firstShown(match);
      if (this.#zone.local(at) === match) return at;
    }
    return undefined;
  }

  /** The first match after a local time. */
  #match(local: number): number | undefined {
    let first: number | undefined;
    for (const expression of this.#local) {
      try {
        expression.reset(new Date(local));
        const match = expression.next().getTime();
        if (first === undefined || match < first) first = match;
      } catch {
        // The parser looks for a limited time only.
      }
    }
    return first;
  }
}

/**
 * The first slot of a schedule after a moment, in ms since the epoch; undefined if none is left.
 * Throws as `checkCron`.
 */
export function nextSlot({ cron, timeZone, id }: CronTimes, afterMs: number): number | undefined {
  const key = JSON.stringify([timeZone, cron, /H/i.test(cron) ? id : ""]);
  let known = cache.get(key);
  if (known === undefined) {
    known = new Cron({ cron, timeZone, id }, `of schedule "${id}"`);
    if (cache.size >= MOST) cache.clear();
    cache.set(key, known);
  }
  return known.next(afterMs);
}

/**
 * Refuses a wrong expression or time zone, before it is stored.
 *
 * @param of names the schedule in the error, such as `"of @Cron on Reports.daily"`
 * @throws {OptionError} `STEM_CRON_INVALID`: not five or six fields or a known alias, a field out of range, a
 * date that never comes; `STEM_TIME_ZONE_INVALID`
 */
export function checkCron(cron: unknown, timeZone: unknown, of: string): void {
  void new Cron({ cron, timeZone, id: "check" }, of);
}

function parse(cron: unknown, id: string, of: string): readonly CronExpression[] {
  const refuse = (why: string, cause?: unknown): never => {
    throw new OptionError(
      "STEM_CRON_INVALID",
      `The cron expression ${of} is ${shown(cron)}: ${why}.`,
      'Give five fields (minute hour day month weekday), six with the second first, or an alias: "0 9 * * MON-FRI", "*/10 * * * * *", "@daily".',
      { cause },
    );
  };
  if (typeof cron !== "string") return refuse("it is not a text");
  const trimmed = cron.trim();
  const text = trimmed.startsWith("@") ? ALIASES[trimmed] : trimmed;
  if (text === undefined) return refuse(`there is no such alias${suggestion(nearest(trimmed, Object.keys(ALIASES)))}`);
  const fields = text === "" ? [] : text.split(/\s+/);
  if (fields.length !== 5 && fields.length !== 6) return refuse(`it has ${fields.length} field${fields.length === 1 ? "" : "s"}`);
  const six = fields.length === 5 ? ["0", ...fields] : fields;
  const tooWide = wideStep(six);
  if (tooWide !== undefined) return refuse(tooWide);
  try {
    try {
      return [parseOne(fields.join(" "), id)];
    } catch (error) {
      const expressions = withoutOverlaps(six, id, messageOf(error));
      if (expressions === undefined) throw error;
      return parseEach(expressions, id);
    }
  } catch (cause) {
    return refuse(NEVER.test(messageOf(cause)) ? "it names a date that never comes" : messageOf(cause).replace(/\.$/, ""), cause);
  }
}

function parseOne(text: string, hashSeed: string): CronExpression {
  const parsed = CronExpressionParser.parse(text, { tz: "UTC", currentDate: new Date(0), hashSeed });
  parsed.next();
  return parsed;
}

/** Those with a date that comes; throws if there is none. */
function parseEach(texts: readonly string[], hashSeed: string): readonly CronExpression[] {
  const parsed: CronExpression[] = [];
  let never: unknown;
  for (const text of texts) {
    try {
      parsed.push(parseOne(text, hashSeed));
    } catch (error) {
      if (!NEVER.test(messageOf(error))) throw error;
      never = error;
    }
  }
  if (parsed.length === 0) throw never;
  return parsed;
}

/** The parser's messages for an expression without a date. */
const NEVER = /out of the time|loop limit|explicit day of month/i;

/**
 * A step over the end of its field, such as every 100 minutes.
 * The parser reads it as "each hour", which is never meant.
 */
function wideStep(fields: readonly string[]): string | undefined {
  for (const [i, field] of fields.entries())
    for (const [, step] of field.matchAll(/\/(\d+)/g))
      if (Number(step) >= WIDTHS[i]!) return `the step ${step} is too wide for the ${FIELDS[i]}`;
  return undefined;
}

function suggestion(near: string | undefined): string {
  return near === undefined ? "" : `; did you mean "${near}"?`;
}

// No `instanceof Error`: errors of another realm fail it in some test runners.
function messageOf(error: unknown): string {
  return typeof error === "object" && error !== null && "message" in error ? String(error.message) : String(error);
}
