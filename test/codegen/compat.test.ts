import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "@jest/globals";
import { compareManifests } from "../../codegen/compat/compare.js";
import { type Manifest, parseManifest, type Schema } from "../../codegen/compat/manifest.js";
import { misfits } from "../../codegen/compat/schemas.js";

const manifest = (parts: object): Manifest => parseManifest(JSON.stringify({ stem: 1, hash: "0", ...parts }), "stem.manifest.json");
const object = (properties: object, required = Object.keys(properties), more: object = {}) => ({
  type: "object",
  properties,
  required,
  ...more,
});
const text = { type: "string" };
const number = { type: "number" };
const date = { type: "string", format: "date-time", "x-stem": "date" };
const map = (k: object, v: object) => ({ type: "array", items: { type: "array", prefixItems: [k, v], items: false, minItems: 2 }, "x-stem": "map" }); // prettier-ignore
const union = (...anyOf: object[]) => ({ anyOf });

const why = (from: object, to: object, oldDefs: object = {}, newDefs: object = oldDefs): readonly string[] =>
  misfits({ schema: from as Schema, defs: oldDefs as never }, { schema: to as Schema, defs: newDefs as never }).map(
    ({ path, why: text }) => (path === "" ? text : `${path}: ${text}`),
  );

describe("Whatever fits the first type fits the second:", () => {
  const node = object({ next: { $ref: "#/$defs/Node" }, value: text }, ["value"]);
  it.each<[string, object, object, object?, object?]>([
    ["the same", object({ a: text }), object({ a: text })],
    ["an optional member more", object({ a: text }), object({ a: text, b: number }, ["a"])],
    ["a member less", object({ a: text, b: text }), object({ a: text })],
    ["a member that may be left out now", object({ a: text }), object({ a: text }, [])],
    ["a member more in a union", text, union(text, number)],
    ["a union in another order", union(text, number), union(number, text)],
    ["several types in one word", { type: ["string", "null"] }, union({ type: "null" }, text, number)],
    ["literals and their type", { enum: ["a", "b"] }, text],
    ["literals and more of them", { enum: ["a", "b"] }, { enum: ["c", "b", "a"] }],
    ["literals that different alternatives take", { enum: ["a", 1] }, union(text, number)],
    ["literals within bounds", { enum: ["ab", "cd"] }, { type: "string", minLength: 2, maxLength: 2, pattern: "^[a-d]+$" }],
    ["a boolean and both its values", { type: "boolean" }, { enum: [true, false] }],
    ["whole numbers and numbers", { type: "integer", minimum: 1 }, number],
    ["tighter bounds", { type: "number", minimum: 2, exclusiveMaximum: 9 }, { type: "number", exclusiveMinimum: 1, maximum: 9 }],
    ["a multiple of a multiple", { type: "number", multipleOf: 0.3 }, { type: "number", multipleOf: 0.1 }],
    ["whole numbers and multiples of a half", { type: "integer" }, { type: "number", multipleOf: 0.5 }],
    ["a shorter text", { type: "string", maxLength: 5, minLength: 1 }, { type: "string", maxLength: 9 }],
    ["anything", object({ a: text }), {}],
    ["a tuple and a list", { type: "array", prefixItems: [text, text], items: false, minItems: 2 }, { type: "array", items: text, maxItems: 2 }],
    ["an object and a record", object({ a: number }), { type: "object", additionalProperties: number }],
    ["a tagged union with one more", union(object({ k: { const: "a" } })), union(object({ k: { const: "b" }, n: text }), object({ k: { const: "a" } }))],
    ["maps", map(text, number), map(text, union(number, text))],
    ["a recursive type", { $ref: "#/$defs/Node" }, { $ref: "#/$defs/Node" }, { Node: node }],
    ["a recursive type by another name", { $ref: "#/$defs/Node" }, { $ref: "#/$defs/Other" }, { Node: node }, { Other: object({ next: { $ref: "#/$defs/Other" }, value: text }, []) }],
  ])("%s", (...[, from, to, oldDefs, newDefs]) => expect(why(from, to, oldDefs, newDefs)).toEqual([])); // prettier-ignore
});

