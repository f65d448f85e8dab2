import { afterEach, describe, expect, it } from "@jest/globals";
import { Injectable, type INestApplicationContext, type Type } from "@nestjs/common";
import { Test } from "@nestjs/testing";
import {
  createStemClient,
  Cron,
  defineEvent,
  defineSignal,
  InjectStem,
  memory,
  type PayloadError,
  type Schema,
  Stem,
  type StemDefinitions,
  StemModule,
  Step,
  Task,
  type TaskClient,
  Workflow,
  type WorkflowContext,
} from "../../lib/index.js";
import type { JsonSchema } from "../../lib/core/schema/json-schema.js";
import { StemTestingModule, StemTestKit, useStemTesting } from "../../lib/testing/index.js";
import { closeAfterEach, problemsOf, silent, stemOn } from "./apps.js";

const date: JsonSchema = { type: "string", format: "date-time", "x-stem": "date" };
const bigint: JsonSchema = { type: "string", pattern: "^-?(0|[1-9][0-9]*)$", "x-stem": "bigint" };
const prices: JsonSchema = {
  type: "array",
  items: { type: "array", prefixItems: [{ type: "string" }, bigint], items: false, minItems: 2 },
  "x-stem": "map",
};
const object = (properties: Record<string, JsonSchema>): JsonSchema => ({ type: "object", properties, required: Object.keys(properties) });

interface Order {
  readonly placed: Date;
  readonly total: bigint;
  readonly prices: Map<string, bigint>;
  readonly lines: readonly { readonly sku: string; readonly qty: number }[];
}

const order = object({
  placed: date,
  total: bigint,
  prices,
  lines: { type: "array", items: object({ sku: { type: "string" }, qty: { type: "integer", minimum: 1 } }) },
});

const ORDER: Order = {
  placed: new Date("2026-01-31T10:00:00.123Z"),
  total: 10n ** 20n,
  prices: new Map([["eur", 5n]]),
  lines: [{ sku: "a", qty: 1 }],
};

const seen: unknown[] = [];

@Task("order.book", { queue: "orders" })
class Book {
  run(input: Order): Order {
    seen.push(input);
    return input;
  }
}

@Task("prices.of")
class PricesOf {
  run(input: Order): Map<string, bigint> {
    return input.prices;
  }
}

@Task("prices.sum")
class Sum {
  run(all: Map<string, bigint>): bigint {
    seen.push(all);
    return [...all.values()].reduce((sum, one) => sum + one, 0n);
  }
}

@Task("bigints.list", { validate: false })
class List {
  run(all: readonly bigint[]): string {
    seen.push(all);
    return "done";
  }
}

/** Accepts odd numbers only, whatever the type says, and gives the handler their double. */
const odd: Schema = {
  "~standard": {
    version: 1,
    vendor: "test",
    validate: (value) => {
      const { n } = value as { n: unknown };
      return typeof n === "bigint" && n % 2n === 1n ? { value: { n: n * 2n } } : { issues: [{ message: "must be odd", path: ["n"] }] };
    },
  },
};

@Task("odd", { input: odd })
class Odd {
  run(input: { readonly n: bigint }): bigint {
    return input.n;
  }
}

@Task("failing", { retry: 1 })
class Failing {
  run(): void {
    throw new Error("no");
  }
}

@Task("both")
class Both {
  run(all: readonly (bigint | undefined)[]): number {
    seen.push(all);
    return all.length;
  }
}

@Injectable()
class Scheduled {
  @Cron("0 0 1 1 *")
  yearly(): void {}
}

const paid = defineEvent<{ readonly at: Date }>("order.paid");

@Workflow("order.process")
class Process {
  static readonly approved = defineSignal<{ readonly limit: bigint }>("approved");

  async run(input: Order, ctx: WorkflowContext): Promise<{ at: Date; limit: bigint; charged: Date; same: boolean }> {
    const charged = await this.charge(input);
    const { at } = await ctx.waitFor(paid, { key: "A-1" });
    seen.push(at);
    const { limit } = await ctx.waitForSignal(Process.approved);
    seen.push(limit);
    return { at, limit, charged, same: charged.getTime() === input.placed.getTime() };
  }

