import { CronExpressionParser } from "cron-parser";

/** Names of the fields as the parser gives them, seconds first. */
const FIELDS = ["second", "minute", "hour", "dayOfMonth", "month", "dayOfWeek"] as const;
const WEEKDAY = 5;

/** The parser's errors about lists that only it refuses. */
const ONLY_LISTS = /duplicate values found|`#` and `[,-]` special characters are incompatible/;

/**
 * Expressions that together mean one with overlapping lists, which the parser refuses.
 * Elements of a list may overlap (`9-17,12`), and a weekday of the month may stand in one (`MON#1,FRI`,
 * `1-5#1`). A list is the union of its elements, as in Vixie cron's crontab(5).
 *
 * @param fields six, seconds first
 * @param error the parser's error about them
 * @returns undefined: something else is wrong with them
 * @throws {Error} the parser's, if an element is wrong by itself
 */
export function withoutOverlaps(fields: readonly string[], hashSeed: string, error: string): readonly string[] | undefined {
  if (!ONLY_LISTS.test(error)) return undefined;
  const plain = fields.map((field, at) => (at === WEEKDAY ? "" : union(field, at, hashSeed)));
  const weekdays = fields[WEEKDAY]!.split(",");
  const [nths, days] = [weekdays.filter((day) => day.includes("#")), weekdays.filter((day) => !day.includes("#"))];
  const each = new Set(nths.flatMap((nth) => spreadNth(nth, hashSeed)));
  if (days.length > 0) each.add(union(days.join(","), WEEKDAY, hashSeed));
  return [...each].map((day) => [...plain.slice(0, WEEKDAY), day].join(" "));
}

/** A list whose elements do not overlap. */
function union(list: string, at: number, hashSeed: string): string {
  const elements = list.split(",");
  if (elements.length === 1) return list;
  if (elements.includes("*")) return "*";
  const values = new Set(elements.flatMap((element) => valuesOf(element, at, hashSeed)));
  return [...values].join(",");
}

/** `1-5#1`: the first of each of these weekdays. */
function spreadNth(nth: string, hashSeed: string): readonly string[] {
  const [days, n] = nth.split("#");
  return valuesOf(days!, WEEKDAY, hashSeed).map((day) => `${day}#${n}`);
}

function valuesOf(element: string, at: number, hashSeed: string): readonly (number | string)[] {
  const fields = FIELDS.map((_, i) => (i === at ? element : "*"));
  const { values } = CronExpressionParser.parse(fields.join(" "), { tz: "UTC", hashSeed }).fields[FIELDS[at]!];
  // Sunday is 0 and 7.
  return values.map((value) => (at === WEEKDAY && value === 7 ? 0 : value));
}
