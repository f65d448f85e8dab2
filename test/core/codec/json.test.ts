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

class Cents {
  readonly #cents: number;
  constructor(cents: number) {
    this.#cents = cents;
  }
  get euros(): number {
    return this.#cents / 100;
  }
}

class Sealed {
  // @ts-expect-error nobody reads it
  // oxlint-disable-next-line no-unused-private-class-members -- a class of which nothing but the source tells
  readonly #key = "k";
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

  it("sends what is empty, and not only looks so", () => {
    class Filter {
      declare text?: string;
    }
    class Narrow extends Filter {}
    class Tagged {
      get [Symbol.toStringTag](): string {
        return "Tagged";
      }
      toJSON(): string {
        return "tagged";
      }
    }
    const marked = Object.defineProperty({ a: 1 }, Symbol("mark"), { value: 1, enumerable: false });
    const values = [
      new Filter(),
      new Narrow(),
      Object.create(Object.create(null)) as object,
      new Tagged(),
      marked,
      { [Symbol("s")]: undefined },
    ];
    expect(values.map((value) => jsonCodec.encode(value))).toEqual(["{}", "{}", "{}", '"tagged"', '{"a":1}', "{}"]);
    expect(jsonCodec.encode(runInNewContext("class F {}; [new F(), Object.assign([2], { a: undefined })]"))).toBe("[{},[2]]");
    expect(jsonCodec.encode(((...all: unknown[]) => all)`a${1}`)).toBe('[["a",""],1]');
  });

  it("makes 0 of -0, which arithmetic makes of honest numbers", () => {
    expect(jsonCodec.encode([-0, Math.round(-0.2)])).toBe("[0,0]");
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
      [new Response("x"), "payload is a Response"],
      [{ h: new Headers({ a: "b" }) }, "payload.h is a Headers"],
      [{ q: new URLSearchParams("a=1") }, "payload.q is a URLSearchParams"],
      [[new FormData()], "payload[0] is a FormData"],
      [{ b: new Blob(["x"]) }, "payload.b is a Blob"],
      [{ i: [1][Symbol.iterator]() }, "payload.i is an Array Iterator"],
      [new Map().keys(), "payload is a Map Iterator"],
      [{ g: (function* () {})() }, "payload.g is a Generator"],
      [{ g: (async function* () {})() }, "payload.g is an AsyncGenerator"],
      [{ w: new WeakRef({}) }, "payload.w is a WeakRef"],
      [{ f: new Intl.NumberFormat("en") }, "payload.f is an Intl.NumberFormat"],
      [{ signal: AbortSignal.abort() }, "payload.signal is an AbortSignal"],
      [{ signal: new AbortController() }, "payload.signal is an AbortController"],
      [{ m: Math }, "payload.m is a Math"],
      [
        (function () {
          return arguments;
        })(),
        "payload is the arguments of a function",
      ],
      [{ a: [new Cents(1)] }, "payload.a[0] is a Cents without a field that can be seen"],
      [{ k: new Sealed() }, "payload.k is a Sealed without a field that can be seen"],
      [{ a: { [Symbol("s")]: 1, b: 2 } }, "payload.a[Symbol(s)] is a property named by a symbol"],
      [[Object.assign([1], { [Symbol("s")]: 1 })], "payload[0][Symbol(s)] is a property named by a symbol"],
      [{ l: Object.assign([1], { total: 1 }) }, "payload.l.total is a property of a list"],
      ["a-b".match(/-/), "payload.index is a property of a list"],
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
