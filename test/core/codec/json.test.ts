import { describe, expect, it } from "@jest/globals";
import { runInNewContext } from "node:vm";
import { flawIn, isPlain } from "../../../lib/core/codec/flaw.js";
import { jsonCodec } from "../../../lib/core/codec/json.js";

class Money {
  readonly cents: number;
  readonly note: string | undefined;
  constructor(cents: number, note?: string) {
    this.cents = cents;
    this.note = note;
  }
  get euros(): number {
    return this.cents / 100;
  }
}

class Decimal {
  readonly #digits = "1.50";
  toJSON(): string {
    return this.#digits;
  }
}

function refusal(value: unknown): string {
  try {
    jsonCodec.encode(value);
  } catch (error) {
    expect(error).toMatchObject({ code: "STEM_PAYLOAD_UNSERIALISABLE" });
    return (error as Error).message.split("\n")[0]!;
  }
  throw new Error("was not refused");
}

function nested(levels: number): unknown {
  let value: unknown = 1;
  for (let i = 0; i < levels; i++) value = { a: value };
  return value;
}

describe("The JSON codec", () => {
  it("gives back what it was given", () => {
    const values = [
      null,
      true,
      0,
      -1.5,
      "",
      "ü€\u2028",
      [],
      {},
      [1, [2, { a: [] }]],
      { "": { "a b": null } },
      Object.create(null),
      { toJSON: 1 },
    ];
    for (const value of values) expect(jsonCodec.decode(jsonCodec.encode(value))).toEqual(value);
  });

  it("tells nothing from null", () => {
    expect(jsonCodec.encode(undefined)).toBeUndefined();
    expect(jsonCodec.decode(undefined)).toBeUndefined();
    expect(jsonCodec.decode(jsonCodec.encode(null))).toBeNull();
  });

  it("sends class instances as their fields, leaves out what is undefined, and takes toJSON at its word", () => {
    expect(jsonCodec.encode(new Money(150))).toBe('{"cents":150}');
    expect(jsonCodec.encode({ a: undefined, b: [new Money(1, "tip")] })).toBe('{"b":[{"cents":1,"note":"tip"}]}');
    expect(jsonCodec.encode({ price: new Decimal(), at: new URL("http://a.b/") })).toBe('{"price":"1.50","at":"http://a.b/"}');
  });

  it("takes plain objects of another realm", () => {
    expect(jsonCodec.encode(runInNewContext("({ a: [{ b: 1 }] })"))).toBe('{"a":[{"b":1}]}');
  });

  it("refuses what JSON would change without a word, naming the place", () => {
    const cycle: Record<string, unknown> = {};
    cycle["inner"] = { back: [cycle] };
    const sparse: unknown[] = [1];
    sparse[2] = 3;
    const cases: readonly [unknown, string][] = [
      [{ order: { lines: [1, { when: new Date(0) }] } }, "payload.order.lines[1].when is a Date"],
      [new Date(0), "payload is a Date"],
      [runInNewContext("({ at: new Date(0) })"), "payload.at is a Date"],
      [{ n: 1n }, "payload.n is a bigint"],
      [[new Map([[1, 2]])], "payload[0] is a Map"],
      [{ "two words": new Set() }, 'payload["two words"] is a Set'],
      [{ file: Buffer.from("x") }, "payload.file is binary data (Buffer)"],
      [new Float32Array(2), "payload is binary data (Float32Array)"],
      [new ArrayBuffer(2), "payload is binary data (ArrayBuffer)"],
      [{ f() {} }, "payload.f is a function"],
      [{ s: Symbol("s") }, "payload.s is a symbol"],
      [{ a: Number.NaN }, "payload.a is NaN"],
      [[-Infinity], "payload[0] is -Infinity"],
      [[1, undefined], "payload[1] is undefined"],
      [sparse, "payload[1] is undefined"],
      [cycle, "payload.inner.back[0] is an object that contains itself"],
      [nested(501), "is more than 500 levels deep"],
      [{ p: Promise.resolve() }, "payload.p is a promise"],
      [{ e: new Error("x") }, "payload.e is an Error"],
      [{ r: /x/ }, "payload.r is a RegExp"],
      [{ w: new WeakMap() }, "payload.w is a weak collection"],
      // oxlint-disable-next-line no-new-wrappers -- that is what is refused
      [{ b: new Number(1) }, "payload.b is a boxed primitive"],
      [{ d: { toJSON: () => new Date(0) } }, "payload.d.toJSON() is a Date"],
      [{ d: { toJSON: () => undefined } }, "payload.d.toJSON() is undefined"],
    ];
    for (const [value, phrase] of cases) expect(refusal(value)).toContain(phrase);
    expect(() => jsonCodec.encode({ a: 1n }, "result")).toThrow("result.a is a bigint");
  });

  it("refuses a value whose getter throws, keeping the cause", () => {
    const cause = new Error("gone");
    const value = {
      get a(): number {
        throw cause;
      },
    };
    expect(() => jsonCodec.encode(value)).toThrow(
      expect.objectContaining({ code: "STEM_PAYLOAD_UNSERIALISABLE", cause }) as unknown as Error,
    );
  });

  it("agrees with the exact search wherever the quick check says that all is well", () => {
    const values = [nested(500), [[]], { a: { b: "c" } }, new Money(1, "x"), Object.create({ inherited: new Date() }), Object.create(null)];
    for (const value of values) if (isPlain(value)) expect(flawIn(value, "payload")).toBeUndefined();
    expect(isPlain(Object.create({ inherited: new Date() }))).toBe(false);
    expect(jsonCodec.encode(Object.create({ inherited: new Date() }))).toBe("{}");
  });

  it("is not held up by a value that refers to itself many times", () => {
    const wide: Record<string, unknown> = {};
    for (let i = 0; i < 50; i++) wide[`k${i}`] = wide;
    expect(refusal(wide)).toContain("contains itself");
  });

  it("refuses text that is not JSON, showing how it begins", () => {
    expect(() => jsonCodec.decode("<xml/>")).toThrow(
      expect.objectContaining({ code: "STEM_PAYLOAD_UNREADABLE", message: expect.stringContaining("<xml/>") }) as unknown as Error,
    );
    expect(() => jsonCodec.decode("", "result")).toThrow("The result is not JSON");
  });

  it("poisons nothing when it reads __proto__", () => {
    const read = jsonCodec.decode('{"__proto__":{"admin":true},"constructor":{"prototype":{"admin":true}}}') as object;
    expect(Object.getPrototypeOf(read)).toBe(Object.prototype);
    expect(Object.hasOwn(read, "__proto__")).toBe(true);
    expect(({} as { admin?: boolean }).admin).toBeUndefined();
  });
});
