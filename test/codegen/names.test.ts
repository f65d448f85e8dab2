import { describe, expect, it } from "@jest/globals";
import { GENERATED, withProject } from "./project.js";

const body = (name: string, before = "") => `import { Task } from "nestjs-stem";\n${before}\n@Task(${name}) export class A { run() {} }\n`;

const NAMES = `
export const PLAIN = "n.plain";
export const DEEP = { mail: { send: "n.deep", "with-dash": "n.dash" } } as const satisfies object;
export enum Text { Send = "n.enum", "odd one" = "n.odd" }
export enum Count { One = 1, Two }
export class Holder { static readonly NAME: string = "n.static"; static changing = "x"; }
const hidden = "n.alias";
export { hidden as shown };
export default "n.default";
export enum Sum { Base = "n.", Whole = Base + "whole" }
export class Below extends Holder {}
export namespace Space { const at = "n.space"; export const SPACE = at; export enum Kind { One = "n.kind" } export namespace In { export const X = "n.in"; } }
export const { taken, deep: { er: renamed = "x" }, list: [, second] } = { taken: "n.taken", deep: { er: "n.er" }, list: ["a", "n.second"] } as const;
export const FROZEN = Object.freeze({ mail: "n.frozen" } as const);
export const LIST = ["n.first"] as const;
export const BY = { [Text.Send]: "n.by" } as const;
const at = "n.outer";
export const PICK = BY[Text.Send] satisfies string;
export const MAYBE = { name: undefined as string | undefined };
`;

describe("a name is worked out from", () => {
  it.each<[string, string, string?]>([
    ["'n.single'", "n.single"],
    ["`n.tick`", "n.tick"],
    ["('n' + \".\" + `sum`)", "n.sum"],
    ["{ name: 'n.option' }", "n.option"],
    ["{ ['name']: 'n.computed' as const }", "n.computed"],
    ["{ name: 'x', ...BASE }", "n.spread", 'const BASE = { name: "n.spread" };'],
    ["LATER", "n.later", 'const AT = "n.later"; const LATER = AT!;'],
    ["PLAIN", "n.plain", 'import { PLAIN } from "./names.js";'],
    ["Other", "n.plain", 'import { PLAIN as Other } from "./names";'],
    ["names.DEEP.mail.send", "n.deep", 'import * as names from "./names.ts";'],
    ["DEEP['mail'][\"with-dash\"]", "n.dash", 'import { DEEP } from "./names.js";'],
    ["Text.Send", "n.enum", 'import { Text } from "./names.js";'],
    ["Text['odd one']", "n.odd", 'import { Text } from "./names.js";'],
    ["`n.${Count.Two}`", "n.2", 'import { Count } from "./names.js";'],
    ["Holder.NAME", "n.static", 'import { Holder } from "./names.js";'],
    ["shown", "n.alias", 'import { shown } from "./names.js";'],
    ["byDefault", "n.default", 'import byDefault from "./names.js";'],
    ["PLAIN", "n.plain", 'import { PLAIN } from "./barrel.js";'],
    ["all.PLAIN", "n.plain", 'import { all } from "./barrel.js";'],
    ["PLAIN", "n.plain", 'import { PLAIN } from "@app/names";'],
    ["FAR", "n.far", 'import { FAR } from "shared";'],
    ["FARS.mail.send", "n.fars", 'import { FARS } from "shared";'],
    ["Far.Send", "n.farEnum", 'import { Far } from "shared";'],
    ["FarHolder.NAME", "n.farStatic", 'import { FarHolder } from "shared";'],
    ["Sum.Whole", "n.whole", 'import { Sum } from "./names.js";'],
    ["all.Text.Send", "n.enum", 'import { all } from "./barrel.js";'],
    ["names.all.Text.Send", "n.enum", 'import * as names from "./barrel.js";'],
    ["Renamed.Send", "n.enum", 'import { Renamed } from "./barrel.js";'],
    ["Below.NAME", "n.static", 'import { Below } from "./names.js";'],
    ["Space.SPACE", "n.space", 'import { Space } from "./names.js";'],
    ["Space.Kind.One", "n.kind", 'import { Space } from "./names.js";'],
    ["Space.In.X", "n.in", 'import { Space } from "./names.js";'],
    ["taken", "n.taken", 'import { taken } from "./names.js";'],
    ["renamed", "n.er", 'import { renamed } from "./names.js";'],
    ["second", "n.second", 'import { second } from "./names.js";'],
    ["FROZEN.mail", "n.frozen", 'import { FROZEN } from "./names.js";'],
    ["LIST[0]", "n.first", 'import { LIST } from "./names.js";'],
    ["PICK", "n.by", 'import { PICK } from "./names.js";'],
    ["MAYBE.name ?? 'n.maybe'", "n.maybe", 'import { MAYBE } from "./names.js";'],
    ["(NO as { x?: { y: string } }).x?.y ?? 'n.chain'", "n.chain", "const NO = {};"],
  ])("%s", (expression, name, before = "") =>
    withProject(
      {
        "tsconfig.json": '{ "compilerOptions": { "module": "nodenext", "paths": { "@app/*": ["./src/*"] } }, "include": ["src"] }',
        "src/app.ts": body(expression, before),
        "src/names.ts": NAMES,
        "src/barrel.ts":
          'export * from "./barrel.js";\nexport * from "somewhere";\nexport * from "./names.js";\nexport * as all from "./names.js";\nexport { Text as Renamed } from "./names.js";',
        "node_modules/shared/package.json": '{ "name": "shared", "types": "index.d.ts" }',
        "node_modules/shared/index.d.ts":
          'export declare const FAR: "n.far";\nexport declare const FARS: { readonly mail: { readonly send: "n.fars" } };\nexport declare enum Far { Send = "n.farEnum" }\nexport declare class FarHolder { static readonly NAME: "n.farStatic"; }',
      },
      async (project) => {
        expect(await project.diagnostics()).toEqual([]);
        expect(project.text(GENERATED)).toContain(`'${name}': { input`);
      },
    ),
  );

  it.each([
    ["Holder.changing", 'import { Holder } from "./names.js";'],
    ["MISSING", 'import { MISSING } from "./names.js";'],
    ["PLAIN", 'import { PLAIN } from "./nowhere.js";'],
    ["PLAIN", 'import { PLAIN } from "not-installed";'],
    ["nowhere", ""],
    ["`${Math.random()}`", ""],
    ["on ? 'a' : 'b'", "const on = true;"],
  ])("anything but %s, which could differ at run time", (expression, before) =>
    withProject({ "src/app.ts": body(expression, before), "src/names.ts": NAMES }, async (project) => {
      expect((await project.generate()).diagnostics.map(({ code }) => code)).toEqual(["STEM1001"]);
    }),
  );
});

