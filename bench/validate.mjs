// How many payloads per second are checked, encoded and decoded by their schemas. Build first; then: node
// bench/validate.mjs [FOLDER-WITH-AJV] [DIST] In FOLDER-WITH-AJV: npm install ajv ajv-formats. Without it
// only this project is measured, beside code as a generator would write it.
import { createRequire } from "node:module";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";

const [folder, dist = new URL("../dist", import.meta.url).pathname] = process.argv.slice(2);
const { compile } = await import(pathToFileURL(resolve(dist, "lib/core/schema/compile.js")).href);

const small = {
  type: "object",
  properties: {
    to: { type: "string", format: "email" },
    subject: { type: "string", minLength: 1, maxLength: 200 },
    attempt: { type: "integer", minimum: 1 },
    urgent: { type: "boolean" },
    locale: { enum: ["de", "en", "fr"] },
  },
  required: ["to", "subject", "attempt", "urgent"],
};
const smallValue = () => ({ to: "ada@example.com", subject: "Your order", attempt: 1, urgent: false, locale: "en" });

const plain = { ...small, properties: { ...small.properties, to: { type: "string" } } };

const line = {
  type: "object",
  properties: { sku: { type: "string" }, qty: { type: "integer", minimum: 1 }, cents: { type: "number" } },
  required: ["sku", "qty", "cents"],
};
const order = {
  type: "object",
  properties: {
    id: { type: "string", format: "uuid" },
    customer: { $ref: "#/$defs/Customer" },
    lines: { type: "array", items: line, minItems: 1 },
    payment: {
      anyOf: [
        { type: "object", properties: { by: { const: "card" }, last4: { type: "string" } }, required: ["by", "last4"] },
        { type: "object", properties: { by: { const: "iban" }, iban: { type: "string" } }, required: ["by", "iban"] },
      ],
    },
    note: { anyOf: [{ type: "string" }, { type: "null" }] },
  },
  required: ["id", "customer", "lines", "payment", "note"],
};
const defs = {
  Customer: { type: "object", properties: { name: { type: "string" }, mail: { type: "string" } }, required: ["name", "mail"] },
};
const orderValue = () => ({
  id: "0b6f2d5e-3c1a-4b8f-9f58-6f4f1d0b7a11",
  customer: { name: "Ada", mail: "ada@example.com" },
  lines: Array.from({ length: 10 }, (_, n) => ({ sku: `s-${n}`, qty: n + 1, cents: 9.5 })),
  payment: { by: "iban", iban: "DE02120300000000202051" },
  note: null,
});

const rich = {
  type: "object",
  properties: {
    id: { type: "string" },
    at: { type: "string", format: "date-time", "x-stem": "date" },
    cents: { type: "string", "x-stem": "bigint" },
    tags: { type: "array", items: { type: "string" }, "x-stem": "set" },
    stock: { type: "array", items: { type: "array", prefixItems: [{ type: "string" }, { type: "integer" }] }, "x-stem": "map" },
  },
  required: ["id", "at", "cents", "tags", "stock"],
};
const richValue = () => ({ id: "a", at: new Date(0), cents: 12n, tags: new Set(["x", "y"]), stock: new Map([["a", 1]]) });

/**
 * Many shapes in turn through one checker, as in a process with many tasks: the engine's optimisations for
 * one shape do not fit the next.
 */
const many = Array.from({ length: 50 }, (_, n) => ({
  schema: {
    type: "object",
    properties: Object.fromEntries(
      [0, 1, 2, 3, 4].map((k) => [`f${n}_${k}`, k % 2 ? { type: "string" } : { type: "integer", minimum: 0 }]),
    ),
    required: [0, 1, 2, 3, 4].map((k) => `f${n}_${k}`),
  },
  value: Object.fromEntries([0, 1, 2, 3, 4].map((k) => [`f${n}_${k}`, k % 2 ? "text" : k])),
}));

const generated = new Function(`return (v) => {
  if (typeof v !== "object" || v === null || Array.isArray(v)) return false;
  if (typeof v.to !== "string") return false;
  if (typeof v.subject !== "string" || v.subject.length < 1 || v.subject.length > 200) return false;
  if (!Number.isInteger(v.attempt) || v.attempt < 1) return false;
  if (typeof v.urgent !== "boolean") return false;
  return v.locale === undefined || v.locale === "de" || v.locale === "en" || v.locale === "fr";
}`)();

let ajv;
if (folder !== undefined) {
  const require = createRequire(resolve(folder, "x.js"));
  const Ajv = require("ajv/dist/2020").default;
  ajv = () => {
    const made = new Ajv({ allErrors: false, strict: false });
    require("ajv-formats").default(made);
    return made;
  };
}

const values = (make, n = 1000) => Array.from({ length: n }, make);
let sink = 0;

function measure(name, list, run) {
  for (let n = 0; n < 100; n++) for (const value of list) sink += run(value) ? 1 : 0;
  const rates = [];
  for (let round = 0; round < 5; round++) {
    const began = process.hrtime.bigint();
    let count = 0;
    while (process.hrtime.bigint() - began < 300_000_000n) {
      for (const value of list) sink += run(value) ? 1 : 0;
      count += list.length;
    }
    rates.push((count / Number(process.hrtime.bigint() - began)) * 1e9);
  }
  rates.sort((a, b) => a - b);
  console.log(`${name.padEnd(58)} ${Math.round(rates[2]).toLocaleString("en").padStart(12)} /s`);
}

function both(name, schema, make, $defs) {
  const ours = compile(schema, $defs);
  const list = values(make);
  measure(`${name}: Stem`, list, (value) => ours.check(value) === undefined);
  if (ajv === undefined) return;
  const theirs = ajv().compile({ ...schema, $defs });
  measure(`${name}: ajv`, list, theirs);
}

console.log(`Node ${process.version}; median of five rounds`);
both("5 fields", plain, smallValue);
measure("5 fields: generated code, as one would write it", values(smallValue), generated);
both("5 fields, one of them an email", small, smallValue);
both("order of 10 lines", order, orderValue, defs);
const shapes = many.map(({ schema, value }) => ({ value, check: compile(schema).check, ajv: ajv?.().compile(schema) }));
measure("5 fields, 50 schemas in turn: Stem", shapes, ({ check, value }) => check(value) === undefined);
if (ajv) measure("5 fields, 50 schemas in turn: ajv", shapes, (shape) => shape.ajv(shape.value));
const { encode, decode, check } = compile(rich);
const wire = values(richValue).map(encode);
measure("Date, bigint, Set, Map: checked", values(richValue), (value) => check(value) === undefined);
measure("Date, bigint, Set, Map: encoded", values(richValue), encode);
measure("Date, bigint, Set, Map: decoded", wire, decode);
const wrong = values(() => ({ ...smallValue(), attempt: "two" }));
const ours = compile(plain);
measure("5 fields, one wrong, said which: Stem", wrong, (value) => ours.check(value) !== undefined);
const began = process.hrtime.bigint();
for (let n = 0; n < 3000; n++) compile(small);
console.log(`compiled 3,000 schemas of 5 fields in ${Number((process.hrtime.bigint() - began) / 1_000_000n)} ms`);
if (sink < 0) console.log(sink);