  @Step()
  async charge(input: Order): Promise<Date> {
    return input.placed;
  }
}

@Injectable()
class Client {
  static readonly definitions: StemDefinitions = {
    hash: "h",
    tasks: {
      "order.book": { kind: "task", queue: "orders", input: { $ref: "#/$defs/Order" }, output: { $ref: "#/$defs/Order" } },
      "prices.of": { kind: "task", input: { $ref: "#/$defs/Order" }, output: prices },
      "prices.sum": { kind: "task", input: prices, output: bigint },
      "bigints.list": { kind: "task", input: { type: "array", items: bigint }, output: { type: "string" }, validate: false },
      odd: { kind: "task", input: object({ n: { ...bigint, maximum: 0 } }), output: bigint, validate: "standard" },
      "order.process": {
        kind: "workflow",
        input: { $ref: "#/$defs/Order" },
        output: object({ at: date, limit: bigint, charged: date, same: { type: "boolean" } }),
        steps: { charge: { output: date } },
        signals: { approved: { payload: object({ limit: { ...bigint, minimum: 1 } }) } },
      },
      failing: { kind: "task" },
      both: { kind: "task", input: { type: "array", items: bigint }, output: { type: "integer" } },
      elsewhere: { kind: "task", queue: "far", input: object({ at: date }), output: date },
    },
    events: { "order.paid": { payload: object({ at: date }) } },
    $defs: { Order: order },
  };
  readonly stem: Stem;
  readonly elsewhere: TaskClient<{ readonly at: Date }, Date>;

  constructor(@InjectStem() stem: Stem) {
    this.stem = stem;
    this.elsewhere = stem.task("elsewhere", { queue: "far" });
  }
}

const providers = [Book, PricesOf, Sum, List, Odd, Process, Failing, Both];
const open: INestApplicationContext[] = [];

async function kitOf(options: Parameters<typeof StemTestingModule.forRoot>[0] = { clients: [Client] }): Promise<StemTestKit> {
  const app = await Test.createTestingModule({ imports: [StemTestingModule.forRoot(options)], providers })
    .setLogger(silent)
    .compile();
  open.push(app);
  await app.init();
  return app.get(StemTestKit);
}

afterEach(async () => {
  seen.length = 0;
  for (const app of open.splice(0)) await app.close();
});

closeAfterEach();

/** A client that only knows types. */
function clientOf(definitions: StemDefinitions): Type {
  return Object.assign(function () {} as unknown as Type, { definitions });
}

/** An app that works on a store by itself. */
async function appWith(adapter: ReturnType<typeof memory>, client: Type): Promise<INestApplicationContext> {
  const app = await Test.createTestingModule({ imports: [StemModule.forRoot({ adapter, clients: [client] })], providers })
    .setLogger(silent)
    .compile();
  open.push(app);
  return app.init();
}

/** The same store once more, although an app has closed it. */
function kept(store: ReturnType<typeof memory>): ReturnType<typeof memory> {
  return Object.assign(Object.create(store) as typeof store, { open: async () => {}, close: async () => {} });
}

/** A job whose payload is what a producer that knows no types wrote. */
async function stored(kit: StemTestKit, task: string, payload: string, queue = "default"): Promise<string> {
  await kit.stem.adapter.broker.enqueue([{ id: "raw", task, queue, payload }]);
  return "raw";
}

