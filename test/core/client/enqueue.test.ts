import { describe, expect, it } from "@jest/globals";
import type { NewJob } from "../../../lib/contract/job.js";
import { defineTask } from "../../../lib/core/task/define.js";
import { markRef, type TaskRef } from "../../../lib/core/task/ref.js";
import type { Schema } from "../../../lib/core/task/schema.js";
import { stemOn, turns } from "./fake.js";

/** The one job that was stored. */
async function stored(enqueue: (parts: ReturnType<typeof stemOn>) => Promise<unknown>): Promise<NewJob> {
  const parts = stemOn();
  await enqueue(parts);
  expect(parts.store.batches).toHaveLength(1);
  expect(parts.store.batches[0]).toHaveLength(1);
  return parts.store.batches[0]![0]!;
}

/** Expects a refusal with a code and a phrase, and that nothing was written. */
async function refused(
  code: string,
  phrase: string,
  enqueue: (parts: ReturnType<typeof stemOn>) => Promise<unknown>,
  parts = stemOn(),
): Promise<void> {
  await expect(enqueue(parts)).rejects.toMatchObject({ code, message: expect.stringContaining(phrase) });
  expect(parts.store.batches).toEqual([]);
}

class SendMail {
  run(input: { readonly to: string }): string {
    return input.to;
  }
}
markRef(SendMail, "run", { name: "mail.send" });

class Sync {
  run(): void {}
}
markRef(Sync, "run", { name: "stock.sync", queue: "stock", priority: 2 });

