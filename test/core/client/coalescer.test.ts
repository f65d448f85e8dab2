import { describe, expect, it } from "@jest/globals";
import { OptionError, StoreError } from "../../../lib/contract/errors.js";
import type { Schema } from "../../../lib/core/task/schema.js";
import { stemOn, turns } from "./fake.js";

const NONE = { met: [] };

describe("Enqueue calls made at the same time", () => {
  it("travel together: one call, then all that came while it was under way", async () => {
    const { stem, store } = stemOn();
    store.holdEnqueue = true;
    const first = stem.enqueue("mail.send", 0);
    await turns();
    expect(store.enqueues).toHaveLength(1);
    const others = Array.from({ length: 100 }, (_, n) => stem.enqueue("mail.send", n + 1));
    await turns();
    expect(store.enqueues).toHaveLength(1);
    store.enqueues[0]!.answer(NONE);
    await first;
    await turns();
    expect(store.enqueues).toHaveLength(2);
    expect(store.enqueues[1]!.asked.map(({ payload }) => payload)).toEqual(Array.from({ length: 100 }, (_, n) => String(n + 1)));
    store.enqueues[1]!.answer(NONE);
    expect(new Set((await Promise.all(others)).map(({ id }) => id)).size).toBe(100);
  });

  it("travel together when made in one turn, and a lone call needs no timer", async () => {
    const { stem, store, clock } = stemOn();
    await Promise.all([1, 2, 3].map((n) => stem.enqueue("mail.send", n)));
    await stem.enqueue("mail.send", 4);
    expect(store.batches.map((batch) => batch.length)).toEqual([3, 1]);
    expect(clock.timers.size).toBe(0);
  });

  it.each(["without a schema", "with a schema that answers at once"])(
    "are stored in the order of the calls, single ones and many, %s",
    async (how) => {
      const input: Schema = { "~standard": { version: 1, vendor: "test", validate: (value) => ({ value }) } };
      const { stem, store } = stemOn(undefined, how === "without a schema" ? {} : { input });
      await Promise.all([
        stem.enqueueMany("mail.send", [1, 2, 3]),
        stem.enqueue("mail.send", 4),
        stem.enqueueMany("mail.send", [5, 6]),
        stem.enqueue("mail.send", 7),
        stem.enqueueMany("mail.send", [8, 9], () => ({})),
        stem.enqueue("mail.send", 10),
      ]);
      expect(store.batches.flat().map(({ payload }) => payload)).toEqual(["1", "2", "3", "4", "5", "6", "7", "8", "9", "10"]);
    },
  );

  it("go out in batches of at most 1,000 jobs, but a larger call is never split", async () => {
    const { stem, store } = stemOn();
    const calls: Promise<unknown>[] = Array.from({ length: 1_500 }, (_, n) => stem.enqueue("mail.send", n));
    calls.push(
      stem.enqueueMany(
        "mail.send",
        Array.from({ length: 2_000 }, (_, n) => n),
      ),
    );
    calls.push(stem.enqueue("mail.send", "last"));
    await Promise.all(calls);
    expect(store.batches.map((batch) => batch.length)).toEqual([1_000, 500, 2_000, 1]);
  });

  it("go out in batches of about 8 MiB, one job at least, and a call is never split", async () => {
    const { stem, store } = stemOn();
    const large = "x".repeat(996_000);
    await Promise.all(Array.from({ length: 20 }, () => stem.enqueue("mail.send", large)));
    expect(store.batches.map((batch) => batch.length)).toEqual([8, 8, 4]);
    await Promise.all([
      stem.enqueue("mail.send", 1),
      stem.enqueueMany(
        "mail.send",
        Array.from({ length: 10 }, () => large),
      ),
      stem.enqueue("mail.send", 2),
    ]);
    expect(store.batches.slice(3).map((batch) => batch.length)).toEqual([1, 10, 1]);
  });

  it("do not share a mistake: a batch that is refused is tried again call by call", async () => {
    const { stem, store } = stemOn();
    store.check = (jobs) => {
      if (jobs.some(({ payload }) => payload === '"bad"')) throw new OptionError("STEM_JOB_INVALID", "bad", "be good");
    };
    const outcomes = await Promise.allSettled([
      stem.enqueue("mail.send", "good"),
      stem.enqueueMany("mail.send", ["good", "bad"]),
      stem.enqueue("mail.send", "good too"),
    ]);
    expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    expect([...store.records.values()].map(({ payload }) => payload)).toEqual(['"good"', '"good too"']);
  });

  it("are not called duplicates because an earlier try of the same call had arrived", async () => {
    const { stem, store } = stemOn();
    store.holdEnqueue = true;
    const calls = [stem.enqueue("mail.send", 1), stem.enqueue("mail.send", 2)];
    await turns();
    const [first] = store.enqueues;
    store.holdEnqueue = false;
    for (const job of first!.asked) store.records.set(job.id, { id: job.id } as never);
    first!.fail(new Error("the answer was lost"));
    expect((await Promise.all(calls)).map(({ duplicate }) => duplicate)).toEqual([false, false]);
  });

  it("all hear at once that the store cannot be used", async () => {
    const { stem, store } = stemOn();
    store.check = () => {
      throw new StoreError("STEM_STORE_CLOSED", "closed", "open it");
    };
    const outcomes = await Promise.allSettled([1, 2, 3].map((n) => stem.enqueue("mail.send", n)));
    expect(outcomes.every(({ status }) => status === "rejected")).toBe(true);
    expect(store.batches).toHaveLength(1);
    store.check = () => {};
    await stem.enqueue("mail.send", "open again");
  });

  it("with the same id do not travel together, so that just one is told it was first", async () => {
    const { stem, store } = stemOn();
    const handles = await Promise.all([1, 2, 3].map((n) => stem.enqueue("mail.send", n, { id: "same" })));
    expect(handles.map(({ duplicate }) => duplicate)).toEqual([false, true, true]);
    expect(store.records.get("same")!.payload).toBe("1");
  });

  it("know a store that is away by the code of its error, also of another copy of the package", async () => {
    const { stem, store } = stemOn();
    store.check = () => {
      throw Object.assign(new Error("away"), { code: "STEM_STORE_FAILED" });
    };
    const outcomes = await Promise.allSettled([1, 2, 3].map((n) => stem.enqueue("mail.send", n)));
    expect(outcomes.map(({ status }) => status)).toEqual(["rejected", "rejected", "rejected"]);
    expect(store.batches).toHaveLength(1);
  });

  it("hear that the store cannot be reached when the call before them does, and wait for no turn of their own", async () => {
    const { stem, store } = stemOn();
    store.holdEnqueue = true;
    const calls = [stem.enqueue("mail.send", 0)];
    await turns();
    calls.push(...Array.from({ length: 1_500 }, (_, n) => stem.enqueue("mail.send", n)));
    await turns();
    store.enqueues[0]!.fail(new StoreError("STEM_STORE_UNREACHABLE", "away", "wait"));
    const outcomes = await Promise.allSettled(calls);
    expect(outcomes.every((one) => one.status === "rejected" && (one.reason as StoreError).code === "STEM_STORE_UNREACHABLE")).toBe(true);
    expect(store.batches).toHaveLength(1);
    store.holdEnqueue = false;
    await stem.enqueue("mail.send", "back again");
  });
});