describe("It is told where and why not:", () => {
  it.each<[string, object, object, readonly string[], object?, object?]>([
    ["a new member", object({ a: text }), object({ a: text, b: text }), ["b: is new and required"]],
    ["a member that was optional", object({ a: text }, []), object({ a: text }), ["a: was optional and is now required"]],
    ["another type, deep down", object({ a: { type: "array", items: object({ b: text }) } }), object({ a: { type: "array", items: object({ b: number }) } }), ["a[].b: was a string and is now a number"]],
    ["an alternative less", union(text, number), text, ["was a number and is now a string"]],
    ["a union that lost one", union(text, number, { type: "null" }), union(text, number), ["null is no longer allowed"]],
    ["a literal less", { enum: ["a", "b", "c"] }, { enum: ["b"] }, ['"a", "c" are no longer allowed']],
    ["a text that became literals", text, { enum: ["a"] }, ['was a string and is now one of "a"']],
    ["a literal out of bounds", { const: "abc" }, { type: "string", maxLength: 2 }, ['"abc" is no longer allowed']],
    ["numbers and whole numbers", number, { type: "integer" }, ["was a number and is now an integer"]],
    ["bounds", { type: "number", minimum: 1 }, { type: "number", minimum: 2, maximum: 9 }, ["had minimum 1 and now has 2", "had no maximum and now has 9"]],
    ["an open bound", { type: "number", maximum: 9 }, { type: "number", exclusiveMaximum: 9 }, ["had no exclusiveMaximum and now has 9"]],
    ["a pattern", text, { type: "string", pattern: "^a" }, ['had no pattern and now has "^a"']],
    ["a format", { type: "string", format: "uri" }, { type: "string", format: "email" }, ['had format "uri" and now has "email"']],
    ["a Date for a text", text, date, ["was a string and is now a Date, which travels in another form"]],
    ["a text for a Date", date, text, ["was a Date and is now a string, which travels in another form"]],
    ["anything for a Date", date, {}, ["was a Date and is now anything, which travels in another form"]],
    ["the values of a Map", map(text, number), map(text, text), ["[][1]: was a number and is now a string"]],
    ["a shorter tuple", { type: "array", prefixItems: [text, number], items: false }, { type: "array", prefixItems: [text], items: false }, ["[1]: is no longer allowed"]],
    ["a list and a tuple", { type: "array", items: text }, { type: "array", prefixItems: [text], items: false, minItems: 1 }, ["had no minItems and now has 1", "may no longer have more than 1 item"]],
    ["lists of what is unique", { type: "array", items: text }, { type: "array", items: text, uniqueItems: true }, ["had no uniqueItems and now has true"]],
    ["records of other values", { type: "object", additionalProperties: text }, { type: "object", additionalProperties: number }, ["*: was a string and is now a number"]],
    ["members that are not allowed", object({ a: text, b: text }), object({ a: text }, ["a"], { additionalProperties: false }), ["b: is no longer allowed"]],
    ["names of members", { type: "object", additionalProperties: text }, { type: "object", additionalProperties: text, propertyNames: { pattern: "^a" } }, ['(names): had no pattern and now has "^a"']],
    ["one alternative of a tagged union", union(object({ k: { const: "a" }, n: text }), object({ k: { const: "b" } })), union(object({ k: { const: "a" }, n: number }), object({ k: { const: "b" } })), ["n: was a string and is now a number"]],
    ["a recursive type", { $ref: "#/$defs/N" }, { $ref: "#/$defs/N" }, ["v: was a string and is now a number"], { N: object({ n: { $ref: "#/$defs/N" }, v: text }, ["v"]) }, { N: object({ n: { $ref: "#/$defs/N" }, v: number }, ["v"]) }],
    ["what was anything", {}, object({ a: text }), ["was anything and is now an object"]],
  ])("%s", (...[, from, to, wanted, oldDefs, newDefs]) => expect(why(from, to, oldDefs, newDefs)).toEqual(wanted)); // prettier-ignore
});