describe("An app that lists its generated client", () => {
  it("hands handlers the dates, bigints and maps that were enqueued, and producers those that were returned", async () => {
    const kit = await kitOf();
    const job = await kit.stem.enqueue(Book, ORDER);
    expect((await kit.enqueued(Book))[0]!.payload).toEqual(ORDER);
    expect(JSON.parse((await job.status())!.payload)).toEqual({
      placed: "2026-01-31T10:00:00.123Z",
      total: "100000000000000000000",
      prices: [["eur", "5"]],
      lines: [{ sku: "a", qty: 1 }],
    });
    await kit.drain();
    expect(seen).toEqual([ORDER]);
    expect(await job.result()).toEqual(ORDER);
    expect(await kit.stem.handle<Order>(job.id).result()).toEqual(ORDER);
  });

  it("passes a Map from one job of a chain to the next, and lists of bigints to the callback of a chord", async () => {
    const kit = await kitOf();
    const sum = await kit.stem.chain(kit.stem.signature(PricesOf, ORDER), kit.stem.signature(Sum));
    await kit.drain();
    expect(await sum.result()).toBe(5n);
    const list = await kit.stem.chord(
      [kit.stem.signature(Sum, ORDER.prices), kit.stem.signature(Sum, new Map([["a", 1n]]))],
      kit.stem.signature(List),
    );
    const group = await kit.stem.group([kit.stem.signature(Sum, ORDER.prices)]);
    await kit.drain();
    expect(await list.result()).toBe("done");
    expect(await group.results()).toEqual([5n]);
    expect(seen).toEqual([ORDER.prices, ORDER.prices, new Map([["a", 1n]]), ORDER.prices, [5n, 1n]]);
  });

  it("refuses a payload that is not of its type before anything is written, naming every path", async () => {
    const kit = await kitOf();
    const wrong = {
      ...ORDER,
      placed: "today",
      lines: [
        { sku: "a", qty: 1 },
        { sku: 2, qty: "two" },
      ],
    } as unknown as Order;
    const refused = expect.objectContaining({ code: "STEM_PAYLOAD_INVALID", name: "PayloadError" });
    const calls = [
      () => kit.stem.enqueue(Book, wrong),
      () => kit.stem.enqueueMany(Book, [ORDER, wrong]),
      () => kit.stem.start(Process, wrong),
      () => kit.stem.chain(kit.stem.signature(Book, wrong), kit.stem.signature(Book)),
      () => kit.stem.emit(paid, "A-1", { at: 5 } as never),
    ];
    for (const call of calls) await expect(call()).rejects.toEqual(refused);
    expect(await kit.enqueued()).toEqual([]);
    const error = await kit.stem.enqueue(Book, wrong).catch((thrown: unknown) => thrown as PayloadError);
    expect((error as PayloadError).message).toBe(
      [
        'The payload of task "order.book" is not of its type:',
        '  payload.placed: expected a Date, got "today"',
        "  payload.lines[1].sku: expected a string, got 2",
        '  payload.lines[1].qty: expected an integer ≥ 1, got "two"',
        "  → Correct the payload. If the type has changed since, run: npx stem generate  [STEM_PAYLOAD_INVALID]",
      ].join("\n"),
    );
    expect((error as PayloadError).issues).toContainEqual({ path: "payload.lines[1].sku", message: "expected a string, got 2" });
  });

  it("makes a stored payload that is not of its type a dead letter at once, naming every path", async () => {
    const kit = await kitOf();
    await stored(kit, "order.book", '{ "placed": "today", "total": "5", "prices": {}, "lines": [] }', "orders");
    expect(await kit.drain()).toEqual({ attempts: 1 });
    expect(seen).toEqual([]);
    const [dead] = await kit.deadLetters();
    expect(dead).toMatchObject({ cause: "rejected", attempts: 1, error: { code: "STEM_PAYLOAD_INVALID" } });
    expect(dead!.error.message).toContain('payload.placed: expected a Date, got "today"');
    expect(dead!.error.message).toContain("payload.prices: expected a Map, got an object");
  });

  it("does not check a task with validate: false, but translates its payload all the same", async () => {
    const kit = await kitOf();
    await kit.stem.enqueue(List, [1n, "two" as never, 3n]);
    await stored(kit, "bigints.list", '["4", {}]');
    await kit.drain();
    expect(seen).toEqual([
      [1n, "two", 3n],
      [4n, {}],
    ]);
  });

  it("lets a schema of the task judge in place of the type, and translates around it", async () => {
    const kit = await kitOf();
    await expect(kit.stem.enqueue(Odd, { n: 2n })).rejects.toThrow("is refused by its schema:\n  payload.n: must be odd");
    const job = await kit.stem.enqueue(Odd, { n: 3n });
    await kit.drain();
    expect(await job.result()).toBe(6n);
  });

  it("still runs jobs that were enqueued as plain JSON before it had a client", async () => {
    const kit = await kitOf();
    const id = await stored(kit, "prices.of", '{ "placed": "2026-01-31T10:00:00Z", "total": "7", "prices": [], "lines": [], "old": 1 }');
    await kit.drain();
    expect(await kit.stem.handle(id).result()).toEqual(new Map());
  });

  it("revives a workflow's payload, steps, events and signals the same in every pass", async () => {
    const kit = await kitOf();
    const run = await kit.stem.start(Process, ORDER);
    await kit.drain();
    const at = new Date("2026-02-01T00:00:00Z");
    await expect(kit.stem.emit(paid, "A-1", { at: "x" } as never)).rejects.toThrow('The payload of event "order.paid" is not of its type');
    await kit.stem.emit(paid, "A-1", { at });
    await kit.drain();
    await expect(kit.stem.signal(run.id, Process.approved, { limit: 0n })).rejects.toThrow("payload.limit: expected a bigint ≥ 1, got 0n");
    await kit.stem.signal(run.id, Process.approved, { limit: 5n });
    await kit.drain();
    expect(seen).toEqual([at, at, 5n]);
    expect(await run.result()).toEqual({ at, limit: 5n, charged: ORDER.placed, same: true });
  });

  it("checks and encodes for tasks whose handlers are elsewhere", async () => {
    await kitOf();
    const client = open.at(-1)!.get(Client, { strict: false });
    await expect(client.elsewhere.enqueue({ at: 5 } as never)).rejects.toThrow('The payload of task "elsewhere" is not of its type');
    const job = await client.elsewhere.enqueue({ at: new Date(5) });
    expect((await job.status())!.payload).toBe('{"at":"1970-01-01T00:00:00.005Z"}');
  });

  it("runs a callback although an input it was to pass over is missing from its payload", async () => {
    const kit = await kitOf();
    const members = [
      kit.stem.signature(Odd, { n: 1n }, { onFailure: "continue" }),
      kit.stem.signature(Failing, undefined, { onFailure: "continue" }),
    ];
    const chord = await kit.stem.chord(members, kit.stem.signature(Both));
    await kit.drain();
    expect(await chord.result()).toBe(2);
    expect(seen).toEqual([[2n, null]]);
  });

  it("judges a run by its type when it begins, not again when it goes on under another", async () => {
    const store = memory();
    await store.open();
    const first = await appWith(kept(store), Client);
    const run = await first.get(Stem).start(Process, ORDER);
    const parked = async (): Promise<boolean> => (await run.status())!.state === "parked";
    while (!(await parked())) await new Promise((resolve) => setTimeout(resolve, 2));
    const { tasks } = Client.definitions;
    const Narrower = clientOf({
      ...Client.definitions,
      tasks: { ...tasks, "order.process": { ...tasks["order.process"]!, input: object({ placed: date, more: { type: "string" } }) } },
    });
    await first.close();
    const second = await appWith(kept(store), Narrower);
    const stem = second.get(Stem);
    await stem.emit(paid, "A-1", { at: new Date(1) });
    await stem.signal(run.id, Process.approved, { limit: 1n });
    expect(await stem.handle<object>(run.id).result({ timeout: "10s" })).toMatchObject({ same: true, charged: ORDER.placed });
    await expect(stem.start(Process, ORDER)).rejects.toThrow("payload.more: expected a string, got nothing");
  });

  it("is the same on an app's own modules put on memory, and with options from a factory", async () => {
    const imports = [StemModule.forRootAsync({ clients: [Client], useFactory: () => ({ adapter: memory() }) })];
    const app = await useStemTesting(Test.createTestingModule({ imports, providers }).setLogger(silent)).compile();
    open.push(app);
    await app.init();
    const kit = StemTestKit.of(app);
    const job = await kit.stem.enqueue(PricesOf, ORDER);
    await kit.drain();
    expect(await job.result()).toEqual(ORDER.prices);
  });

  it("takes the payload of a @Cron in the terms of the type, and refuses another at the start", async () => {
    class Nightly {
      @Cron("0 0 * * *", { payload: { at: new Date(5) } })
      @Task("nightly")
      run(input: { readonly at: Date }): void {
        seen.push(input);
      }
    }
    const Nights = clientOf({ hash: "n", tasks: { nightly: { kind: "task", input: object({ at: date }) } } });
    const app = await Test.createTestingModule({ imports: [StemTestingModule.forRoot({ clients: [Nights] })], providers: [Nightly] })
      .setLogger(silent)
      .compile();
    open.push(app);
    await app.init();
    await app.get(StemTestKit).drainThrough("1d");
    expect(seen).toEqual([{ at: new Date(5) }]);
    const Never = clientOf({
      hash: "n",
      tasks: { nightly: { kind: "task", input: object({ at: { type: "string" } }) } },
    });
    expect(await problemsOf({ imports: [stemOn({ clients: [Never] })], providers: [Nightly] })).toEqual([
      expect.objectContaining({
        code: "STEM_PAYLOAD_INVALID",
        message: expect.stringContaining("payload.at: expected a string, got the Date"),
      }),
    ]);
  });
});

