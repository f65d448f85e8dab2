import { describe, expect, it } from "@jest/globals";
import { compile } from "../../lib/core/schema/compile.js";
import type { JsonSchema } from "../../lib/core/schema/json-schema.js";
import { MANIFEST, type TestProject, withProject } from "./project.js";

/** Says whether a value fits the payload of task "a". */
function judgeOf(project: TestProject): (value: unknown) => boolean {
  const { tasks, $defs } = JSON.parse(project.text(MANIFEST)) as {
    readonly tasks: { readonly a: { readonly input: JsonSchema } };
    readonly $defs?: Record<string, JsonSchema>;
  };
  const { check } = compile(tasks.a.input, $defs ?? {});
  return (value) => check(value) === undefined;
}

const app = (types: string, input: string) => ({
  "src/a.ts": `import { Task } from "nestjs-stem";\n${types}\n@Task("a") export class A { async run(input: ${input}): Promise<void> {} }\n`,
});

/** `count` models, each with relations to `relations` others; `list` says what a relation to many is. */
function models(count: number, relations: number, list: (of: string) => string): string {
  const names = Array.from({ length: count }, (_, at) => `M${at}`);
  const relation = (at: number, by: number) =>
    `to${by}?: ${names[(at + by) % count]}; of${by}?: ${list(names[(at + count - by) % count]!)};`;
  const many = (at: number) => Array.from({ length: relations }, (_, by) => relation(at, (by + 1) ** 2 % count)).join(" ");
  return names.map((name, at) => `export interface ${name} { id: string; at: Date; n${at}: number; ${many(at)} }`).join("\n");
}

