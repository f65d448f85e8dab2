import { describe, expect, it } from "@jest/globals";
import { StoreError } from "../../../lib/contract/errors.js";
import { FakeStore, stemOn, turns } from "./fake.js";

describe("Waiting for a result", () => {
  it("returns at once what had ended before", async () => {
    const { stem, store } = stemOn();
    const handle = await stem.enqueue("mail.send", 1);
    store.end(handle.id, "succeeded", { result: '{"sent":true}' });
    expect(await handle.result()).toEqual({ sent: true });
  });

  it("tells nothing from null", async () => {
    const { stem, store } = stemOn();
    const [nothing, nil] = await stem.enqueueMany("mail.send", [1, 2]);
    store.end(nothing!.id, "succeeded");
    store.end(nil!.id, "succeeded", { result: "null" });
    expect(await Promise.all([nothing!.result(), nil!.result()])).toEqual([undefined, null]);
  });

  it("loses no ending between listening and reading", async () => {
    const { stem, store } = stemOn();
    const handle = await stem.enqueue("mail.send", 1);
    store.holdGet = true;
    const result = handle.result();
    expect(store.listeners.size).toBe(1);
    await turns();
    const [read] = store.gets;
    const stale = store.read(read!.asked);
    store.end(handle.id, "succeeded", { result: "7" });
    store.holdGet = false;
    read!.answer(stale);
    expect(await result).toBe(7);
  });

  it("hears a hint with the id, and does not read for hints about others", async () => {
    const { stem, store } = stemOn();
    const handle = await stem.enqueue("mail.send", 1);
    const result = handle.result();
    await turns();
    store.hint({ kind: "done", ids: ["other"] });
    store.hint({ kind: "work" });
    await turns();
    expect(store.reads).toEqual([[handle.id]]);
    store.end(handle.id, "succeeded", { result: "1" });
    expect(await result).toBe(1);
  });

  it("reads all that are waited for in one batch when a hint names no ids, one read at a time", async () => {
    const { stem, store } = stemOn();
    const handles = await stem.enqueueMany("mail.send", [0, 1, 2]);
    const results = Promise.all(handles.map((handle) => handle.result()));
    await turns();
    expect(store.reads).toEqual([handles.map(({ id }) => id)]);
    store.holdGet = true;
    store.hint({ kind: "done" });
    await turns();
    store.hint({ kind: "done" });
    store.hint({ kind: "done" });
    await turns();
    expect(store.gets).toHaveLength(1);
    handles.forEach(({ id }, n) => store.end(id, "succeeded", { result: String(n) }, "lost"));
    store.holdGet = false;
    store.gets[0]!.answer(store.read(store.gets[0]!.asked));
    expect(await results).toEqual([0, 1, 2]);
  });

  it("finds an ending whose hint was lost at the next poll", async () => {
    const { stem, store, clock } = stemOn();
    const handle = await stem.enqueue("mail.send", 1);
    const result = handle.result();
    await turns();
    store.end(handle.id, "succeeded", { result: "1" }, "lost");
    clock.pass(999);
    await turns();
    expect(store.reads).toHaveLength(1);
    clock.pass(1);
    expect(await result).toBe(1);
  });

  it("rests four times as long as a costly read took before it reads all again, but hears ids at once", async () => {
    const { stem, store, clock } = stemOn();
    const [one, two] = await stem.enqueueMany("mail.send", [1, 2]);
    store.holdGet = true;
    const results = [one!.result(), two!.result()];
    await turns();
    clock.pass(10);
    store.holdGet = false;
    store.gets[0]!.answer(store.read(store.gets[0]!.asked));
    await turns();
    store.end(one!.id, "succeeded", {}, { kind: "done" });
    clock.pass(39);
    await turns();
    expect(store.reads).toHaveLength(1);
    store.end(two!.id, "succeeded");
    await results[1];
    expect(store.reads).toEqual([[one!.id, two!.id], [two!.id]]);
    clock.pass(1);
    await results[0];
    expect(store.reads).toHaveLength(3);
    expect(clock.timers.size).toBe(0);
  });

  it("works from another Stem on the same store, by the id alone", async () => {
    const store = new FakeStore();
    const { stem: producer } = stemOn(store);
    const { stem: other } = stemOn(store);
    const { id } = await producer.enqueue("mail.send", 1);
    const result = other.handle<number>(id).result();
    await turns();
    store.end(id, "succeeded", { result: "5" });
    expect(await result).toBe(5);
  });

  it("listens and polls only while something is waited for", async () => {
    const { stem, store, clock } = stemOn();
    const [one, two] = await stem.enqueueMany("mail.send", [1, 2]);
    const results = [one!.result(), two!.result(), two!.result()];
    expect(store.listeners.size).toBe(1);
    store.end(one!.id, "succeeded");
    await results[0];
    expect([store.listeners.size, clock.timers.size]).toEqual([1, 1]);
    store.end(two!.id, "succeeded");
    await Promise.all(results);
    expect([store.listeners.size, clock.timers.size]).toEqual([0, 0]);
    const again = one!.result({ timeout: "1h" });
    expect(store.listeners.size).toBe(1);
    await again;
    expect([store.listeners.size, clock.timers.size]).toEqual([0, 0]);
  });

  it("carries the failure of a job that did not succeed", async () => {
    const { stem, store } = stemOn();
    const [failed, cancelled, expired] = await stem.enqueueMany("mail.send", [1, 2, 3]);
    const error = { name: "SmtpError", message: "no such user", code: "550" };
    store.end(failed!.id, "failed", { error, cause: "error" });
    store.end(cancelled!.id, "cancelled", { error: { name: "Cancelled", message: "by hand" } });
    store.end(expired!.id, "expired");
    await expect(failed!.result()).rejects.toMatchObject({ code: "STEM_JOB_FAILED", state: "failed", failure: error, jobId: failed!.id });
    await expect(cancelled!.result()).rejects.toMatchObject({ state: "cancelled", failure: { message: "by hand" } });
    await expect(expired!.result()).rejects.toMatchObject({ state: "expired" });
  });

  it("says that nothing is stored under an id, also when the record vanishes meanwhile", async () => {
    const { stem, store, clock } = stemOn();
    await expect(stem.handle("never").result()).rejects.toMatchObject({ code: "STEM_UNKNOWN_JOB", jobId: "never" });
    const handle = await stem.enqueue("mail.send", 1, { keepResult: 0 });
    const result = handle.result();
    await turns();
    store.records.delete(handle.id);
    store.hint({ kind: "done", ids: [handle.id] });
    await turns();
    // A worker that saw it end has a moment to say how.
    clock.pass(1_000);
    await expect(result).rejects.toMatchObject({ code: "STEM_RESULT_NOT_KEPT" });
    expect(await handle.status()).toBeUndefined();
  });

  it("does not take a read from before the wait for an answer that nothing is stored", async () => {
    const { stem, store } = stemOn();
    store.holdGet = true;
    const early = stem.handle("later").result();
    await turns();
    store.holdGet = false;
    await stem.enqueue("mail.send", 1, { id: "later" });
    const result = stem.handle("later").result();
    store.gets[0]!.answer([undefined]);
    await expect(early).rejects.toMatchObject({ code: "STEM_UNKNOWN_JOB" });
    await turns();
    store.end("later", "succeeded", { result: "3" });
    expect(await result).toBe(3);
  });

  it("gives up when its time is out, and the others wait on", async () => {
    const { stem, store, clock } = stemOn();
    const handle = await stem.enqueue("mail.send", 1);
    const patient = handle.result();
    const hasty = handle.result({ timeout: "2s" });
    hasty.catch(() => {});
    clock.pass(2_000);
    await expect(hasty).rejects.toMatchObject({ code: "STEM_RESULT_TIMEOUT", jobId: handle.id });
    store.end(handle.id, "succeeded", { result: "1" });
    expect(await patient).toBe(1);
    expect(clock.timers.size).toBe(0);
  });

  it("ends with the reason of an aborted signal", async () => {
    const { stem, store } = stemOn();
    const handle = await stem.enqueue("mail.send", 1);
    const gone = new AbortController();
    const result = handle.result({ signal: gone.signal });
    gone.abort(new Error("the client hung up"));
    await expect(result).rejects.toThrow("the client hung up");
    await expect(handle.result({ signal: gone.signal })).rejects.toThrow("the client hung up");
    expect(store.listeners.size).toBe(0);
  });

  it("says of an outage once that results cannot be read, however often it asks", async () => {
    const lines: string[] = [];
    const log = { log() {}, warn: (line: string) => void lines.push(line), error() {}, debug() {} };
    const { stem, store, clock } = stemOn(new FakeStore(), {}, { log });
    const handle = await stem.enqueue("mail.send", 1);
    store.holdGet = true;
    const result = handle.result();
    for (const outage of [1, 2]) {
      for (let n = 0; n < 3; n++) {
        await turns();
        store.gets.at(-1)!.fail(new Error(`away ${outage}`));
        await turns();
        clock.pass(1_000);
      }
      await turns();
      store.gets.at(-1)!.answer(store.read([handle.id]));
      await turns();
      clock.pass(1_000);
    }
    expect(lines).toEqual([expect.stringContaining("away 1"), expect.stringContaining("away 2")]);
    store.end(handle.id, "succeeded");
    await turns();
    store.gets.at(-1)!.answer(store.read([handle.id]));
    await result;
  });

  it("goes on by itself when a read of the store fails, and ends when the store is closed", async () => {
    const { stem, store, clock } = stemOn();
    const handle = await stem.enqueue("mail.send", 1);
    store.holdGet = true;
    const result = handle.result();
    result.catch(() => {});
    await turns();
    store.gets[0]!.fail(new Error("connection reset"));
    await turns();
    clock.pass(1_000);
    await turns();
    expect(store.gets).toHaveLength(2);
    store.gets[1]!.fail(new StoreError("STEM_STORE_CLOSED", "closed", "open it"));
    await expect(result).rejects.toMatchObject({ code: "STEM_STORE_CLOSED" });
  });

  it("ends when the Stem is closed", async () => {
    const { stem } = stemOn();
    const handle = await stem.enqueue("mail.send", 1);
    const result = handle.result();
    result.catch(() => {});
    await stem.close();
    await expect(result).rejects.toMatchObject({ code: "STEM_CLOSED" });
  });

  it("refuses wrong options before anything is written", async () => {
    const { stem, store } = stemOn();
    await expect(stem.handle("x").result({ timout: 5 } as object)).rejects.toMatchObject({ code: "STEM_OPTION_UNKNOWN" });
    await expect(stem.enqueueAndWait("mail.send", 1, { timeout: "soon" } as object)).rejects.toMatchObject({
      code: "STEM_DURATION_INVALID",
    });
    await expect(stem.enqueueAndWait("mail.send", 1, { signal: AbortSignal.abort() })).rejects.toMatchObject({ name: "AbortError" });
    expect(store.batches).toEqual([]);
  });

  it("is one step with enqueueing, if wished", async () => {
    const { stem, store } = stemOn();
    const result = stem.task<number, string>("mail.send").enqueueAndWait(1, { id: "x", timeout: "1m" });
    await turns();
    store.end("x", "succeeded", { result: '"done"' });
    expect(await result).toBe("done");
  });

  it("reads few records at first, and no more than 1,000 at once", async () => {
    const { stem, store } = stemOn();
    const handles = await stem.enqueueMany(
      "mail.send",
      Array.from({ length: 2_500 }, (_, n) => n),
    );
    for (const { id } of handles) store.end(id, "succeeded", {}, "lost");
    await Promise.all(handles.map((handle) => handle.result()));
    expect(store.reads.map((ids) => ids.length)).toEqual([8, 64, 512, 1_000, 916]);
  });
});