describe("Several clients", () => {
  it("are put together, whatever their shared types are called", async () => {
    const { tasks, $defs } = Client.definitions;
    const Other = clientOf({
      hash: "other",
      tasks: {
        "order.book": {
          kind: "task",
          queue: "orders",
          handler: "Book (apps/shop/src/book.ts)",
          input: { $ref: "#/$defs/Order_2" },
          output: { $ref: "#/$defs/Order_2" },
        },
        more: { kind: "task", input: date },
      },
      $defs: { Order_2: { ...$defs!["Order"], description: "An order" } },
    });
    const kit = await kitOf({ clients: [Client, Other] });
    await expect(kit.stem.enqueue("more", 5 as never, { queue: "q" })).rejects.toThrow("payload: expected a Date, got 5");
    await expect(kit.stem.enqueue(Book, {} as never)).rejects.toThrow("payload.placed: expected a Date, got nothing");
    const Old = clientOf({
      hash: "old",
      tasks: { ...tasks, "prices.sum": { kind: "task", input: { type: "array" } } },
      events: { "order.paid": { payload: { ...object({ at: date }), properties: { at: date, title: date } } } },
      $defs: $defs!,
    });
    expect(await problemsOf({ imports: [stemOn({ clients: [Client, Old] })], providers })).toEqual(
      ['task "prices.sum"', 'event "order.paid"'].map((what) =>
        expect.objectContaining({
          code: "STEM_CLIENTS_DIFFER",
          message: expect.stringContaining(`Two of the clients describe the ${what} differently`),
        }),
      ),
    );
  });

  it("tell each instance of its own tasks", async () => {
    const Reports = clientOf({
      hash: "r",
      tasks: { report: { kind: "task", queue: "q", instance: "reports", input: date }, plain: { kind: "task", queue: "q", input: date } },
    });
    const app = await Test.createTestingModule({ imports: [stemOn({ clients: [Reports] }), stemOn({ name: "reports" })] })
      .setLogger(silent)
      .compile();
    open.push(app);
    await app.init();
    const [main, reports] = [app.get(Stem), app.get<Stem>("nestjs-stem:stem:reports")];
    await expect(reports.enqueue("report", 5 as never, { queue: "q" })).rejects.toThrow("expected a Date");
    await expect(main.enqueue("plain", 5 as never, { queue: "q" })).rejects.toThrow("expected a Date");
    await main.enqueue("report", 5 as never, { queue: "q" });
  });
});

