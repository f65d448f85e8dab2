import { nearest, OptionError } from "./errors.js";

/**
 * Refuses unknown options, so that a misspelt one is not silently ignored.
 *
 * @throws {OptionError} `STEM_OPTION_UNKNOWN`; `STEM_OPTION_INVALID` for a value that is not an object
 */
export function refuseUnknown(options: object, known: readonly string[], of: string): void {
  if (!isRecord(options)) {
    throw new OptionError("STEM_OPTION_INVALID", `The options ${of} are ${shown(options)}.`, `Give an object; known: ${known.join(", ")}.`);
  }
  for (const key of Object.keys(options)) {
    if (known.includes(key)) continue;
    const near = nearest(key, known);
    throw new OptionError(
      "STEM_OPTION_UNKNOWN",
      `There is no option "${key}" ${of}.`,
      near === undefined ? `Known options: ${known.join(", ")}.` : `Did you mean "${near}"?`,
    );
  }
}

export function isRecord(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A value in the words of an error. Never throws. */
export function shown(value: unknown): string {
  try {
    return (numeral(value) ?? JSON.stringify(value, (_, member: unknown) => numeral(member) ?? member) ?? String(value)).slice(0, 200);
  } catch {
    return "a value that cannot be shown";
  }
}

/** Numbers that JSON cannot write. */
function numeral(value: unknown): string | undefined {
  if (typeof value === "bigint") return `${value}n`;
  return typeof value === "number" && !Number.isFinite(value) ? String(value) : undefined;
}
