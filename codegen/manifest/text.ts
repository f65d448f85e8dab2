import { sortedKeys } from "../types/plain.js";

/** Lists of plain values up to this width stand on one line, as prettier has them. */
const WIDTH = 80;

/** The text of one member of an object that stands two levels deep: a task, an event, a shared type. */
export interface Member {
  readonly name: string;
  readonly text: string;
  /** The same without the line with its source place: moving a handler within its file changes nothing that matters. */
  readonly bare: string;
}

/** Of members three levels deep, which no schema is. */
const SOURCE = /^ {6}"source": .*\n/m;

export function memberOf(name: string, value: unknown): Member {
  const out = [`\n    ${JSON.stringify(name)}: `];
  write(value, "\n    ", 0, out);
  const text = out.join("");
  return { name, text, bare: text.replace(SOURCE, "") };
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
    const start = `${JSON.stringify(key)}: `;
    out.push(first ? "{" : ",", below, start);
    first = false;
    write(member, below, below.length - 1 + start.length, out);
  }
  if (first) out.push("{}");
  else out.push(line, "}");
}
