import { type Hole, members, plain, type Shape, STRING, type Template, union } from "./shape.js";

/** The most alternatives a template literal type is written out into. */
const MOST = 1_000;

/**
 * A template literal type: `texts` around `types`, one more than these.
 * Written out if all parts are literals, else a pattern.
 *
 * @returns undefined if one of the parts cannot stand in a template, or there are too many ways to fill it
 */
export function template(texts: readonly string[], types: readonly Shape[]): Shape | undefined {
  let ways: readonly Template[] = [{ texts: [texts[0]!], holes: [] }];
  for (const [index, type] of types.entries()) {
    const parts = members(type)?.flatMap((one): readonly (Template | undefined)[] => partsOf(plain(one)));
    if (parts === undefined || parts.includes(undefined) || parts.length * ways.length > MOST) return undefined;
    const after: Template = { texts: [texts[index + 1]!], holes: [] };
    ways = ways.flatMap((way) => parts.map((part) => join(join(way, part!), after)));
  }
  return union(ways.map(templateShape));
}

/** `Uppercase<string>` and similar types. Undefined if it needs the checker. */
export function mapped(kind: Hole, shape: Shape): Shape | undefined {
  const change = CHANGES[kind];
  const made = members(shape)?.map((one): Shape | undefined => {
    const at = plain(one);
    if (at?.kind === "literal" && typeof at.value === "string" && change !== undefined) return { kind: "literal", value: change(at.value) };
    return at?.kind === "string" && at.pattern === undefined ? templateShape({ texts: ["", ""], holes: [kind] }) : undefined;
  });
  return made === undefined || made.includes(undefined) ? undefined : union(made as readonly Shape[]);
}

/** Whether a text is of a type; undefined if unknown. */
export function isOf(text: string, { pattern }: Shape & { readonly kind: "string" }): boolean {
  return pattern === undefined || new RegExp(pattern, "u").test(text);
}

const CHANGES: Partial<Record<Hole, (text: string) => string>> = {
  Uppercase: (text) => text.toUpperCase(),
  Lowercase: (text) => text.toLowerCase(),
  Capitalize: (text) => text.charAt(0).toUpperCase() + text.slice(1),
  Uncapitalize: (text) => text.charAt(0).toLowerCase() + text.slice(1),
};

function join(a: Template, b: Template): Template {
  const [first = "", ...others] = b.texts;
  return { texts: [...a.texts.slice(0, -1), a.texts.at(-1)! + first, ...others], holes: [...a.holes, ...b.holes] };
}

function partsOf(shape: Shape | undefined): readonly (Template | undefined)[] {
  const text = (of: string): Template => ({ texts: [of], holes: [] });
  const hole = (of: Hole): Template => ({ texts: ["", ""], holes: [of] });
  if (shape?.kind === "literal") return [text(String(shape.value))];
  if (shape?.kind === "bigint") return [shape.value === undefined ? hole("bigint") : text(shape.value)];
  if (shape?.kind === "null" || shape?.kind === "undefined") return [text(shape.kind)];
  if (shape?.kind === "boolean") return [text("false"), text("true")];
  if (shape?.kind === "number") return [hole("number")];
  if (shape?.kind !== "string") return [undefined];
  return [shape.pattern === undefined ? hole("string") : shape.template];
}

function templateShape(of: Template): Shape {
  if (of.holes.length === 0) return { kind: "literal", value: of.texts[0]! };
  if (of.holes.every((hole) => hole === "string") && of.texts.every((text) => text === "")) return STRING;
  const pattern = patternOf(of);
  return pattern === ANY_TEXT ? STRING : { kind: "string", pattern: `^${pattern}$`, template: of };
}

/**
 * As the language matches such a text, without backtracking.
 * A hole ends at the first occurrence of the text after it; one that is followed by another takes one
 * character; the last takes the rest.
 */
function patternOf({ texts, holes }: Template): string {
  return holes.reduce((before, hole, at) => {
    const after = texts[at + 1]!;
    if (at === holes.length - 1) return before + HOLES[hole]("") + escape(after);
    return before + (after === "" ? ONE[hole] : HOLES[hole](`(?!${escape(after)})`)) + escape(after);
  }, escape(texts[0]!));
}

const ANY_TEXT = "[\\s\\S]*";

/** Each by the text that must not begin within it. */
const HOLES: Readonly<Record<Hole, (not: string) => string>> = {
  string: (not) => (not === "" ? ANY_TEXT : `(?:${not}[\\s\\S])*`),
  number,
  bigint: (not) => `(?:${not}0|(?:${not}-)?${not}[1-9](?:${not}[0-9])*)`,
  Uppercase: (not) => `(?:${not}\\P{Changes_When_Uppercased})*`,
  Lowercase: (not) => `(?:${not}\\P{Changes_When_Lowercased})*`,
  Capitalize: (not) => `(?:${not}\\P{Changes_When_Uppercased}(?:${not}[\\s\\S])*)?`,
  Uncapitalize: (not) => `(?:${not}\\P{Changes_When_Lowercased}(?:${not}[\\s\\S])*)?`,
};

/** One character of each. */
const ONE: Readonly<Record<Hole, string>> = {
  string: "[\\s\\S]",
  number: "[0-9\\s]",
  bigint: "[0-9]",
  Uppercase: "\\P{Changes_When_Uppercased}",
  Lowercase: "\\P{Changes_When_Lowercased}",
  Capitalize: "\\P{Changes_When_Uppercased}",
  Uncapitalize: "\\P{Changes_When_Lowercased}",
};

/**
 * Every text that converts to a finite number in the language: also `007`, `.5`, `0x1F`, `1e3`, and white
 * space alone.
 */
function number(not: string): string {
  const one = (of: string): string => (not === "" ? of : `(?:${not}${of})`);
  const [space, digit, point, zero] = [one("\\s"), one("[0-9]"), one("\\."), one("0")];
  const exponent = `${one("[eE]")}(?:${one("-")}${digit}+|${one("\\+")}?${zero}*(?:${digit}{1,2}|${one("[12]")}${digit}{2}|${one("3")}${zero}${one("[0-8]")}))`;
  const decimal = `${one("[+\\-]")}?(?:${digit}+(?:${point}${digit}*)?|${point}${digit}+)(?:${exponent})?`;
  const others = ["[xX]", "[oO]", "[bB]"].map((letter, at) => `${zero}${one(letter)}${one(["[0-9a-fA-F]", "[0-7]", "[01]"][at]!)}+`);
  return `(?:${space}*(?:${[decimal, ...others].join("|")})${space}*|${space}+)`;
}

function escape(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
}
