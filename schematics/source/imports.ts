import { lineEnd } from "./code.js";
import type { Edit } from "./edit.js";

/**
 * The edit that adds an import below the last one of the file, with its quotes and its semicolon or lack of one.
 *
 * @param masked what `maskText` made of `source`
 * @returns undefined if the file imports nothing, so that there is no place and no style to follow
 */
export function addImport(source: string, masked: string, name: string, from: string): Edit | undefined {
  const last = importsOf(masked).at(-1);
  if (last === undefined) return undefined;
  const statement = source.slice(last.start, last.end);
  const quote = source.charAt(last.specifier);
  const line = `import { ${name} } from ${quote}${from}${quote}${statement.endsWith(";") ? ";" : ""}`;
  const end = lineEnd(masked, last.end);
  const newline = source.includes("\r\n") ? "\r\n" : "\n";
  const alone = masked.slice(last.end, end).trim() === "";
  return alone ? { at: end, text: newline + line } : { at: last.end, text: `${newline}${line}${newline}` };
}

/**
 * Whether the file's own relative imports name the emitted file (`./mail.service.js`), as Node's ES modules ask.
 *
 * @returns undefined if it has no relative import to tell by
 */
export function importsJs(source: string, masked: string): boolean | undefined {
  const relative = importsOf(masked)
    .map(({ specifier, end }) => /^(['"])(\.\.?\/[^'"]*)\1/.exec(source.slice(specifier, end))?.[2])
    .filter((path) => path !== undefined && !/\.(json|css)$/.test(path));
  return relative.length === 0 ? undefined : relative.some((path) => path?.endsWith(".js"));
}

interface Import {
  readonly start: number;
  readonly end: number;
  /** Position of the opening quote of what is imported from. */
  readonly specifier: number;
}

/** The import statements at the start of a line; calls of `import()` are none. */
function importsOf(masked: string): readonly Import[] {
  const statement = /^\uFEFF?import\b(?!\s*[.(])(?:[^'"`;{]|\{[^}]*\})*?((['"]) *\2)\)?(?:\s+(?:with|assert)\s*\{[^}]*\})?(?:[ \t]*;)?/gm;
  return [...masked.matchAll(statement)].map((match) => ({
    start: match.index,
    end: match.index + match[0].length,
    specifier: match.index + match[0].indexOf(match[1] ?? ""),
  }));
}