const task = (input: object | undefined, more: object = {}) => ({ class: "SendMail", method: "run", source: "src/a.ts:1", ...(input && { input }), ...more }); // prettier-ignore
const tasks = (entry: object, name = "mail.send") => ({ tasks: { [name]: entry } });
const flow = (more: object) => ({ workflows: { "order.process": { class: "Process", method: "run", ...more } } });

describe("A change from one manifest to the next", () => {
  it.each<[string, object, object, string, string]>([
    ["a task that is gone", tasks(task(text)), {}, "STEM3001", 'task "mail.send" was removed'],
    ["a task of the same class under another name", tasks(task(text)), tasks(task(number), "mail.post"), "STEM3002", 'task "mail.send" was renamed to "mail.post"'],
    ["a task with the same types under another name", tasks(task(text)), { tasks: { "x.y": task(text, { class: "Other" }), other: task(number, { class: "C" }) } }, "STEM3002", 'task "mail.send" was renamed to "x.y"'],
    ["a payload that asks for more", tasks(task(object({ to: text }))), tasks(task(object({ to: text, cc: text }))), "STEM3003", 'task "mail.send" payload narrowed: cc is new and required'],
    ["a payload where there was none", tasks(task(undefined)), tasks(task(text)), "STEM3003", 'task "mail.send" payload narrowed: there was none and it is now required'],
    ["a payload that could be left out", tasks(task(text, { optional: true })), tasks(task(text)), "STEM3003", 'task "mail.send" payload narrowed: could be left out and is now required'],
    ["a Date in a payload", tasks(task(object({ at: text }))), tasks(task(object({ at: date }))), "STEM3003", 'task "mail.send" payload narrowed: at was a string and is now a Date, which travels in another form'],
    ["a result with another alternative", tasks(task(text, { output: text })), tasks(task(text, { output: union(text, { type: "null" }) })), "STEM3004", 'task "mail.send" result widened: null is new'],
    ["a result with a member less", tasks(task(text, { output: object({ id: text }) })), tasks(task(text, { output: object({}) })), "STEM3004", 'task "mail.send" result widened: id is no longer there'],
    ["a result that changed its type", tasks(task(text, { output: text })), tasks(task(text, { output: number })), "STEM3004", 'task "mail.send" result widened: was a string and is now a number'],
    ["no result any more", tasks(task(text, { output: text })), tasks(task(text)), "STEM3004", 'task "mail.send" result widened: there is none any more'],
    ["another queue", tasks(task(text)), tasks(task(text, { queue: "mail" })), "STEM3005", 'task "mail.send" moved from queue "default" to "mail"'],
    ["another instance", tasks(task(text)), tasks(task(text, { instance: "billing" })), "STEM3006", 'task "mail.send" moved from the instance without a name to instance "billing"'],
    ["a workflow where a task was", tasks(task(text), "order.process"), flow({ input: text }), "STEM3007", 'workflow "order.process" was a task'],
    ["a step that is gone", flow({ steps: { charge: {}, ship: {} } }), flow({ steps: { ship: {} } }), "STEM3008", 'step "charge" of workflow "order.process" was removed'],
    ["a step under another name", flow({ steps: { charge: { output: text } } }), flow({ steps: { pay: { output: text } } }), "STEM3009", 'step "charge" of workflow "order.process" was renamed to "pay"'],
    ["a step whose journaled result no longer fits", flow({ steps: { charge: { output: text } } }), flow({ steps: { charge: { output: number } } }), "STEM3011", 'step "charge" of workflow "order.process" result narrowed: was a string and is now a number'],
    ["a signal that is gone", flow({ signals: { approved: text } }), flow({}), "STEM3012", 'signal "approved" of workflow "order.process" was removed'],
    ["a signal that asks for more", flow({ signals: { approved: { payload: object({}) } } }), flow({ signals: { approved: { payload: object({ by: text }) } } }), "STEM3013", 'signal "approved" of workflow "order.process" payload narrowed: by is new and required'],
    ["an event that is gone", { events: { "order.paid": { payload: text } } }, {}, "STEM3014", 'event "order.paid" was removed'],
    ["an event that asks for more", { events: { "order.paid": { payload: text } } }, { events: { "order.paid": { payload: number } } }, "STEM3015", 'event "order.paid" payload narrowed: was a string and is now a number'],
    ["a schedule that is gone", { schedules: { daily: { cron: "0 9 * * *" } } }, {}, "STEM3016", 'schedule "daily" was removed'],
  ])("breaks what is there already: %s", (_, before, after, code, told) => {
    const changes = compareManifests(manifest(before), manifest(after)).filter(({ verdict }) => verdict === "breaks");
    expect(changes.map((one) => [one.code, `${one.subject} ${one.what}`])).toEqual([[code, told]]);
    expect(changes.every((one) => one.breaks !== "" && one.remedy !== "")).toBe(true);
  }); // prettier-ignore

  it.each<[string, object, object, string]>([
    ["a new task", {}, tasks(task(text)), 'task "mail.send" is new. Deploy its workers before its producers'],
    ["an optional member", tasks(task(object({ to: text }))), tasks(task(object({ to: text, cc: text }, ["to"]))), 'task "mail.send" payload accepts all that it did, and more. Deploy workers before producers'],
    ["a payload that is not wanted any more", tasks(task(text)), tasks(task(undefined)), 'task "mail.send" payload accepts all that it did, and more. Deploy workers before producers'],
    ["a result with a member more", tasks(task(text, { output: object({ id: text }) })), tasks(task(text, { output: object({ id: text, at: date }) })), 'task "mail.send" result has all that it had'],
    ["a new signal", flow({}), flow({ signals: { approved: {} } }), 'signal "approved" of workflow "order.process" is new'],
    ["a new event", {}, { events: { "order.paid": {} } }, 'event "order.paid" is new'],
    ["another time", { schedules: { daily: { cron: "0 9 * * *" } } }, { schedules: { daily: { cron: "0 8 * * *", timeZone: "UTC" } } }, 'schedule "daily" cron was "0 9 * * *" and is "0 8 * * *", timeZone was not given and is "UTC"; it holds from the next slot'],
  ])("is safe: %s", (_, before, after, told) => {
    const changes = compareManifests(manifest(before), manifest(after));
    expect(changes.map((one) => [one.verdict, `${one.subject} ${one.what}`])).toEqual([["safe", told]]);
  }); // prettier-ignore

  it("depends on the body of run for new steps", () => {
    const changes = compareManifests(manifest(flow({ steps: { a: {} } })), manifest(flow({ steps: { a: {}, constructor: {} } })));
    expect(changes.map(({ verdict, code }) => [verdict, code])).toEqual([["review", "STEM3010"]]);
  });

  it("is none if only places, descriptions and names of types differ", () => {
    const named = (name: string, line: number) =>
      manifest({
        ...tasks(task({ $ref: `#/$defs/${name}`, description: name }, { source: `src/a.ts:${line}`, output: { $ref: `#/$defs/${name}` } })),
        $defs: { [name]: object({ below: { $ref: `#/$defs/${name}` } }, []) },
      });
    expect(compareManifests(named("Tree", 1), named("Node", 9))).toEqual([]);
  });
});

describe("A manifest", () => {
  it.each([
    ["{", "x is not JSON."],
    ["[]", "x is not a manifest of Stem."],
    ['{ "stem": 2 }', "x has format 2, and this version of nestjs-stem reads formats up to 1."],
    ['{ "stem": 1, "tasks": [] }', '"tasks" in x is not what it should be.'],
  ])("that is %s is refused", (content, told) => {
    expect(() => parseManifest(content, "x")).toThrow(told);
  });
});

it("Every code of a change is in the table on the page", () => {
  const folder = new URL("../../codegen/compat/", import.meta.url);
  const text = readdirSync(folder).map((name) => readFileSync(new URL(name, folder), "utf8")).join("\n"); // prettier-ignore
  const page = readFileSync(new URL("../../docs/compatibility.md", import.meta.url), "utf8");
  const codes = (from: string, pattern: RegExp) => [...new Set([...from.matchAll(pattern)].map(([, code]) => code))].sort();
  expect(codes(text, /"(STEM30\d\d)"/g)).toEqual(codes(page, /^\| (STEM30\d\d) +\|/gm));
});
