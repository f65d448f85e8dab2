import { byCodeUnit } from "../model.js";
import { isMap } from "../types/plain.js";

/** Lists of plain values up to this width stand on one line, as prettier has them. */
const WIDTH = 80;

/** Texts of objects that have been written before; schemas stay the same objects from pass to pass. */
const written = new WeakMap<object, { readonly line: string; readonly text: string }>();

/** JSON with sorted keys, two spaces and a line feed at the end: the same text for the same value, and one that prettier leaves alone. */
export function jsonText(value: unknown): string {
  return `${write(value, "\n", 0)}\n`;
}

/**
 * @param line a line feed and the indentation
 * @param before how wide the line already is
 */
function write(value: unknown, line: string, before: number): string {
  const below = `${line}  `;
  if (Array.isArray(value)) {
    if (value.length === 0) return "[]";
    if (!value.some((one) => typeof one === "object" && one !== null)) {
      const short = `[${value.map((one) => JSON.stringify(one)).join(", ")}]`;
      // The comma that follows counts too.
      if (before + short.length < WIDTH) return short;
    }
    return `[${value.map((one) => below + write(one, below, below.length - 1)).join(",")}${line}]`;
  }
  if (!isMap(value)) return JSON.stringify(value);
  const known = written.get(value);
  if (known?.line === line) return known.text;
  let text = "";
  for (const key of Object.keys(value).sort(byCodeUnit)) {
    const member = value[key];
    if (member === undefined) continue;
    const start = `${JSON.stringify(key)}: `;
    text += `${text === "" ? "" : ","}${below}${start}${write(member, below, below.length - 1 + start.length)}`;
  }
  text = text === "" ? "{}" : `{${text}${line}}`;
  written.set(value, { line, text });
  return text;
}
