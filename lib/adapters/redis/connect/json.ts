/** Half of a surrogate pair, as `JSON.stringify` writes it. A whole pair is not escaped. */
const HALF = /(?<!\\)((?:\\\\)*)\\ud[89a-f][0-9a-f]{2}/g;

/**
 * JSON that scripts can read.
 * Redis's decoder fails at half a character, such as the end of a message that was cut in the middle of an
 * emoji, and the script would fail with it, for ever. It becomes U+FFFD, as everywhere where text is stored
 * as UTF-8.
 */
export function json(value: unknown): string {
  const text = JSON.stringify(value);
  return text.includes("\\ud") ? text.replace(HALF, "$1\\ufffd") : text;
}
