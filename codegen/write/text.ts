/** Texts that need no escape, as nearly all names. */
const PLAIN = /^[\w .\-/@]*$/;

/**
 * A string literal in single quotes.
 * All but plain ASCII is escaped, so that no encoding or line separator can break it.
 */
export function quote(text: string): string {
  if (PLAIN.test(text)) return `'${text}'`;
  const escaped = JSON.stringify(text)
    .slice(1, -1)
    .replaceAll('\\"', '"')
    .replaceAll("'", "\\'")
    .replace(/[^\x20-\x7e]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
  return `'${escaped}'`;
}

/** A property key: bare where an identifier will do. */
export function key(name: string): string {
  return isIdentifier(name) ? name : quote(name);
}

/** True if `text` can stand as a name in code. */
export function isIdentifier(text: string): boolean {
  return /^[A-Za-z_$][\w$]*$/.test(text);
}

/**
 * Names that every object has from `Object`: the language checks such keys of an object literal against these
 * members.
 */
const INHERITED: ReadonlySet<string> = new Set(Object.getOwnPropertyNames(Object.prototype));

/**
 * A key of an object literal. `__proto__: x` would set the prototype; computed, it is a normal property, and
 * so is `toString`.
 */
export function literalKey(name: string): string {
  return INHERITED.has(name) ? `[${quote(name)}]` : key(name);
}

/** A doc comment of those lines, each line of the result indented. */
export function docComment(lines: readonly string[], indent: string): readonly string[] {
  // A comment with @ts-ignore silences the compiler on the line below, also in other forms.
  const kept = lines.map((line) => line.replaceAll("@ts-", "ts-").replaceAll("*/", "*\\/"));
  const only = kept[0] ?? "";
  if (kept.length <= 1) return [`${indent}/** ${only} */`];
  return [`${indent}/**`, ...kept.map((line) => `${indent} * ${line}`.trimEnd()), `${indent} */`];
}

/** How long records are kept, as written. The boot refuses what is not a duration. */
export function keptOf(options: Readonly<Record<string, unknown>>): readonly string[] {
  return (["keepResult", "keepFailed"] as const).flatMap((option) => {
    const { [option]: given } = options;
    return typeof given === "number" ? [`${option}: ${given}`] : typeof given === "string" ? [`${option}: ${quote(given)}`] : [];
  });
}
