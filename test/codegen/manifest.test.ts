import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "@jest/globals";
import { format } from "prettier";
import { GENERATED, MANIFEST, taskClass, withProject } from "./project.js";

interface Manifest {
  readonly hash: string;
  readonly tasks: Record<string, Record<string, unknown>>;
  readonly workflows?: Record<string, Record<string, unknown>>;
}

const read = (text: string) => JSON.parse(text) as Manifest;

describe("stem.manifest.json", () => {
  it("says of a task what it takes and gives, how it is run, and where it is", () =>
    withProject(
      {
        "src/a.ts": `import { Task } from "nestjs-stem";
const HOUR = 3_600_000;
@Task("mail.send", { queue: "mail", priority: 5, instance: "bulk", timeout: HOUR, retry: { attempts: 3, base: "2s", when: () => true }, keepResult: process.env.KEEP, validate: false })
export class SendMail { async run(input: { to: string }): Promise<Date> { return new Date(0); } }`,
      },
      async (project) => {
        await project.generate();
        expect(read(project.text(MANIFEST)).tasks["mail.send"]).toEqual({
          queue: "mail",
          priority: 5,
          instance: "bulk",
          options: { timeout: 3_600_000, retry: { attempts: 3, base: "2s" } },
          unread: ["keepResult"],
          validate: false,
          input: { type: "object", properties: { to: { type: "string" } }, required: ["to"] },
          output: { type: "string", format: "date-time", "x-stem": "date" },
          class: "SendMail",
          method: "run",
          source: "src/a.ts:3",
        });
      },
    ));

  it("says of a workflow what its steps return, also where that is left to be inferred, and what checks a task with a schema of its own", () =>
    withProject(
      {
        "src/a.ts": `import { Step, Task, Workflow } from "nestjs-stem";
declare const schema: never;
@Workflow("order") export class Order {
  async run(): Promise<void> {}
  @Step("pay") async charge() { return { at: new Date() }; }
  @Step() async ship(): Promise<void> {}
}
@Task("checked", { input: schema }) export class Checked { async run(input: number) {} }`,
      },
      async (project) => {
        await project.generate();
        const { tasks, workflows } = read(project.text(MANIFEST));
        const date = { type: "string", format: "date-time", "x-stem": "date" };
        expect(workflows!["order"]!["steps"]).toEqual({
          pay: { output: { type: "object", properties: { at: date }, required: ["at"] } },
          ship: {},
        });
        expect(tasks["checked"]).toMatchObject({ validate: "standard", input: { type: "number" } });
      },
    ));

  it("keeps its hash when handlers move, and changes it with any type, option or comment", () =>
    withProject({ "src/a.ts": taskClass("A", "a") }, async (project) => {
      const hashOf = async (text: string): Promise<string> => {
        project.write({ "src/a.ts": text });
        await project.generate();
        const { hash } = read(project.text(MANIFEST));
        expect(project.text(GENERATED)).toContain(`hash: '${hash}'`);
        return hash;
      };
      const before = await hashOf(taskClass("A", "a"));
      expect(await hashOf(`\n\n${taskClass("A", "a")}`)).toBe(before);
      const others = [
        taskClass("A", "a").replace("to: string", "to?: string"),
        taskClass("A", "a", ", { retry: 5 }"),
        taskClass("A", "a").replace("readonly to", "\n/** Whom. */ readonly to"),
      ];
      const hashes = await others.reduce(async (all, text) => [...(await all), await hashOf(text)], Promise.resolve<string[]>([before]));
      expect(new Set(hashes).size).toBe(4);
    }));

  it("is written with the client or not at all, and is part of what --check compares", () =>
    withProject({ "src/a.ts": taskClass("A", "a") }, async (project) => {
      await project.generate();
      const before = project.text(MANIFEST);
      // Only the manifest knows of options.
      project.write({ "src/a.ts": taskClass("A", "a", ", { retry: 7 }") });
      const { state, diff } = await project.generate({ check: true });
      expect(state).toBe("stale");
      expect(diff).toContain("+++ stem.manifest.json\n");
      expect(diff).toContain('+        "retry": 7\n');
      expect(project.text(MANIFEST)).toBe(before);
      project.write({ "src/a.ts": taskClass("A", "a").replace("to: string", "to: symbol") });
      expect((await project.generate()).state).toBe("errors");
      expect(project.text(MANIFEST)).toBe(before);
    }));

  it("goes where it is told to, and over nothing that is not a manifest", () =>
    withProject({ "src/a.ts": taskClass("A", "a") }, async (project) => {
      expect(await project.generate({ manifest: "deploy/jobs.json" })).toMatchObject({
        manifest: { path: "deploy/jobs.json" },
        state: "written",
      });
      expect(read(project.text("deploy/jobs.json")).tasks["a"]!["source"]).toBe("../src/a.ts:2");
      await expect(project.generate({ manifest: "package.json" })).rejects.toMatchObject({ code: "STEM_OUT_REFUSED" });
      await expect(project.generate({ manifest: "manifest.yaml" })).rejects.toMatchObject({ code: "STEM_OUT_REFUSED" });
    }));

  it("puts types used several times into $defs, and tells two of one name apart", () =>
    withProject(
      {
        "src/a.ts":
          `${taskClass("A", "a").replace("input: { readonly to: string }", "input: Point[]")}\nexport interface Point { x: number }`.replace(
            "input.to",
            "input[0]",
          ),
        "src/b.ts": `${taskClass("B", "b").replace("{ readonly to: string }", "{ to: string; at: Point; was: Point }")}\ninterface Point { y: Date }`,
        "src/c.ts": `import type { Point } from "./a.js";\n${taskClass("C", "c").replace("{ readonly to: string }", "{ to: Point }")}`,
      },
      async (project) => {
        await project.generate();
        const { $defs, tasks } = JSON.parse(project.text(MANIFEST)) as { $defs: object; tasks: Record<string, { input: unknown }> };
        expect(Object.keys($defs)).toEqual(["Point", "Point_2"]);
        expect(tasks["b"]!.input).toMatchObject({ properties: { at: { $ref: "#/$defs/Point_2" } } });
        expect(tasks["c"]!.input).toMatchObject({ properties: { to: { $ref: "#/$defs/Point" } } });
      },
    ));

  it("tells a generic type of a number from the same of a named type", () => {
    const numbers = Array.from({ length: 20 }, (_, at) => `n${at}: Page<${at}>`);
    const type = `export interface Page<T> { of: T }\nexport interface Named { at: Date }\nexport interface All { named: Page<Named>; ${numbers.join("; ")} }`;
    const task = `import { Task } from "nestjs-stem";\n${type}\n@Task("a") export class A { async run(input: All) {} }`;
    return withProject({ "src/a.ts": task }, async (project) => {
      await project.generate();
      const { properties } = read(project.text(MANIFEST)).tasks!["a"]!["input"] as {
        readonly properties: Readonly<Record<string, unknown>>;
      };
      const page = (of: object) => ({ type: "object", properties: { of }, required: ["of"] });
      for (let at = 0; at < 20; at++) expect(properties[`n${at}`]).toEqual(page({ const: at }));
    });
  });

  it("is what prettier leaves alone", async () => {
    const text = readFileSync(join(fileURLToPath(new URL("fixtures/shop", import.meta.url)), MANIFEST), "utf8");
    expect(await format(text, { parser: "json" })).toBe(text);
  });

  it("tells of events and schedules too, and where they go", () =>
    withProject(
      {
        "src/a.ts": `import { Cron, defineEvent } from "nestjs-stem";
export const paid = defineEvent<{ cents: number }>("order.paid", { instance: "shop" });
export const anything = defineEvent("order.seen");
export const nothing = defineEvent<void>("order.closed");
export class Reports {
  @Cron("0 9 * * *", { name: "daily", timeZone: "Europe/Berlin", queue: "slow", priority: 2, keepFailed: "1w" })
  async report() {}
}
`,
      },
      async (project) => {
        await project.generate();
        const { events, schedules } = JSON.parse(project.text(MANIFEST)) as Record<string, Record<string, object>>;
        expect(events).toEqual({
          "order.paid": {
            instance: "shop",
            payload: { type: "object", properties: { cents: { type: "number" } }, required: ["cents"] },
            source: "src/a.ts:2",
          },
          "order.seen": { payload: {}, optional: true, source: "src/a.ts:3" },
          "order.closed": { source: "src/a.ts:4" },
        });
        expect(schedules).toEqual({
          daily: {
            cron: "0 9 * * *",
            timeZone: "Europe/Berlin",
            task: "reports.report",
            queue: "slow",
            priority: 2,
            options: { keepFailed: "1w" },
            source: "src/a.ts:6",
          },
        });
        expect(project.text(GENERATED)).toContain("'order.paid': { payload: { properties: { cents: { type: 'number' } }");
      },
    ));
});
