import { describe, expect, it, jest } from "@jest/globals";
import { ForbiddenException, GoneException, HttpException } from "@nestjs/common";
import { NonRetryableError } from "../../../lib/core/task/task.js";
import type { Schema } from "../../../lib/core/task/schema.js";
import { currentTask } from "../../../lib/core/worker/current.js";
import { gate, Rig, turns, until } from "./rig.js";

/** Accepts numbers only; doubles them. */
const doubled: Schema<number> = {
  "~standard": {
    version: 1,
    vendor: "test",
    validate: (value) => (typeof value === "number" ? { value: value * 2 } : { issues: [{ message: "not a number" }] }),
  },
};

const doubledLate: Schema<number> = {
  "~standard": { ...doubled["~standard"], validate: async (value) => doubled["~standard"].validate(value) },
};

async function runOnce(rig: Rig, payload?: unknown): Promise<string> {
  await rig.started();
  return (await rig.stem.enqueue("work", payload)).id;
}

describe("An attempt", () => {
  it("keeps what the handler returned, and nothing as nothing", async () => {
    const rig = new Rig({ work: async (payload) => payload });
    const some = await runOnce(rig, { n: 1 });
    const none = (await rig.stem.enqueue("work")).id;
    const [first, second] = await rig.ended(some, none);
    expect(first).toMatchObject({ state: "succeeded", result: '{"n":1}', attempts: 1 });
    expect(second).toMatchObject({ state: "succeeded" });
    expect(second).not.toHaveProperty("result");
  });

  it("takes what a handler returns without a promise, or as a promise of another make", async () => {
    // oxlint-disable-next-line unicorn/no-thenable -- some query builders are thenables
    const thenable = Object.fromEntries([["then", (ok: (value: string) => void): void => ok("thenable")]]);
    const rig = new Rig({ work: () => "at once", other: () => thenable });
    const a = await runOnce(rig);
    const b = (await rig.stem.enqueue("other")).id;
    expect((await rig.ended(a, b)).map(({ result }) => result)).toEqual(['"at once"', '"thenable"']);
  });

  it("tells the handler about its job, and finds the context again deep below", async () => {
    let seen: unknown;
    const rig = new Rig({
      work: [
        async (_, context) => {
          await turns(1);
          const { jobId, task, queue, attempt, maxAttempts, headers, enqueuedAt, inputs } = context;
          seen = { jobId, task, queue, attempt, maxAttempts, headers, enqueuedAt, inputs, same: currentTask() === context };
        },
        { retry: 4 },
      ],
    });
    await rig.started();
    const { id } = await rig.stem.enqueue("work", undefined, { headers: { tenant: "acme" } });
    await rig.ended(id);
    expect(seen).toEqual({
      jobId: id,
      task: "work",
      queue: "default",
      attempt: 1,
      maxAttempts: 4,
      headers: { tenant: "acme" },
      enqueuedAt: rig.clock.date(),
      inputs: [],
      same: true,
    });
    expect(currentTask()).toBeUndefined();
  });

  it("is tried again after a drawn wait, up to the attempts of its task, then dead with its error", async () => {
    const at: number[] = [];
    const rig = new Rig({
      work: [
        async () => {
          at.push(rig.clock.now());
          throw Object.assign(new Error("no luck"), { code: "E_LUCK" });
        },
        { retry: { attempts: 3, base: "10s" } },
      ],
    });
    const id = await runOnce(rig);
    // The dice of the rig show 0.5: half of 10 s, then half of 20 s.
    for (const [n, seconds] of [5, 10].entries()) {
      await until(() => rig.told.filter((line) => line.startsWith("job:retried")).length === n + 1);
      expect(await rig.record(id)).toMatchObject({
        attempts: at.length,
        error: { message: "no luck", code: "E_LUCK", attempt: at.length },
      });
      await turns();
      rig.clock.advance(seconds * 1_000);
    }
    const [record] = await rig.ended(id);
    expect(record).toMatchObject({
      state: "failed",
      cause: "error",
      attempts: 3,
      error: { name: "Error", message: "no luck", attempt: 3 },
    });
    expect(at.map((moment) => moment - at[0]!)).toEqual([0, 5_000, 15_000]);
    expect(rig.told).toEqual(
      [`job:started`, `job:retried`, `job:started`, `job:retried`, `job:started`, `job:dead`].map((name) => `${name} ${id}`),
    );
  });

  it("is dead at once after a NonRetryableError, also a child's and one of another copy of the package", async () => {
    class Stubborn extends NonRetryableError {
      override readonly name = "Stubborn";
    }
    const Copy = { NonRetryableError: class NonRetryableError extends Error {} }.NonRetryableError;
    const errors = [
      new NonRetryableError("no"),
      new Stubborn("no"),
      new Copy("no"),
      Object.assign(new Error("no"), { name: "NonRetryableError" }),
    ];
    const rig = new Rig({ work: async (n: number) => Promise.reject(errors[n]) });
    await rig.started();
    const handles = await rig.stem.enqueueMany("work", [0, 1, 2, 3]);
    for (const record of await rig.ended(...handles.map(({ id }) => id)))
      expect(record).toMatchObject({ state: "failed", cause: "error", attempts: 1 });
  });

  it("is retried whatever status or code an error of somebody else carries", async () => {
    const Foreign = { HttpException: class HttpException extends Error {} }.HttpException;
    const errors: Error[] = [
      { status: 429 },
      { status: 408 },
      { status: 404 },
      { statusCode: 403 },
      { code: 422 },
      { code: "STEM_PAYLOAD_INVALID" },
      { retryable: false },
      { response: { status: 404 } },
      { getStatus: () => 404 },
    ].map((fields) => Object.assign(new Error("http"), fields));
    errors.push(
      Object.assign(new Foreign("of another library"), { status: 404 }),
      Object.assign(new Error("x"), { name: "HttpException" }),
    );
    const rig = new Rig({ work: async (n: number) => Promise.reject(errors[n]) });
    await rig.started();
    const handles = await rig.stem.enqueueMany(
      "work",
      errors.map((_, n) => n),
    );
    await until(() => rig.told.length >= 2 * errors.length);
    for (const { id } of handles) expect((await rig.record(id)).state).toBe("ready");
  });

  it("is dead at once when Nest's HttpException refuses, with the reason, but not when that asks to come later", async () => {
    class Gone extends GoneException {}
    const errors = [
      new ForbiddenException("no"),
      new Gone("no"),
      new HttpException("no", 408),
      new HttpException("no", 425),
      new HttpException("no", 429),
      new HttpException("no", 503),
    ];
    const rig = new Rig({ work: async (n: number) => Promise.reject(errors[n]) });
    await rig.started();
    const handles = await rig.stem.enqueueMany("work", [0, 1, 2, 3, 4, 5]);
    await until(() => rig.told.length >= 12);
    const records = await Promise.all(handles.map(async ({ id }) => rig.record(id)));
    expect(records.map(({ state }) => state)).toEqual(["failed", "failed", "ready", "ready", "ready", "ready"]);
    expect(records[0]!.error!.notRetried).toBe("an HttpException of status 403 refuses for good");
    expect(records[1]!.error!.notRetried).toBe("an HttpException of status 410 refuses for good");
    expect(rig.lines.some((line) => line.startsWith("error") && line.includes("Not retried: an HttpException of status 403"))).toBe(true);
  });

  it("says of every failure that is not retried why, and nothing where the attempts were used up", async () => {
    const rig = new Rig({
      final: async () => Promise.reject(new NonRetryableError("no")),
      when: [async () => Promise.reject(new Error("no")), { retry: { when: () => false } }],
      spent: [async () => Promise.reject(new NonRetryableError("no")), { retry: 1 }],
    });
    await rig.started();
    const ids = await Promise.all(["final", "when", "spent"].map(async (task) => (await rig.stem.enqueue(task, 1)).id));
    expect((await rig.ended(...ids)).map(({ error }) => error!.notRetried)).toEqual([
      "NonRetryableError says that another attempt cannot help",
      "retry.when said no",
      undefined,
    ]);
  });

  it("that fails leaves what its error came from, bounded and without circles", async () => {
    const circle: Error & { cause?: unknown } = new Error("round");
    circle.cause = Object.assign(new Error("and round"), { cause: circle });
    let deep = new Error("bottom");
    for (let i = 0; i < 50; i++) deep = new Error(`depth ${i} ${"x".repeat(3_000)}`, { cause: deep });
    const many = new AggregateError(
      Array.from({ length: 1_000 }, (_, i) => Object.assign(new Error(`no ${i}`), { code: "E" })),
      "All promises were rejected",
    );
    const fetching = new TypeError("fetch failed", { cause: Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" }) });
    const errors = [fetching, many, circle, deep, Object.assign(new Error("fields"), { errors: ["a must be b"] })];
    const rig = new Rig({ work: [async (n: number) => Promise.reject(errors[n]), { retry: 1 }] });
    await rig.started();
    const handles = await rig.stem.enqueueMany("work", [0, 1, 2, 3, 4]);
    const records = await rig.ended(...handles.map(({ id }) => id));
    const [first, second, third, fourth, fifth] = records.map(({ error }) => error!);
    expect(first).toMatchObject({ name: "TypeError", cause: { name: "Error", message: "connect ECONNREFUSED", code: "ECONNREFUSED" } });
    expect(second!.errors!.map(({ message, code }) => `${message} ${code}`)).toEqual(["no 0 E", "no 1 E", "no 2 E", "no 3 E"]);
    expect(third!.cause).toMatchObject({ message: "and round" });
    expect(third!.cause!.cause).toBeUndefined();
    expect(JSON.stringify(fourth).length).toBeLessThan(20_000);
    expect(fourth!.cause!.cause!.cause!.cause!.cause).toBeUndefined();
    expect(fifth!.errors).toBeUndefined();
    expect(rig.lines.some((line) => line.includes("TypeError: fetch failed ← Error: connect ECONNREFUSED"))).toBe(true);
    expect(rig.lines.some((line) => line.includes("All promises were rejected ← Error: no 0"))).toBe(true);
    await expect(handles[0]!.result()).rejects.toMatchObject({ failure: { cause: { code: "ECONNREFUSED" } } });
  });

  it("is retried or not as retry.when says, and retried when that throws", async () => {
    const when = (error: unknown): boolean => {
      if ((error as Error).message === "bug") throw new Error("in when");
      return (error as Error).message === "again";
    };
    const rig = new Rig({ work: [async (message: string) => Promise.reject(new Error(message)), { retry: { when } }] });
    await rig.started();
    const handles = await rig.stem.enqueueMany("work", ["again", "never", "bug"]);
    await until(() => rig.told.length >= 6);
    expect(await Promise.all(handles.map(async ({ id }) => (await rig.record(id)).state))).toEqual(["ready", "failed", "ready"]);
    expect(rig.lines.some((line) => line.includes("retry.when") && line.includes("in when"))).toBe(true);
  });

  it("that snoozes runs again later without spending an attempt", async () => {
    const attempts: number[] = [];
    const rig = new Rig({
      work: async (_, context) => {
        attempts.push(context.attempt);
        return attempts.length < 3 ? context.snooze("5m") : "done";
      },
    });
    const id = await runOnce(rig);
    for (let i = 0; i < 2; i++) {
      await until(() => rig.told.filter((line) => line.startsWith("job:snoozed")).length === i + 1);
      await turns();
      rig.clock.advance("5m");
    }
    expect((await rig.ended(id))[0]).toMatchObject({ state: "succeeded", attempts: 1, result: '"done"' });
    expect(attempts).toEqual([1, 1, 1]);
  });

  it.each([
    ["null", null],
    ["undefined", undefined],
    ["a string", "oh"],
    ["a frozen object", Object.freeze({ message: "ice" })],
    [
      "an object whose getters throw",
      Object.defineProperties(
        {},
        Object.fromEntries(
          ["message", "name", "status", "stack", "code"].map((key) => [
            key,
            {
              get: (): never => {
                throw new Error(key);
              },
            },
          ]),
        ),
      ),
    ],
    [
      "a proxy that refuses everything",
      new Proxy(
        {},
        {
          get: () => {
            throw new Error("trap");
          },
          getPrototypeOf: () => {
            throw new Error("trap");
          },
        },
      ),
    ],
    ["a function", () => {}],
    [
      "a circle",
      (() => {
        const circle: { self?: unknown } = {};
        circle.self = circle;
        return circle;
      })(),
    ],
  ])("fails in good order when a handler throws %s", async (_, thrown) => {
    const rig = new Rig({
      work: [async () => Promise.reject(thrown), { retry: 1 }],
      sync: [
        () => {
          throw thrown;
        },
        { retry: 1 },
      ],
    });
    const id = await runOnce(rig);
    const other = (await rig.stem.enqueue("sync")).id;
    for (const record of await rig.ended(id, other))
      expect(record).toMatchObject({ state: "failed", cause: "error", error: { name: expect.any(String) } });
  });

  it("is dead at once when its payload cannot be read, without the handler being called", async () => {
    const handler = jest.fn();
    const rig = new Rig({ work: handler });
    await rig.started();
    await rig.store.broker.enqueue([{ id: "bad", task: "work", queue: "default", payload: "{oops" }]);
    expect((await rig.ended("bad"))[0]).toMatchObject({ state: "failed", cause: "rejected", error: { code: "STEM_PAYLOAD_UNREADABLE" } });
    expect(handler).not.toHaveBeenCalled();
  });

  it.each([
    ["schema", doubled],
    ["asynchronous schema", doubledLate],
  ])("gets what the input %s makes of the payload, and is dead at once when that refuses it", async (_, input) => {
    const seen: unknown[] = [];
    const rig = new Rig({ work: [async (payload) => void seen.push(payload), { input }] });
    await rig.started();
    await rig.store.broker.enqueue([
      { id: "good", task: "work", queue: "default", payload: "21" },
      { id: "bad", task: "work", queue: "default", payload: '"21"' },
    ]);
    const [good, bad] = await rig.ended("good", "bad");
    expect(good).toMatchObject({ state: "succeeded" });
    expect(bad).toMatchObject({ state: "failed", cause: "rejected", attempts: 1, error: { code: "STEM_PAYLOAD_INVALID" } });
    expect(seen).toEqual([42]);
  });

  it.each([
    ["input", (broken: Schema<number>) => ({ input: broken })],
    ["output", (broken: Schema<number>) => ({ output: broken })],
  ])("is tried again when its %s schema throws instead of judging, and dead at once when that error says so", async (_, options) => {
    const broken = (thrown: Error, late: boolean): Schema<number> => ({
      "~standard": {
        ...doubled["~standard"],
        validate: () => {
          if (late) return Promise.reject(thrown);
          throw thrown;
        },
      },
    });
    const away = new Error("the database is away");
    const rig = new Rig({
      sync: [async () => 1, { retry: { attempts: 2, base: 0 }, ...options(broken(away, false)) }],
      late: [async () => 1, { retry: { attempts: 2, base: 0 }, ...options(broken(away, true)) }],
      final: [async () => 1, { retry: 2, ...options(broken(new NonRetryableError("no such tenant"), false)) }],
    });
    await rig.started();
    await rig.store.broker.enqueue(["sync", "late", "final"].map((task) => ({ id: task, task, queue: "default", payload: "1" })));
    for (const record of await rig.ended("sync", "late"))
      expect(record).toMatchObject({ state: "failed", cause: "error", attempts: 2, error: { message: away.message } });
    expect((await rig.ended("final"))[0]).toMatchObject({ state: "failed", cause: "error", attempts: 1 });
  });

  it.each([
    ["that JSON cannot carry", async () => 1n, {}, "STEM_PAYLOAD_UNSERIALISABLE"],
    ["that is too large", async () => "x".repeat(1_048_576), {}, "STEM_PAYLOAD_TOO_LARGE"],
    ["that the output schema refuses", async () => "text", { output: doubled }, "STEM_PAYLOAD_INVALID"],
    ["that an asynchronous output schema refuses", async () => "text", { output: doubledLate }, "STEM_PAYLOAD_INVALID"],
  ])("is dead at once with a result %s: what it did cannot be undone by a retry", async (_, handler, options, code) => {
    const rig = new Rig({ work: [handler, options] });
    const id = await runOnce(rig);
    expect((await rig.ended(id))[0]).toMatchObject({ state: "failed", cause: "rejected", attempts: 1, error: { code } });
  });

  it("has failed when its time is up: signal aborted, slot free, retry planned, late result ignored", async () => {
    const late = gate<string>();
    const signals: AbortSignal[] = [];
    const rig = new Rig({
      work: [
        (_, context) => {
          signals.push(context.signal);
          return signals.length === 1 ? late.promise : "second";
        },
        { timeout: "3s", retry: { base: "10s" } },
      ],
    });
    const worker = await rig.started({ concurrency: 1, lease: "1h" });
    const { id } = await rig.stem.enqueue("work");
    await until(() => signals.length === 1);
    rig.clock.advance(2_999);
    expect(signals[0]!.aborted).toBe(false);
    rig.clock.advance(1);
    expect(signals[0]!.reason).toMatchObject({ name: "TimeoutError", code: "STEM_JOB_TIMEOUT", reason: "timeout" });
    expect(worker.running).toBe(0);
    await until(async () => (await rig.record(id)).state === "ready");
    expect(await rig.record(id)).toMatchObject({ error: { name: "TimeoutError", attempt: 1 } });
    late.open("too late");
    await turns();
    rig.clock.advance("10s");
    expect((await rig.ended(id))[0]).toMatchObject({ result: '"second"', attempts: 2 });
  });

  it("leaves no rejection unhandled, however late or odd its failure", async () => {
    const unhandled: unknown[] = [];
    const listen = (error: unknown): void => void unhandled.push(error);
    process.on("unhandledRejection", listen);
    try {
      const late = gate<never>();
      const rig = new Rig({
        late: [() => late.promise, { timeout: "1s", retry: 1 }],
        odd: [async () => Promise.reject(undefined), { retry: 1, output: doubledLate }],
      });
      await rig.started({ lease: "1h" });
      const ids = [(await rig.stem.enqueue("late")).id, (await rig.stem.enqueue("odd")).id];
      await turns();
      rig.clock.advance("1s");
      await rig.ended(...ids);
      late.fail(new Error("nobody listens any more"));
      await turns();
    } finally {
      process.off("unhandledRejection", listen);
    }
    expect(unhandled).toEqual([]);
  });

  it("that ignores its timeout is counted in a warning", async () => {
    const rig = new Rig({ work: [() => new Promise(() => {}), { timeout: "1s", retry: 1 }] });
    await rig.started({ lease: "3s" });
    await rig.stem.enqueueMany("work", [1, 2]);
    await turns();
    for (let i = 0; i < 12; i++) {
      rig.clock.advance("1s");
      await turns(3);
    }
    expect(rig.lines.filter((line) => line.startsWith("warn"))).toEqual([expect.stringContaining("2 handlers go on although")]);
  });

  it("that takes no time limit, and ends before it, leaves no timer that fails it", async () => {
    const rig = new Rig({ work: [async () => "quick", { timeout: "1s" }] });
    const id = await runOnce(rig);
    await rig.ended(id);
    rig.clock.advance("5s");
    await turns();
    expect(await rig.record(id)).toMatchObject({ state: "succeeded" });
    expect(rig.told).not.toContain(`job:dead ${id}`);
  });

  it("runs inside the middleware, outermost first, which may change what it returns or refuse it", async () => {
    const order: string[] = [];
    const rig = new Rig({ work: async (payload) => (order.push("handler"), payload) });
    await rig.started(
      {},
      {
        middleware: [
          async (_, next) => {
            order.push("outer in");
            const value = await next();
            order.push("outer out");
            return { wrapped: value };
          },
          async (context, next) => {
            order.push(`inner ${"jobId" in context}`);
            return next();
          },
        ],
      },
    );
    const { id } = await rig.stem.enqueue("work", 1);
    expect((await rig.ended(id))[0]).toMatchObject({ result: '{"wrapped":1}' });
    expect(order).toEqual(["outer in", "inner true", "handler", "outer out"]);
  });

  it("fails when a middleware calls next twice, with the handler run once", async () => {
    let runs = 0;
    const rig = new Rig({ work: [async () => void runs++, { retry: 1 }] });
    await rig.started({}, { middleware: [async (_, next) => (await next(), next())] });
    const { id } = await rig.stem.enqueue("work");
    expect((await rig.ended(id))[0]).toMatchObject({ state: "failed", error: { code: "STEM_MIDDLEWARE_NEXT" } });
    expect(runs).toBe(1);
  });
});
