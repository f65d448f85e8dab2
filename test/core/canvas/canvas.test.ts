import { describe, expect, it } from "@jest/globals";
import type { Delivery, Input, NewJob } from "../../../lib/contract/job.js";
import { chainOf, chordOf, groupOf } from "../../../lib/core/canvas/draw.js";
import { inputsOf, payloadOf } from "../../../lib/core/canvas/payload-of.js";
import { signatureOf } from "../../../lib/core/canvas/signature.js";
import { jsonCodec } from "../../../lib/core/codec/json.js";
import { checkJobs } from "../../../lib/contract/check.js";
import { stemOn } from "../client/fake.js";

const REF = { name: "mail.send" };
const FAR = { name: "far.total", queue: "far", priority: 5 };

function given(n: number) {
  return signatureOf(REF, { n });
}

/** The jobs of the one enqueue call. */
async function stored(draw: (parts: ReturnType<typeof stemOn>) => Promise<unknown>): Promise<readonly NewJob[]> {
  const parts = stemOn();
  await draw(parts);
  expect(parts.store.batches).toHaveLength(1);
  const [jobs] = parts.store.batches;
  checkJobs(jobs!, parts.store.adapter);
  return jobs!;
}

describe("A chain", () => {
  it("is one call of the store, each job linked to the next, and has the handle of the last", async () => {
    const jobs = await stored(async ({ stem }) => {
      const chain = await stem.chain(given(1), signatureOf(FAR, undefined), given(3), { id: "c" });
      expect([chain.id, chain.duplicate, chain.jobs.map(({ id }) => id)]).toEqual(["c-2", false, ["c-0", "c-1", "c-2"]]);
    });
    expect(jobs).toMatchObject([
      { id: "c-0", queue: "mail", payload: '{"n":1}', links: [{ to: "c-1", position: 0 }] },
      {
        id: "c-1",
        queue: "far",
        priority: 5,
        payload: "",
        headers: { "stem-from": "one" },
        waitsFor: 1,
        links: [{ to: "c-2", position: 0 }],
      },
      { id: "c-2", payload: '{"n":3}', waitsFor: 1 },
    ]);
    expect(jobs[0]).not.toHaveProperty("waitsFor");
    expect(jobs[0]).not.toHaveProperty("headers");
    expect(jobs[2]).not.toHaveProperty("links");
    expect(jobs[2]).not.toHaveProperty("headers");
  });

  it("gives nothing to a first job without payload", async () => {
    const [job] = await stored(({ stem }) => stem.chain(signatureOf(REF, undefined)));
    expect(job).toMatchObject({ payload: "" });
    expect(job).not.toHaveProperty("headers");
  });

  it("takes its signatures side by side, and says so of a list", async () => {
    const { stem } = stemOn();
    await expect(stem.chain([given(1), given(2)] as never)).rejects.toThrow(
      /Element 0 of the chain is a list, not a signature\.\n  → chain\(\) takes its signatures side by side: chain\(first, second\)/,
    );
    await expect(stem.group(given(1) as never)).rejects.toThrow(/are not a list\.\n  → Give them as one array: \[first, second\]/);
  });

  it("of none is refused", async () => {
    const { stem, store } = stemOn();
    await expect(stem.chain()).rejects.toMatchObject({ code: "STEM_CANVAS_INVALID" });
    await expect(stem.chain({ id: "x" })).rejects.toMatchObject({ code: "STEM_CANVAS_INVALID" });
    expect(store.batches).toEqual([]);
  });
});

describe("A group", () => {
  it("is one call of the store under one label", async () => {
    const jobs = await stored(async ({ stem }) => {
      const group = await stem.group([given(1), signatureOf(FAR, undefined)], { id: "g" });
      expect([group.id, group.jobs.map(({ id }) => id)]).toEqual(["g", ["g-0", "g-1"]]);
    });
    expect(jobs).toMatchObject([
      { id: "g-0", group: "g", payload: '{"n":1}' },
      { id: "g-1", group: "g", payload: "" },
    ]);
  });

  it("returns the results in order", async () => {
    const { stem, store } = stemOn();
    const group = await stem.group([given(1), given(2)]);
    const results = group.results();
    store.end(group.jobs[1]!.id, "succeeded", { result: "2" });
    store.end(group.jobs[0]!.id, "succeeded", { result: "1" });
    expect(await results).toEqual([1, 2]);
  });

  it("rejects with the first that does not succeed, and waits for the others no more", async () => {
    const { stem, store } = stemOn();
    const group = await stem.group([given(1), given(2)]);
    const results = group.results();
    store.end(group.jobs[1]!.id, "failed", { error: { name: "Error", message: "no" } });
    await expect(results).rejects.toMatchObject({ code: "STEM_JOB_FAILED", jobId: group.jobs[1]!.id });
    await Promise.resolve();
    expect(store.listeners.size).toBe(0);
  });

  it("of none has no jobs, and its results are there", async () => {
    const { stem, store } = stemOn();
    const group = await stem.group([]);
    expect(group.jobs).toEqual([]);
    expect(await group.results()).toEqual([]);
    expect(store.batches).toEqual([]);
  });
});

