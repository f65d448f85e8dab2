import { closing, lineEnd, listItems } from "./code.js";
import { addItem, type Edit } from "./edit.js";

/** A name to import, and what it is imported from as written in the import. */
export interface Name {
  readonly name: string;
  readonly from: string;
}

/**
 * The edits that import names, with the quotes of the file and its semicolons or lack of them: a name joins
 * the braces of an import from the same place; the others come below the last import, in the order given.
 * Names that are imported already are left out.
 *
 * @param masked what `maskText` made of `source`
 * @returns undefined if the file imports nothing, so that there is no place and no style to follow
 */
export function addImports(source: string, masked: string, names: readonly Name[]): readonly Edit[] | undefined {
  const imports = importsOf(masked);
  const last = imports.at(-1);
  if (last === undefined) return undefined;
  const edits: Edit[] = [];
  const lines: string[] = [];
  const statement = source.slice(last.start, last.end);
  const quote = source.charAt(last.specifier);
  const missing = names.filter(({ name, from }) => importedFrom(source, masked, name) !== from);
  for (const from of new Set(missing.map((one) => one.from))) {
    const together = missing.filter((one) => one.from === from).map(({ name }) => name);
    const joined = join(source, masked, imports, together.join(", "), from);
    if (joined === undefined)
      lines.push(`import { ${together.join(", ")} } from ${quote}${from}${quote}${statement.endsWith(";") ? ";" : ""}`);
    else edits.push(...joined);
  }
  if (lines.length === 0) return edits;
  const end = lineEnd(masked, last.end);
  const newline = source.includes("\r\n") ? "\r\n" : "\n";
  const alone = masked.slice(last.end, end).trim() === "";
  const text = newline + lines.join(newline);
  return [...edits, alone ? { at: end, text } : { at: last.end, text: text + newline }];
}

/**
 * The module a name is imported from (`import { Name } from "…"`); undefined if it is not.
 * An import under another name does not count.
 */
export function importedFrom(source: string, masked: string, name: string): string | undefined {
  const found = importsOf(masked).find(({ start, specifier }) => {
    const [, names = ""] = /^\s*import\s+\{([^}]*)\}/.exec(masked.slice(start, specifier)) ?? [];
    return names.split(",").some((one) => one.trim() === name);
  });
  return found === undefined ? undefined : specifierOf(source, found);
}

/** Puts names into the braces of an import from the same place, if there is one. */
function join(source: string, masked: string, imports: readonly Import[], names: string, from: string): readonly Edit[] | undefined {
  const same = imports.find((one) => specifierOf(source, one) === from && /^import\s+\{/.test(masked.slice(one.start)));
  const open = same === undefined ? -1 : masked.indexOf("{", same.start);
  const close = open < 0 ? -1 : closing(masked, open);
  const list = close < 0 ? undefined : listItems(masked, open, close);
  return list === undefined || list.items.length === 0 ? undefined : addItem(source, masked, { open, close, ...list }, names, false);
}

function specifierOf(source: string, { specifier, end }: Import): string | undefined {
  return /^(['"])([^'"]*)\1/.exec(source.slice(specifier, end))?.[2];
}

/**
 * Whether the file's own relative imports name the emitted file (`./mail.service.js`).
 * Node's ES modules require that.
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
  /** Position of the opening quote of the module's name. */
  readonly specifier: number;
}

/** The import statements at the start of a line, without calls of `import()`. */
function importsOf(masked: string): readonly Import[] {
  const statement = /^\uFEFF?import\b(?!\s*[.(])(?:[^'"`;{]|\{[^}]*\})*?((['"]) *\2)\)?(?:\s+(?:with|assert)\s*\{[^}]*\})?(?:[ \t]*;)?/gm;
  return [...masked.matchAll(statement)].map((match) => ({
    start: match.index,
    end: match.index + match[0].length,
    specifier: match.index + match[0].indexOf(match[1] ?? ""),
  }));
}
