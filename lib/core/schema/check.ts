import { types } from "node:util";
import { Circles } from "./circles.js";
import { describe } from "./describe.js";
import type { JsonSchema } from "./json-schema.js";
import { isRecord } from "./kinds.js";
import { listCheck, mapCheck, objectCheck, setCheck } from "./members.js";
import { deeper } from "./nesting.js";
import { step } from "./path.js";
import type { Check, Report } from "./report.js";
import { numberTests, stringTests } from "./scalars.js";
import { isNothing, literalsOf, type Schemas } from "./schemas.js";
import { Chooser } from "./union.js";

/**
 * Makes checks of schemas: closures, one per schema, that hold what they need.
 * docs/decisions/009-validation.md compares them with generated code.
 *
 * A check takes JavaScript values (`Date`, `Map` …), or values as on the wire, where a `Date` is text. The
 * second form only finds the member of a union.
 */
export class Checks {
  readonly #schemas: Schemas;
  readonly #wire: boolean;
  readonly #byRef = new Map<string, Check>();
  readonly #circles = new Circles<Check>();

  constructor(schemas: Schemas, wire: boolean) {
    this.#schemas = schemas;
    this.#wire = wire;
  }

  /** @throws {StemError} `STEM_SCHEMA_INVALID` */
  readonly of = (given: JsonSchema): Check => {
    if (given.$ref !== undefined) return this.#once(given);
    return this.#circles.make(
      given,
      () => this.#make(given),
      (made) => (value, report) => deeper(made(), value, report),
    );
  };

  /** The same check for every use of the reference, also within itself. */
  #once(given: JsonSchema): Check {
    const key = JSON.stringify(given);
    const known = this.#byRef.get(key);
    if (known !== undefined) return known;
    let inner: Check;
    const outer: Check = (value, report) => deeper(inner, value, report);
    this.#byRef.set(key, outer);
    this.#schemas.bare(given);
    const schema = this.#schemas.normal(given);
    this.#circles.follow(() => {
      inner = schema.$ref === undefined ? this.#make(schema) : this.of(this.#schemas.resolve(schema.$ref));
    });
    return outer;
  }

  #make(given: JsonSchema): Check {
    const schema = this.#schemas.normal(given);
    const expected = (): string => describe(schema, this.#schemas.resolve);
    if (schema.anyOf !== undefined) return this.#union(schema, expected);
    if (isNothing(schema)) return leaf(() => false, expected);
    const literals = literalsOf(schema);
    if (literals !== undefined) return this.#literal(schema, literals, expected);
    const stem = this.#wire ? undefined : schema["x-stem"];
    const list = typeof schema.items === "object" ? this.of(schema.items) : undefined;
    switch (stem) {
      case "date":
        return leaf((value) => types.isDate(value) && !Number.isNaN(value.getTime()), expected);
      case "bytes":
        return leaf((value) => types.isUint8Array(value), expected);
      case "bigint":
        return leaf(
          all((value): value is bigint => typeof value === "bigint", numberTests(schema)),
          expected,
        );
      case "set":
        return setCheck(schema, list, expected);
      case "map": {
        const pair = (schema.items as JsonSchema | undefined)?.prefixItems ?? [];
        return mapCheck(schema, this.of(pair[0] ?? {}), this.of(pair[1] ?? {}), expected);
      }
    }
    switch (schema.type) {
      case "string":
        return leaf(
          all((value): value is string => typeof value === "string", stringTests(schema, this.#wire)),
          expected,
        );
      case "number":
      case "integer":
        // Finite: false for NaN and ±Infinity, cheaper than the call.
        return leaf(
          all((value): value is number => typeof value === "number" && value - value === 0, numberTests(schema)),
          expected,
        );
      case "boolean":
        return leaf((value) => typeof value === "boolean", expected);
      case "null":
        return leaf((value) => value === null, expected);
      case "array":
        return listCheck(schema, this.of, list, expected);
      case "object":
        return objectCheck(schema, this.of, expected);
      default:
        return ANYTHING;
    }
  }

  #literal(schema: JsonSchema, literals: readonly unknown[], expected: () => string): Check {
    if (!this.#wire && schema["x-stem"] === "bigint") {
      const digits = new Set(literals);
      return leaf((value) => typeof value === "bigint" && digits.has(String(value)), expected);
    }
    const structured = literals.filter((one) => typeof one === "object" && one !== null).map((one) => JSON.stringify(one));
    if (literals.length === 1 && structured.length === 0) return leaf((value) => value === literals[0], expected);
    const plain = new Set(literals);
    return leaf(
      (value) => plain.has(value) || (structured.length > 0 && typeof value === "object" && structured.includes(JSON.stringify(value))),
      expected,
    );
  }

  #union(schema: JsonSchema, expected: () => string): Check {
    const members = this.#schemas.membersOf(schema).map((member) => ({ schema: member, made: this.of(member) }));
    const chooser = new Chooser(members, this.#schemas, this.#wire);
    return (value, report) => {
      const checks = chooser.among(value);
      if (checks.length === 1) return checks[0]!(value, report);
      for (const check of checks) if (check(value, undefined)) return true;
      if (report === undefined) return false;
      const { tag } = chooser;
      if (checks.length > 0 || tag === undefined || !isRecord(value)) return closest(checks, value, report, expected);
      const oneOf = describe({ enum: [...tag.members.keys()] }, this.#schemas.resolve);
      return report.under(step(tag.key), (_, at) => at!.refuse(oneOf, value[tag.key]), undefined);
    };
  }
}

const ANYTHING: Check = () => true;

function leaf(fits: (value: unknown) => boolean, expected: () => string): Check {
  return (value, report) => fits(value) || (report !== undefined && report.refuse(expected(), value));
}

function all<T>(is: (value: unknown) => value is T, tests: readonly ((value: T) => boolean)[]): (value: unknown) => boolean {
  const [first, second] = tests;
  if (first === undefined) return is;
  if (second === undefined) return (value) => is(value) && first(value);
  return (value) => is(value) && tests.every((test) => test(value));
}

/**
 * Reports the faults within the member that the value comes closest to.
 * If it fits the outside of no member, reports that.
 */
function closest(checks: readonly Check[], value: unknown, report: Report, expected: () => string): false {
  let best: Report | undefined;
  for (const check of checks) {
    const branch = report.branch();
    check(value, branch);
    if (branch.issues.some(({ path }) => path === report.path)) continue;
    if (best === undefined || branch.issues.length < best.issues.length) best = branch;
  }
  return best === undefined ? report.refuse(expected(), value) : report.take(best.issues);
}
