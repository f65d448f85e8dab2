import { closing, listItems, maskText } from "./code.js";
import { addItem, applyEdits, type Edit, type List } from "./edit.js";
import { addImports, type Name } from "./imports.js";

/** A module's source with the provider registered, or the reason why it was left alone. */
export type Registered = { readonly source: string } | { readonly refused: string };

/**
 * Adds a class to the `providers` of the one `@Module({ … })` in a file, and its import.
 * Layout, comments and everything else stay as they are. Code that it does not understand for certain stays
 * too: metadata that is not written out in the decorator, `providers` that is not an array literal, a spread
 * that may hold `providers` itself, several modules in one file.
 *
 * @param from what to import the class from, as written in the import
 */
export function registerProvider(source: string, className: string, from: string): Registered {
  return addToModule(source, "providers", className, className, [{ name: className, from }]);
}

/**
 * The same for `providers` or `imports`, and with any expression.
 *
 * @param item the expression; its further lines are indented as if the first stood at the margin
 * @param mention a name in it: a file that has it already is left alone
 * @param names what the expression needs to be imported
 */
export function addToModule(
  source: string,
  property: "providers" | "imports",
  item: string,
  mention: string,
  names: readonly Name[],
): Registered {
  const masked = maskText(source);
  if (masked === undefined) return { refused: "a string, comment or bracket in it is left open" };
  const metadata = moduleMetadata(masked);
  if ("refused" in metadata) return metadata;
  if (mentions(masked, mention)) return { refused: `it mentions ${mention} already` };
  const added = addTo(source, masked, metadata, property, item);
  if ("refused" in added) return added;
  const imported = addImports(source, masked, names);
  if (imported === undefined) return { refused: "it has no import that tells where one more belongs" };
  return { source: applyEdits(source, [...imported, ...added.edits]) };
}

/** Whether the code names something, outside of strings and comments. */
export function mentions(masked: string, name: string): boolean {
  return new RegExp(`(?<![\\p{ID_Continue}$])${name}(?![\\p{ID_Continue}$])`, "u").test(masked);
}

type Refused = { readonly refused: string };

function moduleMetadata(masked: string): List | Refused {
  const decorators = [...masked.matchAll(/@Module\s*\(/g)];
  if (decorators.length !== 1) return { refused: decorators.length === 0 ? "it has no @Module()" : "it holds several modules" };
  const open = (decorators[0]?.index ?? 0) + (decorators[0]?.[0].length ?? 0) - 1;
  const close = closing(masked, open);
  const list = close < 0 ? undefined : listItems(masked, open, close);
  const metadata = list?.items.length === 1 ? list.items[0] : undefined;
  if (metadata === undefined) return { refused: "its @Module() does not hold one object" };
  return literal(masked, metadata.start, metadata.end, "{") ?? { refused: "its @Module() is not given a plain object" };
}

function addTo(
  source: string,
  masked: string,
  metadata: List,
  property: string,
  item: string,
): { readonly edits: readonly Edit[] } | Refused {
  const texts = metadata.items.map(({ start, end }) => source.slice(start, end));
  const key = new RegExp(`^(?:${property}\\b|(['"])${property}\\1|\\[)`);
  const named = metadata.items.filter((_, i) => key.test(texts[i] ?? ""));
  const found = named[0];
  if (found === undefined) {
    if (texts.some((text) => text.startsWith("..."))) return { refused: `what it spreads into @Module() may hold the ${property}` };
    const value = item.includes("\n") ? `[\n  ${item.replaceAll("\n", "\n  ")},\n]` : `[${item}]`;
    return edited(addItem(source, masked, metadata, `${property}: ${value}`, true), property);
  }
  const colon = new RegExp(`^(?:${property}|(['"])\\s*\\1)\\s*:\\s*`).exec(masked.slice(found.start, found.end));
  const array = colon === null ? undefined : literal(masked, found.start + colon[0].length, found.end, "[");
  if (named.length > 1 || array === undefined) return { refused: `its ${property} are not a plain array` };
  return edited(addItem(source, masked, array, item, item.includes("\n")), property);
}

/** The list that fills `start` to `end`, but for a type written behind it (`as const`, `satisfies …`). */
function literal(masked: string, start: number, end: number, bracket: "{" | "["): List | undefined {
  if (masked.charAt(start) !== bracket) return undefined;
  const close = closing(masked, start);
  if (close < 0 || close >= end || !/^\s*(?:$|(?:as|satisfies)\b)/.test(masked.slice(close + 1, end))) return undefined;
  const list = listItems(masked, start, close);
  return list === undefined ? undefined : { open: start, close, ...list };
}

function edited(edits: readonly Edit[] | undefined, property: string): { readonly edits: readonly Edit[] } | Refused {
  const what = property === "providers" ? "provider" : "import";
  return edits === undefined ? { refused: `a comment stands where the ${what} belongs` } : { edits };
}