describe("While developing, the start of an app", () => {
  const differing: StemDefinitions = {
    hash: "d",
    tasks: { ...Client.definitions.tasks, "order.book": { kind: "workflow" }, gone: { kind: "task" } },
    $defs: Client.definitions.$defs!,
  };
  const Stale = clientOf({ ...differing, tasks: without(differing.tasks, "prices.of") });

  async function warnings(production: boolean | undefined, client: Type, autoStart = true): Promise<readonly string[]> {
    const told: string[] = [];
    const log = { log() {}, error() {}, warn: (line: unknown) => void told.push(String(line)) };
    const app = await Test.createTestingModule({
      imports: [stemOn({ clients: [client], autoStart })],
      providers: [...providers, Scheduled],
    })
      .overrideProvider("nestjs-stem:environment")
      .useValue({ role: undefined, ...(production !== undefined && { production }) })
      .setLogger(log)
      .compile();
    open.push(app);
    await app.init();
    return told.filter((line) => line.includes("STEM_CLIENT_STALE"));
  }

  it("warns once of a client that does not fit the handlers, and says what to run", async () => {
    expect(await warnings(false, Stale)).toEqual([
      [
        "The generated client and the handlers of this process do not fit together:",
        '  "order.book" (Book.run) is a task, in the client a workflow',
        '  task "order.book" (Book.run) is in queue "orders", the client sends to "default"',
        '  task "prices.of" (PricesOf.run) is not in the client',
        '  task "gone" of the client has no handler here, where its queue "default" is served: add its class to a module\'s providers',
        "  → Run: npx stem generate  [STEM_CLIENT_STALE]",
      ].join("\n"),
    ]);
    expect(await warnings(false, Stale, false)).toEqual([expect.not.stringContaining('"gone"')]);
  });

  it("says nothing of a client that fits, nor in production, nor to tests", async () => {
    expect(await warnings(false, Client)).toEqual([]);
    expect(await warnings(true, Stale)).toEqual([]);
    expect(await warnings(undefined, Stale)).toEqual([]);
  });
});

