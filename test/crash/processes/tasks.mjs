// What the workers of these tests can do. What a job returns depends on its payload alone, so that the parent
// knows what is right.
import { existsSync, openSync, closeSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { NonRetryableError } from "nestjs-stem/core";
import { note, wishes } from "./parts.mjs";

/** True for the first process that asks under this name, and never again. */
function first(name) {
  try {
    closeSync(openSync(join(wishes.folder, `first-${name}`), "wx"));
    return true;
  } catch {
    return false;
  }
}

/** Waits for a word of the parent's. */
const heard = () => new Promise((resolve) => process.once("message", resolve));

/** Says so to the parent, once the message is on its way. */
const tell = (message) => new Promise((resolve) => process.send(message, resolve));

export const TASKS = {
  /** A few milliseconds of work. */
  square: {
    run: async ({ n, ms = 2 }) => {
      await pause(ms);
      return { n, square: n * n };
    },
  },
  /** Does not take everything. */
  picky: {
    retry: { attempts: 1 },
    run: async (input) => {
      if (typeof input?.n !== "number") throw new TypeError(`n is no number in ${String(input)}`);
      return input.n;
    },
  },
  /** Asks for one retry. */
  again: {
    retry: { attempts: 3, base: 5 },
    run: async ({ n }, { attempt }) => {
      await pause(1);
      if (attempt === 1) throw new Error("once more");
      return { n, attempt };
    },
  },
  /** Goes on from what came before it in a chain. */
  next: { run: async ({ n, square }) => ({ n: n + 1, square: square + 1 }) },
  /** The callback of a chord. */
  sum: { run: async (list) => ({ inputs: list.map(({ n }) => n), total: list.reduce((sum, { square }) => sum + square, 0) }) },
  /** Never returns, the first time. */
  hang: { run: async ({ n }, { jobId }) => (first(jobId) ? new Promise(() => {}) : { n, square: n * n }) },
  /**
   * Stops its whole process the first time, and ends the moment it is let go on: what is due then comes after
   * its settle.
   */
  freeze: {
    run: async ({ n }, { jobId }) => {
      if (!first(jobId)) return heard().then(() => ({ by: process.pid, n }));
      await tell({ frozen: jobId });
      process.kill(process.pid, "SIGSTOP");
      return { by: process.pid, n };
    },
  },
  /** Stops its whole process the first time, and then goes on until it is told to stop. */
  faint: {
    run: async ({ n }, { jobId, signal }) => {
      if (!first(jobId)) return heard().then(() => ({ by: process.pid, n }));
      await tell({ frozen: jobId });
      process.kill(process.pid, "SIGSTOP");
      if (!signal.aborted) await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
      note("told", { id: jobId, why: signal.reason.reason });
      return { by: process.pid, n };
    },
  },
  /** Blocks the event loop the first time, for so long and until another has begun the job. */
  spin: {
    run: async ({ n, ms }, { jobId }) => {
      if (!first(jobId)) return { by: process.pid, n };
      const until = performance.now() + ms;
      while (performance.now() < until || !existsSync(join(wishes.folder, "taken over")));
      return { by: process.pid, n };
    },
  },
  /** Takes its whole process down, every time. */
  poison: {
    run: async ({ fuse }) => {
      if (fuse > 0) await pause(fuse);
      process.exit(66);
    },
  },
  /** Fails for good until somebody has repaired what it needs. */
  broken: {
    run: async ({ n }) => {
      await pause(1);
      if (!existsSync(join(wishes.folder, "repaired"))) throw new NonRetryableError("not repaired yet");
      return { n, square: n * n };
    },
  },
  /** Takes longer than any grace and does not listen to its signal. */
  stubborn: {
    run: async ({ n }, { jobId }) => {
      if (first(jobId)) await pause(20_000, undefined, { ref: false });
      return { n, square: n * n };
    },
  },
  /** Dies the first time; succeeds when it is retried from the dead letters. */
  twice: {
    run: async ({ n }, { jobId }) => {
      if (first(jobId)) throw new NonRetryableError("not yet");
      return { n, square: n * n };
    },
  },
  /** Takes memory without end, every time. */
  glutton: {
    run: async () => {
      const hoard = [];
      for (;;) hoard.push(Array.from({ length: 100_000 }, (_, n) => n));
    },
  },
  /** Never gives the event loop back. */
  stuck: {
    run: () => {
      for (;;);
    },
  },
  /** Never returns, and listens to nobody; its time is limited. */
  endless: { timeout: 300, retry: { attempts: 2, base: 1 }, run: () => new Promise(() => {}) },
  /** Counts that a slot was worked on. */
  tick: { run: async () => {} },
};

/** A step whose work leaves its key and a number of its own in the ledger. */
const effect = (run, name) =>
  run.step(name, async ({ idempotencyKey }) => {
    const token = `${process.pid}:${Math.random()}`;
    note("effect", { id: run.runId, key: idempotencyKey, token });
    await pause(5);
    return { key: idempotencyKey, token };
  });

/** Steps that this process has begun in runs of `climb`. */
let climbed = 0;

export const WORKFLOWS = {
  /** Does one step in each life: the second one that a process begins takes it down. */
  climb: async ({ steps }, run) => {
    for (let i = 0; i < steps; i++)
      await run.step("part", () => {
        note("effect", { key: `part${i}` });
        if (++climbed === 2) process.exit(66);
      });
    return "up";
  },
  /** Waits for one event and returns what it brings. */
  listen: async ({ key }, run) => run.waitFor({ name: "word" }, { key }),
  /** Steps one after the other and side by side, sleeps, a loop, and an event from outside. */
  order: async ({ n }, run) => {
    const done = [await effect(run, "reserve")];
    await run.sleep("cool-off", 20 + (n % 5) * 10);
    done.push(...(await Promise.all([effect(run, "charge"), effect(run, "pack")])));
    for (let i = 0; i < 3; i++) done.push(await effect(run, "tick"));
    const paid = await run.waitFor({ name: "paid" }, { key: String(n) });
    await run.sleep("rest", 30);
    done.push(await effect(run, "ship"));
    return { n, paid, done };
  },
};
