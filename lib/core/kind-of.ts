/** The kind of a value, in the words of an error: `"null"`, `"undefined"`, `"an object"`, `"a number"`. */
export function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}