describe("A chord", () => {
  it("is one call of the store, all members linked to the callback in order", async () => {
    const jobs = await stored(async ({ stem }) => {
      const chord = await stem.chord(
        [given(1), signatureOf(REF, { n: 2 }, { onFailure: "continue", priority: 7 })],
        signatureOf(FAR, undefined, { headers: { a: "b" } }),
        {
          id: "x",
        },
      );
      expect([chord.id, chord.jobs.map(({ id }) => id)]).toEqual(["x-2", ["x-0", "x-1", "x-2"]]);
    });
    expect(jobs).toMatchObject([
      { id: "x-0", group: "x", links: [{ to: "x-2", position: 0 }] },
      { id: "x-1", group: "x", priority: 7, links: [{ to: "x-2", position: 1, onFailure: "continue" }] },
      { id: "x-2", queue: "far", payload: "", headers: { "stem-from": "all", a: "b" }, waitsFor: 2 },
    ]);
    expect(jobs[2]).not.toHaveProperty("group");
  });

  it("without members runs its callback at once, with an empty list", async () => {
    const [job, ...rest] = await stored(({ stem }) => stem.chord([], signatureOf(FAR, undefined)));
    expect(rest).toEqual([]);
    expect(job).toMatchObject({ payload: "[]" });
    expect(job).not.toHaveProperty("waitsFor");
    const [own] = await stored(({ stem }) => stem.chord([], given(1)));
    expect(own).toMatchObject({ payload: '{"n":1}' });
  });

  it("of 10,000 members is one call, with 10,000 places", async () => {
    const jobs = await stored(({ stem }) =>
      stem.chord(
        Array.from({ length: 10_000 }, (_, n) => given(n)),
        given(0),
      ),
    );
    expect(jobs).toHaveLength(10_001);
    expect(jobs.at(-1)!.waitsFor).toBe(10_000);
    expect(jobs[9_999]!.links).toEqual([{ to: jobs.at(-1)!.id, position: 9_999 }]);
  });
});