describe("a decorator is ours if it comes from nestjs-stem", () => {
  const run = "export class SendMail { run() {} }";
  it.each([
    ["by name", `import { Task } from "nestjs-stem";\n@Task() ${run}`],
    ["under another name", `import { Task as T } from "nestjs-stem";\n@T() ${run}`],
    ["in a namespace", `import * as stem from "nestjs-stem";\n@stem.Task() ${run}`],
    ["by import equals", `import stem = require("nestjs-stem");\n@stem.Task() ${run}`],
    ["through a file that passes it on", `import { Task } from "./stem.js";\n@Task() ${run}`],
    ["through a file that renames it", `import { Job$ } from "./stem.js";\n@Job$() ${run}`],
    ["through a namespace that is passed on", `import { jobs } from "./stem.js";\n@jobs.Task() ${run}`],
    [
      "beside other decorators",
      `import { Injectable } from "@nestjs/common";\nimport { Task } from "nestjs-stem";\n@Injectable()\n@Task()\n@other.Task() ${run}`,
    ],
  ])("%s", (_, text) =>
    withProject(
      {
        "src/app.ts": text,
        "src/stem.ts": 'export * from "nestjs-stem";\nexport { Task as Job$ } from "nestjs-stem";\nexport * as jobs from "nestjs-stem";',
      },
      async (project) => {
        expect(await project.generate()).toMatchObject({ tasks: 1, diagnostics: [] });
        expect(project.text(GENERATED)).toContain("'sendMail': { input: InputOf<SendMail, 'run'>;");
      },
    ),
  );

  it.each([
    ["of another package", `import { Task } from "other-package";\n@Task("x") ${run}`],
    ["of the project", `import { Task } from "./task.js";\n@Task("x") ${run}`],
    ["of the file itself", `import type { Stem } from "nestjs-stem";\nconst Task = (name: string) => () => {};\n@Task("x") ${run}`],
    ["of another namespace", `import * as stem from "nestjs-stem";\nimport * as other from "other";\n@other.Task("x") ${run}`],
  ])("and not if it is a Task %s", (_, text) =>
    withProject({ "src/app.ts": text, "src/task.ts": "export const Task = (name: string) => () => {};" }, async (project) => {
      expect(await project.generate()).toMatchObject({ tasks: 0, diagnostics: [] });
    }),
  );
});
