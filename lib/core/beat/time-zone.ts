import { nearest, OptionError } from "../../contract/errors.js";
import { shown } from "../../contract/options.js";

/** The longest span around a clock change: a day, and what the change can add to it. */
export const DAY_MS = 26 * 3_600_000;

/**
 * Local clocks of one IANA time zone.
 * Local times are written as if they were UTC: 09:00 in Berlin is `Date.UTC(…, 9)`. Offsets come from the ICU
 * data of this Node.
 */
export class TimeZone {
  readonly #format: Intl.DateTimeFormat | undefined;

  /** @throws {OptionError} `STEM_TIME_ZONE_INVALID` */
  constructor(name: unknown, of: string) {
    this.#format = name === "UTC" ? undefined : formatOf(name, of);
  }

  /** How far the local clock is ahead of UTC, in milliseconds. */
  offset(ms: number): number {
    if (this.#format === undefined) return 0;
    const text = this.#format.format(ms);
    const match = /GMT(?:([+-])(\d\d):(\d\d)(?::(\d\d))?)?$/.exec(text)!;
    const seconds = Number(match[2] ?? 0) * 3_600 + Number(match[3] ?? 0) * 60 + Number(match[4] ?? 0);
    return match[1] === "-" ? seconds * -1_000 : seconds * 1_000;
  }

  local(ms: number): number {
    return ms + this.offset(ms);
  }

  /**
   * The latest time the local clock has shown up to `ms`.
   * It is later than the present one if the clock was put back shortly before.
   */
  latestShown(ms: number): number {
    const change = this.change(ms - DAY_MS, ms);
    return change === undefined ? this.local(ms) : Math.max(this.local(ms), change.at + change.before - 1);
  }

  /**
   * The first moment at which the local clock shows `local` or later.
   * For a time that is shown twice, the first; for one that is skipped, the moment of the skip.
   */
  firstShown(local: number): number {
    const change = this.change(local - DAY_MS, local + DAY_MS);
    if (change === undefined) return local - this.offset(local);
    const { at, before, after } = change;
    return local - before < at ? local - before : Math.max(at, local - after);
  }

  /** The change of the clock in `(from, to]`, if there is one; two within that time count as one. */
  change(from: number, to: number): { readonly at: number; readonly before: number; readonly after: number } | undefined {
    const [before, after] = [this.offset(from), this.offset(to)];
    if (before === after) return undefined;
    let [low, high] = [from, to];
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2);
      if (this.offset(middle) === before) low = middle;
      else high = middle;
    }
    return { at: high, before, after };
  }
}

function formatOf(name: unknown, of: string): Intl.DateTimeFormat {
  try {
    // An offset such as "+02:00" is a zone to newer Intl, but no local clock follows it.
    if (typeof name !== "string" || name === "" || /^[+-]/.test(name)) throw new RangeError("not a name");
    return new Intl.DateTimeFormat("en-US", { timeZone: name, timeZoneName: "longOffset" });
  } catch (cause) {
    const near = typeof name === "string" ? nearestZone(name) : undefined;
    throw new OptionError(
      "STEM_TIME_ZONE_INVALID",
      `The time zone ${of} is ${shown(name)}, which is not known here.`,
      `${near === undefined ? "" : `Did you mean "${near}"? `}Give an IANA name, such as "Europe/Berlin".`,
      { cause },
    );
  }
}

/** By full name, or by the city alone. */
function nearestZone(name: string): string | undefined {
  const zones = Intl.supportedValuesOf("timeZone");
  const full = nearest(name, zones);
  if (full !== undefined) return full;
  const cities = new Map(zones.map((zone) => [zone.slice(zone.lastIndexOf("/") + 1).toLowerCase(), zone]));
  const city = nearest(name.slice(name.lastIndexOf("/") + 1).toLowerCase(), [...cities.keys()]);
  return city === undefined ? undefined : cities.get(city);
}