describe("Enqueueing", () => {
  it("stores the encoded payload under a new id and returns its handle", async () => {
    const { stem, store } = stemOn();
    const handle = await stem.enqueue(SendMail, { to: "a@b.c" });
    expect(handle.duplicate).toBe(false);
    expect(store.records.get(handle.id)).toMatchObject({ task: "mail.send", queue: "mail", payload: '{"to":"a@b.c"}' });
  });

  it("stores no payload as nothing, which is not null", async () => {
    expect(await stored(({ stem }) => stem.enqueue("mail.send"))).toMatchObject({ payload: "" });
    expect(await stored(({ stem }) => stem.enqueue("mail.send", null))).toMatchObject({ payload: "null" });
  });

  it("keeps records as a client says, or a class that is no handler here, where there is no handler", async () => {
    class Elsewhere {
      run(): void {}
    }
    markRef(Elsewhere, "run", { name: "elsewhere", queue: "q", keepResultMs: 5, keepFailedMs: 6 });
    expect(await stored(({ stem }) => stem.enqueue(Elsewhere))).toMatchObject({ keepResultMs: 5, keepFailedMs: 6 });
    const kept = { keepResult: "1m", keepFailed: 0 } as const;
    const wanted = { keepResultMs: 60_000, keepFailedMs: 0 };
    expect(await stored(({ stem }) => stem.task("no.handler", { queue: "q", ...kept }).enqueue(1))).toMatchObject(wanted);
    expect(await stored(({ stem }) => stem.workflow("no.handler", { queue: "q", ...kept }).start(1))).toMatchObject(wanted);
    // A handler that is here, and the call, know better.
    expect(await stored(({ stem }) => stem.task("mail.send", kept).enqueue({}))).toMatchObject({ keepResultMs: 86_400_000 });
    expect(await stored(({ stem }) => stem.task("no.handler", { queue: "q", ...kept }).enqueue(1, { keepResult: 7 }))).toMatchObject({
      keepResultMs: 7,
      keepFailedMs: 0,
    });
    const { stem } = stemOn();
    expect(() => stem.task("no.handler", { keepResult: "soon" as never })).toThrow(
      expect.objectContaining({ code: "STEM_DURATION_INVALID", message: expect.stringContaining('task "no.handler"') }),
    );
  });

  it("takes options of the call before the definition, the definition before the ref, the ref before defaults", async () => {
    const ref: TaskRef = { name: "mail.send", queue: "stale", priority: 1 };
    expect(await stored(({ stem }) => stem.enqueue(ref, {}))).toMatchObject({ queue: "mail", priority: 0, keepResultMs: 86_400_000 });
    expect(await stored(({ stem }) => stem.enqueue(ref, {}, { queue: "now", priority: 9, keepResult: 0 }))).toMatchObject({
      queue: "now",
      priority: 9,
      keepResultMs: 0,
    });
    expect(await stored(({ stem }) => stem.enqueue(Sync))).toMatchObject({ queue: "stock", priority: 2, keepFailedMs: 30 * 86_400_000 });
    expect(await stored(({ stem }) => stem.task("far.away", { queue: "far" }).enqueue())).toMatchObject({ queue: "far", priority: 0 });
    expect(await stored(({ stem }) => stem.enqueue("far.away", 1, { queue: "far" }))).toMatchObject({ task: "far.away", queue: "far" });
  });

  it("turns delay, at, expiresIn and keepFailed into milliseconds", async () => {
    const now = stemOn().clock.now();
    expect(await stored(({ stem }) => stem.enqueue("mail.send", 1, { delay: "5m", expiresIn: "1h" }))).toMatchObject({
      delayMs: 300_000,
      expiresInMs: 3_600_000,
    });
    const at = new Date(now + 5.5);
    expect(await stored(({ stem }) => stem.enqueue("mail.send", 1, { at, keepFailed: "2d" }))).toMatchObject({
      dueAt: at.getTime(),
      keepFailedMs: 172_800_000,
    });
  });

  it("says that an id was stored already, and stores nothing", async () => {
    const { stem, store } = stemOn();
    expect((await stem.enqueue(SendMail, { to: "a" }, { id: "once" })).duplicate).toBe(false);
    expect((await stem.enqueue(SendMail, { to: "b" }, { id: "once" })).duplicate).toBe(true);
    expect(store.records.get("once")!.payload).toBe('{"to":"a"}');
  });

  it("copies headers, so that a later change of the caller's object changes no job", async () => {
    const headers = { tenant: "acme" };
    const job = await stored(({ stem }) => stem.enqueue("mail.send", 1, { headers }));
    headers.tenant = "other";
    expect(job.headers).toEqual({ tenant: "acme" });
  });

  it("hands a transaction to the store, alone and at once", async () => {
    const { stem, store } = stemOn();
    const transaction = { of: "mine" };
    await Promise.all([stem.enqueue("mail.send", 1), stem.enqueue("mail.send", 2, { transaction }), stem.enqueue("mail.send", 3)]);
    expect(store.options.filter((options) => options?.transaction === transaction)).toHaveLength(1);
    expect(store.batches.map((batch) => batch.length).sort()).toEqual([1, 2]);
  });

  it("tells job:enqueued for what was stored, not for duplicates", async () => {
    const { stem } = stemOn();
    const told: string[] = [];
    await stem.enqueue("mail.send", 1, { id: "before" });
    stem.signals.on("job:enqueued", ({ jobId, task, queue }) => told.push(`${jobId} ${task} ${queue}`));
    await stem.enqueue("mail.send", 1, { id: "before" });
    await stem.enqueueMany("mail.send", [1, 2], { id: "many" });
    expect(told).toEqual(["many-0 mail.send mail", "many-1 mail.send mail"]);
  });

  it("enqueues many in one call of the store, under ids with the prefix given", async () => {
    const { stem, store } = stemOn();
    const handles = await stem.enqueueMany(SendMail, [{ to: "a" }, { to: "b" }], { id: "batch", priority: 4 });
    expect(handles.map(({ id }) => id)).toEqual(["batch-0", "batch-1"]);
    expect(store.batches).toHaveLength(1);
    expect(store.batches[0]!.map(({ payload, priority }) => [payload, priority])).toEqual([
      ['{"to":"a"}', 4],
      ['{"to":"b"}', 4],
    ]);
    expect(await stem.enqueueMany(SendMail, [])).toEqual([]);
    expect(store.batches).toHaveLength(1);
  });
});