describe("A handle", () => {
  it("tells the status and cancels, saying whether it was this call", async () => {
    const { stem, store } = stemOn();
    const handle = await stem.enqueue("mail.send", 1);
    expect(await handle.status()).toMatchObject({ id: handle.id, state: "ready" });
    expect(await handle.cancel("not wanted")).toBe(true);
    expect(await stem.handle("never").cancel()).toBe(false);
    expect(store.cancels[0]).toEqual({ ids: [handle.id], reason: "not wanted" });
    expect(await stem.cancel(handle.id)).toEqual([{ id: handle.id, as: "cancelled" }]);
  });

  it("for many jobs on one signal warns of no leak", async () => {
    const { stem, store } = stemOn();
    const warnings: Error[] = [];
    const hear = (warning: Error): void => void warnings.push(warning);
    process.on("warning", hear);
    const stop = new AbortController();
    const handles = await stem.enqueueMany(
      "mail.send",
      Array.from({ length: 30 }, (_, n) => n),
    );
    const results = handles.map((handle) => handle.result({ signal: stop.signal }));
    const group = await stem.group(Array.from({ length: 30 }, (_, n) => stem.signature("mail.send", n)));
    const all = group.results();
    await turns();
    for (const { id } of [...handles, ...group.jobs]) store.end(id, "succeeded", { result: "1" });
    await Promise.all([...results, all]);
    await new Promise((resolve) => setImmediate(resolve));
    process.off("warning", hear);
    expect(warnings).toEqual([]);
  });

  it("rests no longer than a poll, whatever the clock did while it read", async () => {
    const { stem, store, clock } = stemOn();
    const handle = await stem.enqueue("mail.send", 1);
    store.holdGet = true;
    const result = handle.result();
    await turns();
    clock.jump(3_600_000);
    store.holdGet = false;
    store.gets[0]!.answer(store.read([handle.id]));
    await turns();
    expect(Math.max(...[...clock.timers].map(({ at }) => at - clock.now()))).toBeLessThanOrEqual(1_000);
    store.end(handle.id, "succeeded", { result: "1" });
    expect(await result).toBe(1);
  });
});
