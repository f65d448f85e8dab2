import assert from "node:assert/strict";
import type { Order, Renewed } from "../../contract/index.js";
import type { LawBench } from "./bench.js";
import type { Law } from "./law.js";

const HOUR_MS = 3_600_000;

/** Renews a worker; `heard` is the last order it has heard. */
function renew(bench: LawBench, id: string, heard?: number, leaseMs = 60_000): Promise<Renewed> {
  return bench.adapter.workers.renew({ id, leaseMs, info: {}, ...(heard !== undefined && { heard }) }, [], bench.at);
}

async function orders(bench: LawBench, id: string, heard?: number): Promise<readonly Order[]> {
  return (await renew(bench, id, heard)).orders;
}

async function ordered(bench: LawBench, id: string, heard?: number): Promise<readonly string[]> {
  return (await orders(bench, id, heard)).map(({ text }) => text);
}

export const orderLaws: readonly Law[] = [
  {
    title: "an order to all reaches each worker whose lease is live, through whichever handle, under one number",
    async check(bench) {
      const other = await bench.other();
      for (const id of ["ann", "bob", "eve"]) await renew(bench, id);
      await renew(bench, "lapsed", undefined, 100);
      bench.pass(100);
      assert.equal(await other.workers.order("all", "pause", bench.at), 3);
      const found = [await orders(bench, "ann"), await orders(bench, "bob"), await orders(bench, "eve")];
      assert.deepEqual(
        found.map((list) => list.map(({ text }) => text)),
        [["pause"], ["pause"], ["pause"]],
      );
      assert.equal(new Set(found.flat().map(({ no }) => no)).size, 1);
      assert.deepEqual(await ordered(bench, "lapsed"), [], "it was not live when the order was given");
      assert.equal(await bench.adapter.workers.order("all", "resume", bench.at), 4);
    },
  },
  {
    title: "an order is answered at every renewal until the worker says that it has heard it, and never after",
    async check(bench) {
      const { workers } = bench.adapter;
      await renew(bench, "ann");
      for (const text of ["one", "two", "three"]) assert.equal(await workers.order(["ann"], text, bench.at), 1);
      const first = await orders(bench, "ann");
      assert.deepEqual(
        first.map(({ text }) => text),
        ["one", "two", "three"],
      );
      assert.ok(first[0]!.no > 0 && first[0]!.no < first[1]!.no && first[1]!.no < first[2]!.no, "numbers grow");
      bench.pass(1_000);
      assert.deepEqual(await orders(bench, "ann"), first, "again: the answer may have been lost");
      assert.deepEqual(await ordered(bench, "ann", first[1]!.no), ["three"]);
      assert.deepEqual(await ordered(bench, "ann"), ["three"], "what was heard once is forgotten");
      assert.deepEqual(await ordered(bench, "ann", first[2]!.no), []);
      assert.equal(await workers.order(["ann"], "four", bench.at), 1);
      assert.deepEqual(await ordered(bench, "ann", first[2]!.no), ["four"], "it is above what was heard");
    },
  },
  {
    title: "an order to some reaches these alone, each once, and unknown and lapsed ones are not counted",
    async check(bench) {
      const { workers } = bench.adapter;
      for (const id of ["ann", "bob"]) await renew(bench, id);
      await renew(bench, "lapsed", undefined, 100);
      bench.pass(100);
      assert.equal(await workers.order(["ann", "ann", "lapsed", bench.name("nobody")], "stop", bench.at), 1);
      assert.equal(await workers.order([bench.name("nobody"), "lapsed"], "stop", bench.at), 0);
      assert.equal(await workers.order([], "stop", bench.at), 0);
      assert.deepEqual(await ordered(bench, "ann"), ["stop"]);
      for (const id of ["bob", "lapsed", bench.name("nobody")]) assert.deepEqual(await ordered(bench, id), []);
    },
  },
  {
    title: "a worker that registers after an order does not get it",
    async check(bench) {
      await renew(bench, "ann");
      assert.equal(await bench.adapter.workers.order("all", "pause", bench.at), 1);
      assert.deepEqual(await ordered(bench, "late"), []);
      assert.deepEqual(await ordered(bench, "ann"), ["pause"]);
    },
  },
  {
    title: "of many orders a hundred come with one renewal, and the others when these are heard",
    async check(bench) {
      await renew(bench, "ann");
      for (let n = 1; n <= 101; n++) await bench.adapter.workers.order(["ann"], `order ${n}`, bench.at);
      const first = await orders(bench, "ann");
      assert.deepEqual(
        first.map(({ text }) => text),
        Array.from({ length: 100 }, (_, i) => `order ${i + 1}`),
      );
      assert.deepEqual(await ordered(bench, "ann", first.at(-1)!.no), ["order 101"]);
      assert.deepEqual(await ordered(bench, "ann", first.at(-1)!.no + 1), []);
    },
  },
  {
    title: "a worker that signs off leaves no orders, for one that comes under its id or after it",
    async check(bench) {
      const { workers } = bench.adapter;
      await renew(bench, "ann");
      await workers.order(["ann"], "pause", bench.at);
      await workers.leave("ann", bench.at);
      assert.equal(await workers.order(["ann"], "resume", bench.at), 0);
      assert.deepEqual(await ordered(bench, "bob"), []);
      assert.deepEqual(await ordered(bench, "ann"), []);
      assert.equal(await workers.order(["ann"], "stop", bench.at), 1);
      assert.deepEqual(await ordered(bench, "ann"), ["stop"]);
    },
  },
  {
    title: "a worker that comes back after a lapse finds its orders; one that was forgotten does not",
    async check(bench) {
      const { jobs, workers } = bench.adapter;
      for (const id of ["ann", "bob"]) await renew(bench, id, undefined, 1_000);
      assert.equal(await workers.order("all", "pause", bench.at), 2);
      bench.pass(5_000);
      await jobs.prune(undefined, bench.at);
      assert.deepEqual(await ordered(bench, "ann"), ["pause"]);
      bench.pass(HOUR_MS);
      await jobs.prune(undefined, bench.at);
      assert.deepEqual(await ordered(bench, "bob"), []);
      assert.deepEqual(await ordered(bench, "ann"), ["pause"], "it has lapsed for less than an hour");
    },
  },
  {
    title: "orders that are given at once are all answered, whoever hears meanwhile",
    async check(bench) {
      const other = await bench.other();
      await renew(bench, "ann");
      const seen: string[] = [];
      let heard: number | undefined;
      const given = Promise.all(
        Array.from({ length: 40 }, (_, i) => (i % 2 === 0 ? bench.adapter : other).workers.order(["ann"], String(i), bench.at)),
      );
      let all = false;
      void given.then(
        () => (all = true),
        () => (all = true),
      );
      for (let last = false; !last;) {
        last = all;
        await new Promise((resolve) => setImmediate(resolve));
        for (const { no, text } of await orders(bench, "ann", heard)) {
          seen.push(text);
          heard = no;
        }
      }
      assert.deepEqual(
        await given,
        Array.from({ length: 40 }, () => 1),
      );
      assert.deepEqual(
        seen.map(Number).sort((a, b) => a - b),
        Array.from({ length: 40 }, (_, i) => i),
      );
    },
  },
  {
    title: "an order is refused whose text or worker would not come back as it was given, or whose text is too long",
    async check(bench) {
      const { workers } = bench.adapter;
      await renew(bench, "ann");
      const invalid = { code: "STEM_OPTION_INVALID" };
      for (const text of ["", "half \ud800", "nul \0", "x".repeat(10_001)]) {
        await assert.rejects(workers.order(["ann"], text, bench.at), invalid);
        await assert.rejects(workers.order("all", text, bench.at), invalid);
      }
      await assert.rejects(workers.order(["half \ud800"], "pause", bench.at), invalid);
      assert.deepEqual(await ordered(bench, "ann"), []);
      const long = 'a | duck 🦆, "quotes" \\ and\nlines '.repeat(400).slice(0, 10_000);
      assert.equal(await workers.order(["ann"], long, bench.at), 1);
      assert.deepEqual(await ordered(bench, "ann"), [long]);
    },
  },
  {
    title: "a number that no order can have is refused as heard, and forgets no order; so is a page of workers that is not understood",
    async check(bench) {
      const { workers } = bench.adapter;
      await renew(bench, "ann");
      await workers.order(["ann"], "pause", bench.at);
      for (const heard of [Number.NaN, -1, 1.5, Infinity, "2"])
        await assert.rejects(async () => renew(bench, "ann", heard as number), { code: "STEM_OPTION_INVALID" }, String(heard));
      assert.deepEqual(await ordered(bench, "ann"), ["pause"]);
      for (const filter of [{ limt: 1 }, { limit: 0 }, { cursor: "1" }])
        await assert.rejects(async () => workers.list(filter as never, bench.at), { name: "OptionError" }, JSON.stringify(filter));
    },
  },
];