describe("Producers refuse before anything is written", () => {
  it("a name that is neither registered nor given with its queue, and say what was perhaps meant", async () => {
    await refused("STEM_UNKNOWN_TASK", 'Did you mean "mail.send"?', ({ stem }) => stem.enqueue("mail.sned", 1));
    await refused("STEM_UNKNOWN_TASK", '"far.away"', ({ stem }) => stem.task("far.away").enqueue());
  });

  it("names and queues that are no names", async () => {
    await refused("STEM_NAME_INVALID", "task name", ({ stem }) => stem.enqueue("mail send!", 1, { queue: "q" }));
    await refused("STEM_NAME_INVALID", "queue", ({ stem }) => stem.enqueue("mail.send", 1, { queue: "a b" }));
    await refused("STEM_NAME_INVALID", "queue", ({ stem }) => stem.task("far", { queue: "" }).enqueue());
  });

  it("a class that is no task", async () => {
    class Plain {
      run(): void {}
    }
    await refused("STEM_NOT_A_TASK", "Plain.run is not a task", ({ stem }) => stem.enqueue(Plain));
  });

  it("what is no task at all, and think of imports in a circle when it is nothing", async () => {
    const circle = "Is the class imported in a circle? Import it from its own file.";
    for (const nothing of [undefined, null]) {
      await refused("STEM_NOT_A_TASK", `What was enqueued is ${nothing}, not a task.\n  → ${circle}`, ({ stem }) =>
        stem.enqueue(nothing as never),
      );
    }
    await refused("STEM_NOT_A_TASK", "What was enqueued is 5, not a task.\n  → Give a class", ({ stem }) => stem.enqueue(5 as never));
  });

  it("an instance where the class belongs, and says which", async () => {
    await refused(
      "STEM_NOT_A_TASK",
      "What was enqueued is an instance of SendMail, not a task.\n  → Give the class: SendMail.",
      ({ stem }) => stem.enqueue(new SendMail() as never),
    );
    await refused("STEM_NOT_A_TASK", "an instance of Date, not a task.\n  → Give a class that carries @Task()", ({ stem }) =>
      stem.enqueue(new Date() as never),
    );
    await refused("STEM_NOT_A_TASK", "an instance of SendMail", async ({ stem }) => stem.signature(new SendMail() as never));
  });

  it("a workflow that is enqueued, and a task that is started, where the handler is known", async () => {
    const known = stemOn();
    for (const kind of ["task", "workflow"] as const)
      known.stem.registry.add(defineTask({ name: `a.${kind}`, kind, where: `A${kind}.run`, run: () => {} }));
    await refused(
      "STEM_NOT_A_TASK",
      '"a.workflow" (Aworkflow.run) is a workflow',
      ({ stem }) => stem.enqueue({ name: "a.workflow" }),
      known,
    );
    await refused("STEM_NOT_A_WORKFLOW", '"a.task" (Atask.run) is a task', ({ stem }) => stem.start("a.task"), known);
    await known.stem.start({ name: "a.workflow" });
    expect(known.store.batches).toHaveLength(1);
  });

  it("a Date as delay, and names the option for moments", () =>
    refused("STEM_OPTION_INVALID", "is a Date, and is to be a duration.\n  → For a moment there is at: { at: date }.", ({ stem }) =>
      stem.enqueue(SendMail, { to: "a" }, { delay: new Date() as never }),
    ));

  it("a payload that JSON would change, naming the place", async () => {
    const lines = [{}, {}, {}, { when: new Date(0) }];
    await refused("STEM_PAYLOAD_UNSERIALISABLE", "payload.order.lines[3].when is a Date", ({ stem }) =>
      stem.enqueue("mail.send", { order: { lines } }),
    );
  });

  it("a payload over the limit, counted in bytes", async () => {
    const limit = stemOn(undefined, {}, { maxPayloadBytes: 100 });
    await limit.stem.enqueue("mail.send", "x".repeat(98));
    await refused(
      "STEM_PAYLOAD_TOO_LARGE",
      "101 bytes; 100 are allowed",
      ({ stem }) => stem.enqueue("mail.send", "x".repeat(99)),
      stemOn(undefined, {}, { maxPayloadBytes: 100 }),
    );
    await refused(
      "STEM_PAYLOAD_TOO_LARGE",
      "152 bytes",
      ({ stem }) => stem.enqueue("mail.send", "€".repeat(50)),
      stemOn(undefined, {}, { maxPayloadBytes: 100 }),
    );
  });

  it("a payload that the task's schema refuses, listing every path", async () => {
    const input: Schema = {
      "~standard": {
        version: 1,
        vendor: "test",
        validate: () => ({
          issues: [
            { message: "expected a number", path: ["lines", 2, { key: "price" }] },
            { message: "is missing", path: ["to"] },
            { message: "is odd" },
          ],
        }),
      },
    };
    const phrase = "payload.lines[2].price: expected a number\n  payload.to: is missing\n  payload: is odd";
    await refused("STEM_PAYLOAD_INVALID", phrase, ({ stem }) => stem.enqueue("mail.send", {}), stemOn(undefined, { input }));
    await refused("STEM_PAYLOAD_INVALID", phrase, ({ stem }) => stem.enqueueMany("mail.send", [{}]), stemOn(undefined, { input }));
  });

  it("a payload that an asynchronous schema refuses, and send the others as given", async () => {
    const input: Schema = {
      "~standard": {
        version: 1,
        vendor: "test",
        validate: async (value) => (value === "bad" ? { issues: [{ message: "no" }] } : { value: new Date(0) }),
      },
    };
    await refused("STEM_PAYLOAD_INVALID", "payload: no", ({ stem }) => stem.enqueue("mail.send", "bad"), stemOn(undefined, { input }));
    const { stem, store } = stemOn(undefined, { input });
    await stem.enqueue("mail.send", "1970");
    expect(store.batches[0]![0]!.payload).toBe('"1970"');
  });

  it("an option nobody knows, and say what was perhaps meant", async () => {
    const mistyped = { dealy: "5m" };
    await refused("STEM_OPTION_UNKNOWN", 'Did you mean "delay"?', ({ stem }) => stem.enqueue("mail.send", 1, mistyped as object));
    await refused("STEM_OPTION_UNKNOWN", '"onFailure"', ({ stem }) => stem.enqueue("mail.send", 1, { onFailure: "continue" } as object));
    await refused("STEM_OPTION_INVALID", "options", ({ stem }) => stem.enqueue("mail.send", 1, "5m" as unknown as object));
  });

  it("wrong ids, priorities, durations and dates", async () => {
    const wrong: readonly [string, string, object][] = [
      ["STEM_OPTION_INVALID", "id", { id: "" }],
      ["STEM_OPTION_INVALID", "201 characters", { id: "x".repeat(201) }],
      ["STEM_OPTION_INVALID", "id", { id: 7 }],
      ["STEM_OPTION_INVALID", "priority", { priority: 10 }],
      ["STEM_OPTION_INVALID", "priority", { priority: 1.5 }],
      ["STEM_OPTION_INVALID", "priority", { priority: "high" }],
      ["STEM_DURATION_INVALID", "delay", { delay: "soon" }],
      ["STEM_DURATION_INVALID", "delay", { delay: -1 }],
      ["STEM_DURATION_INVALID", "keepResult", { keepResult: Number.NaN }],
      ["STEM_DURATION_INVALID", "expiresIn", { expiresIn: "1 year" }],
      ["STEM_OPTION_INVALID", "not a valid Date", { at: new Date(Number.NaN) }],
      ["STEM_OPTION_INVALID", "not a valid Date", { at: "tomorrow" }],
      ["STEM_OPTION_INVALID", "Both delay and at", { at: new Date(), delay: 5 }],
      ["STEM_OPTION_INVALID", "expire before it may start", { delay: "10m", expiresIn: "5m" }],
    ];
    for (const [code, phrase, options] of wrong) await refused(code, phrase, ({ stem }) => stem.enqueue("mail.send", 1, options));
  });

  it("headers that are no strings, too large, or ours", async () => {
    const wrong: readonly [string, unknown][] = [
      ['Header "n"', { n: 1 }],
      ['begins with "stem-"', { "stem-from": "all" }],
      ["8192 are allowed", { big: "ü".repeat(4_100) }],
      ["not an object", ["a"]],
    ];
    for (const [phrase, headers] of wrong)
      await refused("STEM_HEADERS_INVALID", phrase, ({ stem }) => stem.enqueue("mail.send", 1, { headers } as object));
  });

  it("a list of payloads that is none, and all payloads when one is bad", async () => {
    await refused("STEM_OPTION_INVALID", "no list", ({ stem }) => stem.enqueueMany("mail.send", "ab" as unknown as string[]));
    await refused("STEM_PAYLOAD_UNSERIALISABLE", "payload.n is a bigint", ({ stem }) =>
      stem.enqueueMany("mail.send", [{ n: 1 }, { n: 1n }]),
    );
  });

  it("nothing that was called before the Stem was closed: close waits for the store's answer", async () => {
    const { stem, store } = stemOn();
    store.holdEnqueue = true;
    const before = stem.enqueue("mail.send", 1);
    let closed = false;
    const closing = stem.close().then(() => (closed = true));
    await turns();
    expect(closed).toBe(false);
    store.enqueues[0]!.answer({ met: [] });
    await closing;
    expect((await before).duplicate).toBe(false);
  });

  it("everything once the Stem is closed, after answering what came before", async () => {
    const { stem, store } = stemOn();
    const before = stem.enqueue("mail.send", 1);
    await stem.close();
    expect(store.records.has((await before).id)).toBe(true);
    await expect(stem.enqueue("mail.send", 1)).rejects.toMatchObject({ code: "STEM_CLOSED" });
    await expect(stem.emit("happened", "")).rejects.toMatchObject({ code: "STEM_CLOSED" });
    await expect(stem.handle("x").result()).rejects.toMatchObject({ code: "STEM_CLOSED" });
  });
});

