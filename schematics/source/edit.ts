import { lineEnd, type Span } from "./code.js";

/** Text to insert at a position of the source; with `end`, in place of the text between. */
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
 * The edits that add an item at the end of a list, in the list's own layout: one line or a line each, with a
 * comma after the last item or without, and without moving a comment away from the item it belongs to.
 *
 * @param masked what `maskText` made of `source`
 * @param item its further lines, if it has any, are indented by pairs of spaces as if the first stood at the
 *   margin
 * @param spread give an empty list a line for its item; otherwise it stays on one line
 * @returns undefined if comments leave no safe place
 */
export function addItem(source: string, masked: string, list: List, item: string, spread: boolean): readonly Edit[] | undefined {
  const { open, close, items, comma } = list;
  const newline = source.includes("\r\n") ? "\r\n" : "\n";
  const first = items[0];
  const last = items.at(-1);
  const style = { newline, unit: unitOf(source) };
  if (first === undefined || last === undefined) return fillEmpty(source, masked, list, item, spread, style);
  if (!masked.slice(open, first.start).includes("\n")) {
    if (item.includes("\n") && isPlain(source, list)) return [aLineEach(source, list, item, style)];
    const text = indented(item, indentAt(source, open), style);
    return comma < 0 ? [{ at: last.end, text: `, ${text}` }] : [{ at: comma + 1, text: ` ${text},` }];
  }
  const indent = indentAt(source, first.start);
  const end = lineEnd(masked, comma < 0 ? last.end : comma + 1);
  // A comment after the last item on its line stays there, so the new line goes below it.
  const below = end <= close && masked.slice(comma < 0 ? last.end : comma + 1, end).trim() === "";
  const at = below ? end : comma < 0 ? last.end : comma + 1;
  const line = `${newline}${indent}${indented(item, indent, style)}`;
  if (comma >= 0) return [{ at, text: `${line},` }];
  return at === last.end
    ? [{ at, text: `,${line}` }]
    : [
        { at: last.end, text: "," },
        { at, text: line },
      ];
}

/** How a file breaks and indents its lines. */
interface Style {
  readonly newline: string;
  readonly unit: string;
}

function fillEmpty(
  source: string,
  masked: string,
  { open, close }: List,
  item: string,
  spread: boolean,
  style: Style,
): readonly Edit[] | undefined {
  const { newline, unit } = style;
  const inner = source.slice(open + 1, close);
  const indent = indentAt(source, open);
  if (inner.trim() === "") {
    const line = `${newline}${indent}${unit}${indented(item, indent + unit, style)},${newline}${indent}`;
    return [{ at: open + 1, end: close, text: spread ? line : item }];
  }
  const lineStart = masked.lastIndexOf("\n", close) + 1;
  if (lineStart <= open) return [{ at: close, text: `${inner.endsWith(" ") ? "" : " "}${item}${inner.endsWith(" ") ? " " : ""}` }];
  if (source.slice(lineStart, close).trim() !== "") return undefined;
  const deeper = indentAt(source, close) + unit;
  return [{ at: lineStart, text: `${deeper}${indented(item, deeper, style)},${newline}` }];
}

/** A list on one line cannot take an item of several; it gets a line for each. */
function aLineEach(source: string, { open, close, items }: List, item: string, style: Style): Edit {
  const { newline, unit } = style;
  const indent = indentAt(source, open);
  const texts = [...items.map(({ start, end }) => source.slice(start, end)), indented(item, indent + unit, style)];
  const lines = texts.map((text) => `${newline}${indent}${unit}${text},`);
  return { at: open + 1, end: close, text: `${lines.join("")}${newline}${indent}` };
}

/** Nothing but items and commas, in one line. */
function isPlain(source: string, { open, close, items }: List): boolean {
  if (source.slice(open, close).includes("\n")) return false;
  const ends = [open + 1, ...items.map(({ end }) => end)];
  return ends.every((end, i) => /^[\s,]*$/.test(source.slice(end, items[i]?.start ?? close)));
}

function indented(item: string, indent: string, { newline, unit }: Style): string {
  return item
    .split("\n")
    .map((line, n) => (n === 0 ? line : indent + line.replace(/^(?: {2})+/, (pairs) => unit.repeat(pairs.length / 2))))
    .join(newline);
}

/** What one level is indented by: that of the first indented line. */
function unitOf(source: string): string {
  return /^(\t| {2}| {4})(?=\S)/m.exec(source)?.[1] ?? "  ";
}

/** The white space that the line of `at` begins with. */
function indentAt(source: string, at: number): string {
  return /^[ \t]*/.exec(source.slice(source.lastIndexOf("\n", at - 1) + 1, at))?.[0] ?? "";
}
