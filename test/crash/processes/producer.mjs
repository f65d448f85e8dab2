// A producer: says what it means to enqueue, enqueues it, says that it was accepted. Begins with what its
// predecessors did not hear about.
import { readFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { Stem, TaskRegistry } from "nestjs-stem/core";
import { note, openStore, untilTold, wishes } from "./parts.mjs";

const { store, ledger, name, total, shapes } = wishes;
const adapter = await openStore(store);
const stem = new Stem({ adapter, registry: new TaskRegistry() });
const task = (of) => stem.task(of, { queue: "default" });
const square = task("square");
const squared = (n) => ({ n, square: n * n });

/** Each enqueues under ids that begin with `key`, and returns what each of those jobs has to return. */
const SHAPES = {
  async singles(key) {
    const numbers = [1, 2, 3, 4, 5, 6];
    await Promise.all(numbers.map((n) => square.enqueue({ n }, { id: `${key}-${n}` })));
    return Object.fromEntries(numbers.map((n) => [`${key}-${n}`, squared(n)]));
  },
  async many(key) {
    const numbers = Array.from({ length: 20 }, (_, n) => n);
    await square.enqueueMany(
      numbers.map((n) => ({ n, ms: (n % 7) * 5 })),
      { id: key },
    );
    return Object.fromEntries(numbers.map((n) => [`${key}-${n}`, squared(n)]));
  },
  async delayed(key) {
    await square.enqueueMany([{ n: 1 }, { n: 2 }], { id: `delayed-${key}`, delay: 300 });
    return Object.fromEntries([1, 2].map((n) => [`delayed-${key}-${n - 1}`, squared(n)]));
  },
  /** 20 KB each. */
  async large(key) {
    const numbers = [1, 2, 3, 4];
    await square.enqueueMany(
      numbers.map((n) => ({ n, ballast: "x".repeat(20_000) })),
      { id: key },
    );
    return Object.fromEntries(numbers.map((n, i) => [`${key}-${i}`, squared(n)]));
  },
  async again(key) {
    await task("again").enqueueMany([{ n: 1 }, { n: 2 }], { id: key });
    return Object.fromEntries([1, 2].map((n) => [`${key}-${n - 1}`, { n, attempt: 2 }]));
  },
  async chain(key) {
    await stem.chain(square.signature({ n: 3 }), task("next").signature(), task("next").signature(), { id: key });
    return Object.fromEntries([0, 1, 2].map((i) => [`${key}-${i}`, { n: 3 + i, square: 9 + i }]));
  },
  async chord(key) {
    const numbers = [5, 4, 3, 2, 1];
    await stem.chord(
      numbers.map((n) => square.signature({ n })),
      task("sum").signature(),
      { id: key },
    );
    return {
      ...Object.fromEntries(numbers.map((n, i) => [`${key}-${i}`, squared(n)])),
      [`${key}-${numbers.length}`]: { inputs: numbers, total: 55 },
    };
  },
};

/**
 * Asks again under the same ids for as long as the store fails: what was stored by a call whose answer was
 * lost is not stored twice.
 */
async function produce(shape, key) {
  note("means", { shape, key });
  const jobs = await insist(() => SHAPES[shape](key));
  note("accepted", { key, jobs });
  return Object.keys(jobs).length;
}

async function insist(ask) {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (told.stop || !/^STEM_STORE_(UNREACHABLE|FAILED|READONLY)$/.test(error.code)) throw error;
      note("trouble", { error: String(error), code: error.code, hint: error.hint });
      await pause(50);
    }
  }
}

/** It goes as far as the parent lets it, `upTo` jobs in all; by default to the end. */
const told = { stop: false, upTo: wishes.upTo ?? total };
process.on("message", ({ upTo }) => (told.upTo = upTo));
untilTold(async () => {
  told.stop = true;
  await done;
  await stem.close();
  await adapter.close();
});
process.send({ ready: name });

async function run() {
  const lines = readFileSync(ledger, "utf8").split("\n").slice(0, -1);
  const meant = new Map();
  let accepted = 0;
  for (const { what, key, shape, jobs } of lines.map((line) => JSON.parse(line))) {
    if (what === "means") meant.set(key, shape);
    if (what !== "accepted") continue;
    accepted += Object.keys(jobs).length;
    meant.delete(key);
  }
  for (const [key, shape] of meant) accepted += await produce(shape, key);
  for (let i = 0; !told.stop && accepted < total; i++) {
    while (!told.stop && accepted >= told.upTo) await pause(5);
    if (told.stop) break;
    accepted += await produce(shapes[i % shapes.length], `${name}-${i}`);
    // Does not run ahead, so that workers die among jobs that are still coming.
    const waiting = async () => (await insist(() => stem.queues())).reduce((sum, { ready }) => sum + ready, 0);
    if (i % 5 === 0) while (!told.stop && (await waiting()) > (wishes.ahead ?? 200)) await pause(10);
  }
  if (accepted >= total) process.send({ produced: accepted });
}
const done = run();