describe("Clients", () => {
  it("are refs with the methods of tasks and workflows", async () => {
    const { stem, store, registry } = stemOn();
    registry.add(defineTask({ name: "order.process", kind: "workflow", where: "ProcessOrder.run", run: () => {} }, { queue: "orders" }));
    const mail = stem.task<{ to: string }, string>("mail.send", { queue: "elsewhere", priority: 3 });
    const order = stem.workflow<{ id: number }, void>("order.process");
    expect({ ...mail }).toEqual({ name: "mail.send", queue: "elsewhere", priority: 3 });
    expect({ ...order }).toEqual({ name: "order.process" });
    await mail.enqueue({ to: "a" });
    await mail.enqueueMany([{ to: "b" }]);
    await order.start({ id: 1 }, { id: "run-1" });
    await order.startMany([{ id: 2 }, { id: 3 }]);
    await stem.start(order, { id: 4 });
    expect(store.batches.flat().map(({ task, queue, payload }) => `${task} ${queue} ${payload}`)).toEqual([
      'mail.send mail {"to":"a"}',
      'mail.send mail {"to":"b"}',
      'order.process orders {"id":1}',
      'order.process orders {"id":2}',
      'order.process orders {"id":3}',
      'order.process orders {"id":4}',
    ]);
    expect(order.handle("run-1").id).toBe("run-1");
  });

  it("are refused for a name that is none, or an option nobody knows", () => {
    const { stem } = stemOn();
    expect(() => stem.task("no name")).toThrow("[STEM_NAME_INVALID]");
    expect(() => stem.workflow("order", { queu: "x" } as object)).toThrow('Did you mean "queue"?');
  });

  it("draft jobs without storing them", async () => {
    const { stem, store } = stemOn();
    expect(await stem.draft("mail.send", { to: "a" }, { id: "slot", delay: "1s" })).toMatchObject({
      id: "slot",
      queue: "mail",
      payload: '{"to":"a"}',
      delayMs: 1_000,
    });
    expect(store.batches).toEqual([]);
  });
});

