import { sortedKeys } from "../types/plain.js";

/** Lists of plain values up to this width stand on one line, as prettier has them. */
const WIDTH = 80;

/** The text of one member of an object that stands two levels deep: a task, an event, a shared type. */
export interface Member {
  readonly name: string;
  readonly text: string;
  /**
   * The same without what the library does not read, such as source places: moving a handler within its file
   * does not change it.
   */
  readonly bare: string;
}

/** @param place members that are written beside those of `value` and do not count in its hash */
export function memberOf(name: string, value: object, place: object = {}): Member {
  const whole = { ...value, ...place } as Readonly<Record<string, unknown>>;
  const parts = sortedKeys(whole)
    .filter((key) => whole[key] !== undefined)
    .map((key) => {
      const out: string[] = [];
      memberText(key, whole[key], `${LINE}  `, out);
      return { key, text: out.join("") };
    });
  const within = (kept: typeof parts): string => (kept.length === 0 ? "{}" : `{${kept.map(({ text }) => text).join(",")}${LINE}}`);
  const start = `${LINE}${JSON.stringify(name)}: `;
  return { name, text: start + within(parts), bare: start + within(parts.filter(({ key }) => !Object.hasOwn(place, key))) };
}

/** The indentation of members of this kind. */
const LINE = "\n    ";

function memberText(key: string, value: unknown, line: string, out: string[]): void {
  const start = `${JSON.stringify(key)}: `;
  out.push(line, start);
  write(value, line, line.length - 1 + start.length, out);
}

/** A member of the whole, with members of its own. */
export interface Section {
  readonly name: string;
  readonly members: readonly Member[];
}

/** The text of some sections, in their order: JSON with two spaces and a line feed at the end. */
export function sectionsText(sections: readonly Section[], of: "text" | "bare"): string {
  const texts = sections.map(({ name, members }) => {
    const within = members.length === 0 ? "{}" : `{${members.map((one) => one[of]).join(",")}\n  }`;
    return `\n  ${JSON.stringify(name)}: ${within}`;
  });
  return `{${texts.join(",")}\n}\n`;
}

/**
 * JSON with sorted keys: the same text for the same value, and one that prettier leaves alone.
 *
 * @param line a line feed and the indentation
 * @param before how wide the line already is
 */
function write(value: unknown, line: string, before: number, out: string[]): void {
  if (typeof value !== "object" || value === null) return void out.push(JSON.stringify(value));
  const below = `${line}  `;
  if (Array.isArray(value)) {
    if (value.length === 0) return void out.push("[]");
    if (!value.some((one) => typeof one === "object" && one !== null)) {
      const short = `[${value.map((one) => JSON.stringify(one)).join(", ")}]`;
      // The comma that follows counts too.
      if (before + short.length < WIDTH) return void out.push(short);
    }
    for (const [at, one] of value.entries()) {
      out.push(at === 0 ? "[" : ",", below);
      write(one, below, below.length - 1, out);
    }
    return void out.push(line, "]");
  }
  let first = true;
  for (const key of sortedKeys(value)) {
    const member = (value as Readonly<Record<string, unknown>>)[key];
    if (member === undefined) continue;
    out.push(first ? "{" : ",");
    first = false;
    memberText(key, member, below, out);
  }
  if (first) out.push("{}");
  else out.push(line, "}");
}
