import type { ts } from "ts-morph";
import type { Place } from "../model.js";
import { docCommentOf } from "../read/comment.js";
import type { Typescript } from "../read/load.js";
import type { JsonSchema } from "./schema.js";

/** A tag of a doc comment that narrows a type. */
export interface Constraint {
  /** Without the `@`. */
  readonly tag: string;
  readonly text: string;
  readonly place: Place;
}

/** What a doc comment says about a type. */
export interface Notes {
  readonly constraints: readonly Constraint[];
  /** Keywords for people: `description`, `deprecated`, `default`, `examples`. */
  readonly annotations: JsonSchema;
}

const KINDS = {
  number: ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "integer", "asType"],
  string: ["minLength", "maxLength", "pattern", "format"],
  array: ["minItems", "maxItems", "uniqueItems"],
} as const;
const CONSTRAINTS: ReadonlySet<string> = new Set(Object.values(KINDS).flat());

/** Reads doc comments by their text, so that a pattern may hold any text that a line of a comment can. */
export class NotesReader {
  readonly #ts: Typescript;
  readonly #read = new WeakMap<ts.Node, { readonly notes: Notes | undefined }>();

  constructor(ts: Typescript) {
    this.#ts = ts;
  }

  /** Undefined if there is no comment, or an empty one. */
  of(node: ts.Node): Notes | undefined {
    let read = this.#read.get(node);
    if (read === undefined) this.#read.set(node, (read = { notes: this.#notes(node) }));
    return read.notes;
  }

  #notes(node: ts.Node): Notes | undefined {
    const tree = node.getSourceFile();
    const comment = docCommentOf(this.#ts, node, tree);
    if (comment === undefined) return undefined;
    const constraints: Constraint[] = [];
    const annotations: Record<string, unknown> = {};
    const description: string[] = [];
    const examples: string[][] = [];
    let into: string[] | undefined = description;
    let offset = comment.pos;
    for (const raw of tree.text.slice(comment.pos, comment.end).split("\n")) {
      const start = /^\s*(?:\/\*\*+|\*(?!\/))?[ \t]?/.exec(raw)![0].length;
      const line = raw
        .slice(start)
        .replace(/\s*\*+\/\s*$/, "")
        .trimEnd();
      const [, tag, text = ""] = /^\s*@([A-Za-z]+)(?:\s+(.*))?$/.exec(line) ?? [];
      if (tag === undefined) into?.push(line);
      else {
        into = undefined;
        if (CONSTRAINTS.has(tag)) constraints.push({ tag, text: text.trim(), place: placeOf(tree, offset + raw.indexOf("@")) });
        else if (tag === "deprecated") annotations["deprecated"] = true;
        else if (tag === "default") annotations["default"] = valueOf(text);
        else if (tag === "example" || tag === "examples") examples.push((into = [text]));
      }
      offset += raw.length + 1;
    }
    const told = description.join("\n").trim();
    if (told !== "") annotations["description"] = told;
    if (examples.length > 0) annotations["examples"] = examples.map((lines) => valueOf(lines.join("\n")));
    return constraints.length > 0 || Object.keys(annotations).length > 0 ? { constraints, annotations } : undefined;
  }
}

/** A constraint as a keyword, or the reason why it does not fit. */
export type Applied = { readonly schema: JsonSchema } | { readonly misfit: string } | { readonly unreadable: string };

/** Applies a constraint to a schema; in a union to the members it fits. */
export function constrain(schema: JsonSchema, { tag, text }: Constraint): Applied {
  const keyword = keywordOf(tag, text);
  if ("unreadable" in keyword) return { unreadable: String(keyword["unreadable"]) };
  const kind =
    tag === "asType"
      ? "number"
      : (Object.keys(KINDS) as (keyof typeof KINDS)[]).find((one) => (KINDS[one] as readonly string[]).includes(tag))!;
  const members = schema["anyOf"] as readonly JsonSchema[] | undefined;
  if (members?.some((one) => fits(one, kind, tag)) === true) {
    return { schema: { ...schema, anyOf: members.map((one) => (fits(one, kind, tag) ? { ...one, ...keyword } : one)) } };
  }
  return fits(schema, kind, tag)
    ? { schema: { ...schema, ...keyword } }
    : { misfit: kind === "array" ? "lists" : kind === "string" ? "text" : "numbers" };
}

function fits({ type, "x-stem": special }: JsonSchema, kind: keyof typeof KINDS, tag: string): boolean {
  if (kind === "array") return type === "array" && (tag !== "uniqueItems" || special === undefined);
  return special === undefined && (type === kind || (kind === "number" && type === "integer"));
}

function keywordOf(tag: string, text: string): JsonSchema | { readonly unreadable: string } {
  if (tag === "pattern") return isPattern(text) ? { pattern: text } : { unreadable: "a regular expression, without slashes around it" };
  if (tag === "format") return /^[\w-]+$/.test(text) ? { format: text } : { unreadable: "one word, such as email" };
  if (tag === "integer") return text === "" ? { type: "integer" } : { unreadable: "no value" };
  if (tag === "asType") return text === "integer" ? { type: "integer" } : { unreadable: "integer" };
  if (tag === "uniqueItems") return /^(?:true)?$/.test(text) ? { uniqueItems: true } : { unreadable: "true or no value" };
  const value = text === "" ? Number.NaN : Number(text);
  if (tag === "multipleOf") return value > 0 && value < Infinity ? { multipleOf: value } : { unreadable: "a number above 0" };
  if (/(?:Length|Items)$/.test(tag)) {
    return Number.isSafeInteger(value) && value >= 0 ? { [tag]: value } : { unreadable: "a whole number from 0 up" };
  }
  return Number.isFinite(value) ? { [tag]: value } : { unreadable: "a number" };
}

function isPattern(text: string): boolean {
  if (text === "" || /^\/.*\/[a-z]*$/.test(text)) return false;
  try {
    return new RegExp(text, "u") instanceof RegExp;
  } catch {
    return false;
  }
}

/** JSON if it is, else the text. */
function valueOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text.trim();
  }
}

function placeOf(tree: ts.SourceFile, position: number): Place {
  const { line, character } = tree.getLineAndCharacterOfPosition(position);
  return { file: tree.fileName, line: line + 1, column: character + 1 };
}