describe("A client outside of Nest", () => {
  it("enqueues typed jobs, checks and revives, and closes its store", async () => {
    const store = memory();
    const app = await appWith(store, Client);
    let closes = 0;
    // The store is the app's: here it is neither opened nor closed once more.
    const shared = Object.assign(Object.create(store) as typeof store, { open: async () => {}, close: async () => void closes++ });
    const client = await createStemClient({ adapter: shared, client: Client });
    expect(client).toBeInstanceOf(Client);
    await expect(client.elsewhere.enqueue({ at: 5 } as never)).rejects.toThrow("expected a Date, got 5");
    const job = await client.stem.enqueue("order.book", ORDER, { queue: "orders" });
    expect(await job.result({ timeout: "10s" })).toEqual(ORDER);
    await Promise.all([client.close(), client.close()]);
    expect(closes).toBe(1);
    await expect(client.elsewhere.enqueue({ at: new Date() })).rejects.toThrow("STEM_CLOSED");
    await app.close();
  });

  it("may be a plain Stem, and refuses what cannot be right", async () => {
    const client = await createStemClient({ adapter: memory() });
    await client.stem.enqueue("any", 1, { queue: "q" });
    await client.close();
    await expect(createStemClient({} as never)).rejects.toThrow("createStemClient got no adapter");
    await expect(createStemClient({ adapter: memory(), clients: [] } as never)).rejects.toThrow('Did you mean "client"?');
    const Two = function (_a: Stem, _b: Stem) {};
    await expect(createStemClient({ adapter: memory(), client: Two as never })).rejects.toThrow("Two has tasks of 2 instances of Stem");
  });
});

function without<T>(members: Readonly<Record<string, T>>, name: string): Readonly<Record<string, T>> {
  return Object.fromEntries(Object.entries(members).filter(([key]) => key !== name));
}
