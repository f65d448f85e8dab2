import { Checks } from "./check.js";
import type { JsonSchema } from "./json-schema.js";
import { bounded } from "./nesting.js";
import { type Issue, Report } from "./report.js";
import { Schemas } from "./schemas.js";
import { DECODE, ENCODE, type Translate, Translations } from "./wire.js";

/** The functions of one schema. */
export interface Compiled {
  /**
   * All faults of a JavaScript value; undefined: it fits.
   *
   * @param root what the value is called in errors; default `"payload"`
   * @throws {PayloadError} `STEM_PAYLOAD_UNSERIALISABLE`: it contains itself
   */
  check(value: unknown, root?: string): readonly Issue[] | undefined;
  /**
   * Turns a value into its form on the wire. Undefined: it travels as it is. @throws {PayloadError} as
   * `check`
   */
  readonly encode: Translate | undefined;
  /** The inverse of `encode`; parts that do not fit are left as they are, for `check` to name. */
  readonly decode: Translate | undefined;
}

/** Compiles the schemas of one set of definitions, which share their references. */
export class Compiler {
  readonly #checks: Checks;
  readonly #encode: Translations;
  readonly #decode: Translations;

  constructor(defs: Readonly<Record<string, JsonSchema>> = {}) {
    const schemas = new Schemas(defs);
    this.#checks = new Checks(schemas, false);
    this.#encode = new Translations(schemas, this.#checks, ENCODE);
    this.#decode = new Translations(schemas, new Checks(schemas, true), DECODE);
  }

  /** @throws {StemError} `STEM_SCHEMA_INVALID` */
  compile(schema: JsonSchema): Compiled {
    const check = this.#checks.of(schema);
    const fits = (value: unknown): boolean => check(value, undefined);
    return {
      check(value, root = "payload") {
        if (bounded(value, root, fits)) return undefined;
        const report = new Report();
        bounded(value, root, () => check(value, report));
        return report.issues;
      },
      encode: within(this.#encode.of(schema)),
      decode: within(this.#decode.of(schema)),
    };
  }
}

/** @throws {StemError} `STEM_SCHEMA_INVALID` */
export function compile(schema: JsonSchema, defs?: Readonly<Record<string, JsonSchema>>): Compiled {
  return new Compiler(defs).compile(schema);
}

function within(translate: Translate | undefined): Translate | undefined {
  return translate && ((value) => bounded(value, "payload", translate));
}
