import { pick } from "./mutate.js";

/** A type made at random, and expressions that may or may not be of it. */
export interface Made {
  readonly type: string;
  readonly values: readonly string[];
}

type Dice = () => number;

/** What every program begins with: types to refer to, merged, extended, told by number. */
export const PRELUDE = `export enum Size { S = "s", M = "m" }
export enum Level { Low, High = 5 }
export interface Merged { a: string }
export interface Merged { b?: number }
export class Both { c!: boolean }
export interface Both { d: "x" | null }
export interface Rows extends Array<string> {}
export interface Sub extends Merged { e: number[] }
export interface Tree { v: number; below?: Tree[] }
export const STATUS = { 200: "ok", 404: "nf", gone: "g" } as const;
export type Json = string | number | boolean | null | JsonList | { [key: string]: Json };
export interface JsonList extends Array<Json> {}
export interface Empty {}
export interface Box<T> { of: T; note?: string }
`;

/** Values of every kind, tried on every type. */
const VALUES = `null true false 0 1 5 200 404 1.5 -3 "" "s" "m" "x" "a" "b" "a-1" "b-1" "a-0042" "a-x" "a-" "A" "Ab" "gone" "200" "7n" [] ["a"] [1] ["a",1] [1,"a"] ["a","b",2] {} {a:"x"} {a:1}
{a:"x",b:2} {a:"x",b:"y"} {a:"x",b:2,e:[1]} {a:"x",e:["y"]} {c:true,d:"x"} {c:true,d:null} {c:true} {v:1} {v:1,below:[{v:2}]} {v:1,below:[{v:"x"}]} {of:"a"} {of:1} {of:1,note:"n"} {of:1,note:2} {a:null} {b:1} {a:["x"]}
{200:"ok",404:"nf",gone:"g"} {200:"ok"} {1:"x"} {a:{b:1}}`.split(/\s+(?![^[{]*[\]}])/); // prettier-ignore

const LEAVES = [
  "string", "number", "boolean", "null", '"a"', '"b" | 1', "5", "true", "Size", "Level", "Merged", "Both", "Rows", "Sub", "Tree", "Json",
  "keyof typeof STATUS", "(typeof STATUS)[200]", "typeof STATUS", "keyof Merged", 'Extract<"a-1" | "b-1", `a-${string}`>',
  "`a-${number}`", "`a-${string}`", "`${string}-${number}`", "Uppercase<string>", "Capitalize<string>", "unknown[]", 'Both["d"]', "object", "{}", "Empty", "unknown",
] as const; // prettier-ignore

/** A type of the grammar. */
export function typeOf(random: Dice, depth = 0): string {
  const inner = (): string => typeOf(random, depth + 1);
  if (depth > 2 || random() < 0.35) return pick(LEAVES, random);
  const object = (): string => {
    const names = ["a", "b", "c", "1", '"x-y"'].filter(() => random() < 0.45);
    return `{ ${names.map((name) => `${random() < 0.2 ? "readonly " : ""}${name}${random() < 0.3 ? "?" : ""}: ${inner()}`).join("; ")} }`;
  };
  const made: readonly (() => string)[] = [
    object,
    object,
    () => `(${inner()})[]`,
    () => `readonly (${inner()})[]`,
    () => `[${inner()}, ${inner()}]`,
    () => `[${inner()}, (${inner()})?]`,
    () => `[${inner()}, ...(${inner()})[]]`,
    () => `[...(${inner()})[], ${inner()}]`,
    () => `[${inner()}, ...(${inner()})[], ${inner()}]`,
    () => `${inner()} | ${inner()}`,
    () => `${inner()} | null`,
    () => `Record<string, ${inner()}>`,
    () => `Record<"a" | "b", ${inner()}>`,
    () => `Partial<${object()}>`,
    () => `Required<${object()}>`,
    () => `Readonly<${object()}>`,
    () => `Pick<${object().replace(/^\{ (?!(?:readonly )?a\b)/, "{ a: string; ")}, "a">`,
    () => `Omit<${object()}, "a">`,
    () => `{ [K in "a" | "b"]: ${inner()} }`,
    () => `{ [K in keyof Merged]: Merged[K] | ${inner()} }`,
    () => `Box<${inner()}>`,
    () => `Merged & { e: ${inner()} }`,
    () => `NonNullable<${inner()} | null>`,
    () => `Exclude<${inner()}, null>`,
    () => `(${inner()}) & {}`,
  ];
  return pick(made, random)();
}

export function madeOf(random: Dice, values: number): Made {
  return { type: typeOf(random), values: Array.from({ length: values }, () => pick(VALUES, random)) };
}