describe("Emitting", () => {
  it("stores the event with a new id, or says that its id was known", async () => {
    const { stem, store } = stemOn();
    const first = await stem.emit("order.shipped", "o1", { parcel: "p" }, { id: "e1", keep: "1h" });
    const second = await stem.emit("order.shipped", "o1", { parcel: "q" }, { id: "e1" });
    const third = await stem.emit({ name: "order.shipped" }, "");
    expect([first.duplicate, second.duplicate, third.duplicate]).toEqual([false, true, false]);
    expect(store.events).toEqual([
      { id: "e1", name: "order.shipped", key: "o1", payload: '{"parcel":"p"}', keepMs: 3_600_000 },
      { id: third.id, name: "order.shipped", key: "" },
    ]);
  });

  it("refuses bad names, keys, payloads and options", async () => {
    const { stem, store } = stemOn();
    await expect(stem.emit("no name", "")).rejects.toMatchObject({ code: "STEM_NAME_INVALID" });
    await expect(stem.emit("happened", 7 as unknown as string)).rejects.toMatchObject({ code: "STEM_OPTION_INVALID" });
    await expect(stem.emit("happened", "", new Map())).rejects.toMatchObject({ code: "STEM_PAYLOAD_UNSERIALISABLE" });
    await expect(stem.emit("happened", "", 1, { id: "" })).rejects.toMatchObject({ code: "STEM_OPTION_INVALID" });
    await expect(stem.emit("happened", "", 1, { kep: 1 } as object)).rejects.toMatchObject({ code: "STEM_OPTION_UNKNOWN" });
    expect(store.events).toEqual([]);
  });
});

describe("Ids", () => {
  it("are unique over sources, sort by the time they were made, and do not mind a clock that goes back", async () => {
    const { uniqueIds } = await import("../../../lib/core/client/ids.js");
    let now = 1_700_000_000_000;
    const ids = uniqueIds(() => now);
    const made = [ids(), ids()];
    now += 1;
    made.push(ids());
    now -= 1_000;
    made.push(ids(), ids());
    expect([...made].sort()).toEqual(made);
    const other = uniqueIds(() => 1_700_000_000_000);
    const all = new Set([...made, ...Array.from({ length: 10_000 }, other), ...Array.from({ length: 10_000 }, ids)]);
    expect(all.size).toBe(20_005);
    expect([...all].every((id) => /^[0-9a-z]{24}$/.test(id))).toBe(true);
  });
});
