import { lineEnd, type Span } from "./code.js";

/** Text to put in at a position of the source; with `end`, in place of what stands from `at` up to `end`. */
export interface Edit {
  readonly at: number;
  readonly end?: number;
  readonly text: string;
}

/** Carries out edits that do not overlap. */
export function applyEdits(source: string, edits: readonly Edit[]): string {
  let out = source;
  for (const { at, end, text } of edits.toSorted((a, b) => b.at - a.at)) out = out.slice(0, at) + text + out.slice(end ?? at);
  return out;
}

/** A bracketed list in the source, as `listItems` has read it. */
export interface List {
  readonly open: number;
  readonly close: number;
  readonly items: readonly Span[];
  /** Position of the comma after the last item, or -1. */
  readonly comma: number;
}

/**
 * The edits that add an item at the end of a list, in the list's own layout: one line or a line each, with a comma after the last
 * item or without, and without moving a comment away from the item it belongs to.
 *
 * @param masked what `maskText` made of `source`
 * @param spread give an empty list a line for its item; otherwise it stays on one line
 * @returns undefined if comments leave no safe place
 */
export function addItem(source: string, masked: string, list: List, item: string, spread: boolean): readonly Edit[] | undefined {
  const { open, close, items, comma } = list;
  const newline = source.includes("\r\n") ? "\r\n" : "\n";
  const first = items[0];
  const last = items.at(-1);
  if (first === undefined || last === undefined) return fillEmpty(source, masked, list, item, spread, newline);
  if (!masked.slice(open, first.start).includes("\n")) {
    return comma < 0 ? [{ at: last.end, text: `, ${item}` }] : [{ at: comma + 1, text: ` ${item},` }];
  }
  const indent = indentAt(source, first.start);
  const end = lineEnd(masked, comma < 0 ? last.end : comma + 1);
  // A comment after the last item on its line stays there, so the new line goes below it.
  const below = end <= close && masked.slice(comma < 0 ? last.end : comma + 1, end).trim() === "";
  const at = below ? end : comma < 0 ? last.end : comma + 1;
  if (comma >= 0) return [{ at, text: `${newline}${indent}${item},` }];
  return at === last.end
    ? [{ at, text: `,${newline}${indent}${item}` }]
    : [
        { at: last.end, text: "," },
        { at, text: `${newline}${indent}${item}` },
      ];
}

function fillEmpty(
  source: string,
  masked: string,
  list: List,
  item: string,
  spread: boolean,
  newline: string,
): readonly Edit[] | undefined {
  const { open, close } = list;
  const inner = source.slice(open + 1, close);
  const indent = indentAt(source, open);
  if (inner.trim() === "") {
    const text = spread ? `${newline}${indent}  ${item},${newline}${indent}` : item;
    return [{ at: open + 1, end: close, text }];
  }
  const lineStart = masked.lastIndexOf("\n", close) + 1;
  if (lineStart <= open) return [{ at: close, text: `${inner.endsWith(" ") ? "" : " "}${item}${inner.endsWith(" ") ? " " : ""}` }];
  if (source.slice(lineStart, close).trim() !== "") return undefined;
  return [{ at: lineStart, text: `${indentAt(source, close)}  ${item},${newline}` }];
}

/** The white space that the line of `at` begins with. */
function indentAt(source: string, at: number): string {
  return /^[ \t]*/.exec(source.slice(source.lastIndexOf("\n", at - 1) + 1, at))?.[0] ?? "";
}