describe("types that refer to each other", () => {
  it.each([
    ["a list of itself or null", "export type J = string | (J | null)[];", [["a", null, ["b"]], "a", []], [[1], null, [[2]]]],
    ["through an interface", "export interface L extends ReadonlyArray<J | null> {}\nexport type J = string | L;", [["a", null]], [[1]]],
    ["as a tuple", "export type J = string | [J | 1, (J | 2)?];", [["a"], [1, 2], [["b"], ["c"]]], [[2], [1, 3], []]],
    ["as a map", "export type J = string | { readonly [K in string]?: J | null };", [{ a: { b: null } }], [{ a: { b: 1 } }]],
    [
      "a list with another laid over it, as in type-fest",
      "type A = J[] | readonly J[];\ntype O = { [K in string]: J } & { [K in string]?: J | undefined };\nexport type J = string | O | A;",
      [{ a: [{ b: "x" }] }, ["x"]],
      [1, { a: [{ b: 1 }] }],
    ],
    [
      "two at once",
      "export type J = string | (K | null)[];\nexport type K = number | (J | boolean)[];",
      [[1, ["a", true]]],
      [["a"], [1, [1]]],
    ],
  ])("may stand beside others: %s", (_, types, right, wrong) =>
    withProject(app(types, "{ j: J | 7 }"), async (project) => {
      expect(await project.diagnostics()).toEqual([]);
      const fits = judgeOf(project);
      expect([...right, 7].filter((j) => !fits({ j }))).toEqual([]);
      expect(wrong.filter((j) => fits({ j }))).toEqual([]);
    }),
  );

  it("come back from the wire as they were, where one is taken apart within itself", () =>
    withProject(app("export type J = Date | (J | null)[] | { of?: J | bigint };", "J | null"), async (project) => {
      expect(await project.diagnostics()).toEqual([]);
      const { tasks, $defs } = JSON.parse(project.text(MANIFEST)) as { tasks: { a: { input: JsonSchema } }; $defs: Record<string, JsonSchema> };
      const { check, encode, decode } = compile(tasks.a.input, $defs);
      const value = [new Date(0), null, [{ of: [new Date(1), { of: 7n }] }]];
      expect(check(value)).toBeUndefined();
      expect(check([new Date(0), [["x"]]])).toBeDefined();
      expect(decode!(JSON.parse(JSON.stringify(encode!(value))))).toEqual(value);
    }),
  ); // prettier-ignore

  it.each([
    ["as they are written", "M0"],
    ["through the checker", "Required<{ [K in keyof M0]: M0[K] }>"],
  ])("are told by reference, however many they are: 400 with 6 relations each, %s", (_, input) =>
    withProject(app(models(400, 6, (of) => `${of}[]`), `Pick<${input}, "to1" | "of1">`), async (project) => {
      expect(await project.diagnostics()).toEqual([]);
      const fits = judgeOf(project);
      const at = new Date("2026-01-02T03:04:05.678Z");
      const last = { id: "x", at, n399: 1 };
      expect(fits({ to1: { id: "x", at, n1: 1, of1: [{ id: "y", at, n0: 2, of1: [last] }] }, of1: [last] })).toBe(true);
      expect(fits({ to1: { id: "x", at, n1: 1, of1: [{ id: "y", at, n0: 2, of1: [{ ...last, n399: "1" }] }] }, of1: [last] })).toBe(false);
    }),
  ); // prettier-ignore

  it("may be a chain of 2,000", () => {
    const chain = Array.from({ length: 2_000 }, (_, at) => `export interface C${at} { id: ${at}; next?: C${(at + 1) % 2_000} }`).join("\n");
    return withProject(app(chain, "C0"), async (project) => {
      expect(await project.diagnostics()).toEqual([]);
      const fits = judgeOf(project);
      expect(fits({ id: 0, next: { id: 1, next: { id: 2 } } })).toBe(true);
      expect(fits({ id: 0, next: { id: 1, next: { id: 3 } } })).toBe(false);
    });
  });

  it.each([["as they are written", "M0"], ["through the checker", "{ [K in keyof M0]: M0[K] }"]])(
    "may do so through generic types: one that stands in itself with other arguments, not larger ones, has an end, %s",
    (_, input) =>
      withProject(app(`export interface Page<T> { items: T[]; total: number }\n${models(30, 2, (of) => `Page<${of}>`)}`, input), async (project) => {
        expect(await project.diagnostics()).toEqual([]);
      }),
  ); // prettier-ignore

  it("that none of them can travel are told in few words: XORs of what goes in, as Prisma has them", () => {
    const [count, relations] = [20, 3];
    const name = (at: number) => `M${(at + count) % count}`;
    const by = Array.from({ length: relations }, (_, at) => (at + 1) ** 2);
    const fields = (at: number, but: string, kind: string) =>
      by
        .flatMap((to) => [
          ...(but === `to${to}` ? [] : [`to${to}?: Create${name(at + to)}_of${to};`]),
          ...(but === `of${to}` ? [] : [`of${to}?: ${kind}Create${name(at - to)}_to${to};`]),
        ])
        .join(" ");
    const types = Array.from({ length: count }, (_, at) => {
      const model = name(at);
      return by.flatMap((to) => [`of${to}`, `to${to}`]).map((but) => `
export type ${model}_${but} = { id: string; at: Date | string; ${fields(at, but, "")} };
export type U${model}_${but} = { id: number; at?: Date | string; ${fields(at, but, "U")} };
export type Create${model}_${but} = { create?: XOR<${model}_${but}, U${model}_${but}> | ${model}_${but}[]; where?: { id: string } };
export type UCreate${model}_${but} = { create?: XOR<${model}_${but}, U${model}_${but}>; with?: U${model}_${but}[] };`);
    }).flat(); // prettier-ignore
    const xor =
      "type Without<T, U> = { [P in Exclude<keyof T, keyof U>]?: never };\ntype XOR<T, U> = T extends object ? U extends object ? (Without<T, U> & U) | (Without<U, T> & T) : U : T;\n";
    return withProject(app(`${xor}${types.join("")}`, "XOR<M0_to1, UM0_to1>"), async (project) => {
      const { diagnostics } = await project.generate();
      expect(diagnostics.map(({ code }) => code)).toEqual([...Array.from({ length: 8 }, () => "STEM2005"), "STEM2013"]);
      expect(Math.max(...diagnostics.map(({ message }) => message.length))).toBeLessThan(500);
    });
  });
});