describe("A canvas", () => {
  it("is a duplicate when its id was used before", async () => {
    const { stem, store } = stemOn();
    expect((await stem.chain(given(1), given(2), { id: "c" })).duplicate).toBe(false);
    const again = await stem.chain(given(1), given(2), { id: "c" });
    expect([again.duplicate, again.jobs.map(({ duplicate }) => duplicate)]).toEqual([true, [true, true]]);
    expect(store.records.size).toBe(2);
    expect(store.cancels).toEqual([]);
  });

  it("leaves no job that waits for ever when part of an earlier one has been forgotten", async () => {
    const { stem, store } = stemOn();
    await stem.chain(given(1), given(2), given(3), { id: "c" });
    store.records.delete("c-1");
    store.records.delete("c-2");
    await stem.chain(given(1), given(2), given(3), { id: "c" });
    expect(store.cancels.map(({ ids }) => ids)).toEqual([["c-1", "c-2"]]);
  });

  it("passes its transaction on", async () => {
    const { stem, store } = stemOn();
    const transaction = {};
    await stem.group([given(1)], { transaction });
    await stem.chord([given(1)], given(2), { transaction });
    await stem.chain(given(1), { transaction });
    expect(store.options.map((options) => options?.transaction === transaction)).toEqual([true, true, true]);
  });

  it("is refused as a whole, before anything is written, for one bad signature", async () => {
    const { stem, store } = stemOn();
    const handle = stem.handle("h");
    const never = (value: unknown) => value as ReturnType<typeof given>;
    const promise = Promise.resolve(handle);
    const wrong: readonly [string, string, () => Promise<unknown>][] = [
      ["STEM_CANVAS_INVALID", "Element 1 of the chain is a promise", () => stem.chain(given(1), never(promise))],
      ["STEM_CANVAS_INVALID", "Element 0 of the group is the handle of a job", () => stem.group([never(handle)])],
      ["STEM_CANVAS_INVALID", "Element 0 of the chain is the handle of a job", () => stem.chain(never(handle))],
      ["STEM_CANVAS_INVALID", "The callback of the chord is a task client", () => stem.chord([], never(stem.task("mail.send")))],
      ["STEM_CANVAS_INVALID", "Element 0 of the chord is a function", () => stem.chord([never(given)], given(1))],
      ["STEM_CANVAS_INVALID", "Element 0 of the chord is an object, not", () => stem.chord([never({})], given(1))],
      ["STEM_CANVAS_INVALID", "not a list", () => stem.group(never(given(1)) as unknown as [])],
      ["STEM_CANVAS_INVALID", "is null", () => stem.group([never(null)])],
      ["STEM_PAYLOAD_UNSERIALISABLE", "payload.n is a bigint", () => stem.group([given(1), signatureOf(REF, { n: 1n })])],
      ["STEM_UNKNOWN_TASK", "mail.sned", () => stem.chain(given(1), stem.signature("mail.sned"))],
      ["STEM_OPTION_UNKNOWN", '"id"', () => stem.chain(signatureOf(REF, 1, { id: "own" } as object))],
      ["STEM_OPTION_UNKNOWN", 'Did you mean "id"', () => stem.chain(given(1), { idd: "x" } as object)],
      ["STEM_OPTION_INVALID", "The id of a canvas", () => stem.group([given(1)], { id: "" })],
      ["STEM_OPTION_INVALID", "onFailure", () => stem.chain(signatureOf(REF, 1, { onFailure: "ignore" as "fail" }), given(2))],
    ];
    for (const [code, phrase, draw] of wrong)
      await expect(draw()).rejects.toMatchObject({ code, message: expect.stringContaining(phrase) });
    expect(store.batches).toEqual([]);
  });

  it("is drawn by pure functions", () => {
    const signatures = [given(1), given(2)];
    expect(chainOf("c", signatures)).toEqual(chainOf("c", signatures));
    expect(groupOf("g", signatures)).toHaveLength(2);
    expect(chordOf("x", signatures, given(3)).map(({ id }) => id)).toEqual(["x-0", "x-1", "x-2"]);
  });
});

describe("The payload of a delivery", () => {
  const delivery = (job: Partial<Delivery["job"]>, inputs: readonly Input[] = []): Pick<Delivery, "job" | "inputs"> => ({
    job: { id: "j", task: "t", queue: "q", payload: "", priority: 0, enqueuedAt: 0, dueAt: 0, ...job },
    inputs,
  });
  const error = { name: "Error", message: "no" };
  const inputs: readonly Input[] = [
    { jobId: "a", state: "succeeded", result: '{"n":1}' },
    { jobId: "b", state: "failed", error },
    { jobId: "c", state: "succeeded" },
  ];

  it("is the job's own where it has one, and undefined where it has none", () => {
    expect(payloadOf(delivery({ payload: '{"n":1}' }, inputs), jsonCodec)).toEqual({ n: 1 });
    expect(payloadOf(delivery({ payload: "null" }), jsonCodec)).toBeNull();
    expect(payloadOf(delivery({}, inputs), jsonCodec)).toBeUndefined();
  });

  it("is the one result in a chain, and the list of all in a chord, null in it for one that failed", () => {
    expect(payloadOf(delivery({ headers: { "stem-from": "one" } }, inputs.slice(0, 1)), jsonCodec)).toEqual({ n: 1 });
    expect(payloadOf(delivery({ headers: { "stem-from": "one" } }, inputs.slice(1, 2)), jsonCodec)).toBeUndefined();
    expect(payloadOf(delivery({ headers: { "stem-from": "all" } }, inputs), jsonCodec)).toEqual([{ n: 1 }, null, undefined]);
  });

  it("comes with its inputs, decoded, failures and all", () => {
    expect(inputsOf(delivery({}, inputs), jsonCodec)).toEqual([
      { jobId: "a", state: "succeeded", result: { n: 1 } },
      { jobId: "b", state: "failed", error },
      { jobId: "c", state: "succeeded", result: undefined },
    ]);
  });

  it("that cannot be read is refused", () => {
    expect(() => payloadOf(delivery({ payload: "{" }), jsonCodec)).toThrow(
      expect.objectContaining({ code: "STEM_PAYLOAD_UNREADABLE" }) as unknown as Error,
    );
  });
});
