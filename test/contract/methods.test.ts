import { describe, expect, it } from "@jest/globals";
import { memory } from "../../lib/adapters/memory/index.js";
import type { Adapter } from "../../lib/contract/index.js";

/** How many methods a store may have: what an author of an adapter can hold in the head (decision 012). */
const MOST = 33;

type Callable = (...args: never[]) => unknown;
type Methods<Part> = { readonly [Name in keyof Part as Part[Name] extends Callable ? Name : never]-?: true };
type Parts = {
  readonly [Name in keyof Adapter as NonNullable<Adapter[Name]> extends Callable | string | ReadonlySet<unknown> ? never : Name]-?: Methods<
    NonNullable<Adapter[Name]>
  >;
};

/** Every method of every part; while one is missing here, this does not compile. */
const METHODS: Omit<Parts, "capabilities" | "schema"> = {
  broker: { enqueue: true, claim: true, settle: true },
  jobs: { get: true, list: true, count: true, change: true, prune: true },
  queues: { list: true, change: true },
  limits: { put: true, list: true },
  journal: { read: true, append: true, rewrite: true },
  events: { emit: true, list: true },
  schedules: { put: true, due: true, fire: true, list: true, change: true },
  locks: { acquire: true, renew: true, release: true },
  workers: { renew: true, leave: true, list: true, order: true },
  hints: { subscribe: true, control: true },
};

describe("The contract", () => {
  it(`has no more than ${MOST} methods`, () => {
    expect(Object.values(METHODS).flatMap(Object.keys).length).toBeLessThanOrEqual(MOST);
  });

  it("has all of them in an adapter, but for limits, which no store honours yet", () => {
    const adapter: Readonly<Record<string, unknown>> = { ...memory() };
    const { limits: _, ...rest } = METHODS;
    for (const [part, methods] of Object.entries(rest))
      expect(Object.keys(adapter[part] as object).sort()).toEqual(Object.keys(methods).sort());
  });
});
