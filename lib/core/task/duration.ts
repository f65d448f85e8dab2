import { OptionError } from "../../contract/errors.js";
import { shown } from "../../contract/options.js";

/**
 * Milliseconds as a number, or a number with a unit: `"500ms"`, `"30s"`, `"5m"`, `"1.5h"`, `"2d"`, `"1w"`.
 */
export type Duration = number | `${number}${"ms" | "s" | "m" | "h" | "d" | "w"}`;

const UNIT_MS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const;

/** Longest duration accepted: 100 years, so that a moment computed from it stays an exact number. */
export const LONGEST_MS = 100 * 365 * UNIT_MS.d;

/**
 * Turns a duration into whole milliseconds.
 *
 * @param what names the option in the error, such as `"timeout of task mail.send"`
 * @throws {OptionError} `STEM_DURATION_INVALID`: not of the form above, negative, not finite, or over 100
 *   years
 */
export function toMs(duration: Duration, what: string): number {
  const ms = msOf(duration);
  if (ms === undefined) {
    throw new OptionError(
      "STEM_DURATION_INVALID",
      `The ${what} is ${shown(duration)}, which is not a duration.`,
      'Give milliseconds (0 or more) or a number with a unit: "500ms", "30s", "5m", "1.5h", "2d", "1w".',
    );
  }
  return ms;
}

/** A duration in whole milliseconds; undefined for other values. */
export function msOf(duration: unknown): number | undefined {
  const ms = typeof duration === "number" ? duration : parse(duration);
  return ms >= 0 && ms <= LONGEST_MS ? Math.round(ms) : undefined;
}

function parse(text: unknown): number {
  const match = typeof text === "string" ? /^(\d+(?:\.\d+)?)\s*(ms|s|m|h|d|w)$/.exec(text.trim()) : null;
  return match ? Number(match[1]) * UNIT_MS[match[2] as keyof typeof UNIT_MS] : Number.NaN;
}
