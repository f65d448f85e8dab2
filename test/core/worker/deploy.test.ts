import { afterEach, describe, expect, it } from "@jest/globals";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { memory } from "../../../lib/adapters/memory/index.js";
import { sqlite } from "../../../lib/adapters/sqlite/index.js";
import type { Adapter } from "../../../lib/contract/adapter.js";
import { Stem } from "../../../lib/core/client/stem.js";
import type { Log } from "../../../lib/core/log.js";
import { defineTask } from "../../../lib/core/task/define.js";
import { TaskRegistry } from "../../../lib/core/task/registry.js";
import type { TaskDefinition } from "../../../lib/core/task/task.js";
import type { WorkerOptions } from "../../../lib/core/worker/options.js";
import { workerProbe } from "../../../lib/core/worker/probe.js";
import { Worker } from "../../../lib/core/worker/worker.js";
import type { WorkflowContext } from "../../../lib/core/context/workflow.js";

const ms = (n: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, n));

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** Opens the store that all workers of a test share, each by an adapter of its own where that is possible. */
type Store = () => Promise<Adapter>;

function onMemory(): Store {
  const adapter = memory();
  return async () => {
    await adapter.open();
    closers.push(() => adapter.close());
    return adapter;
  };
}

function onSqlite(): Store {
  const folder = mkdtempSync(join(tmpdir(), "stem-deploy-"));
  closers.push(() => rmSync(folder, { recursive: true, force: true }));
  return async () => {
    const adapter = sqlite(join(folder, "stem.db"));
    await adapter.open();
    closers.push(() => adapter.close());
    return adapter;
  };
}

type Tasks = Readonly<Record<string, (payload: never) => unknown>>;
type Body = (payload: never, ctx: WorkflowContext) => unknown;

interface Process {
  readonly stem: Stem;
  readonly worker: Worker;
  readonly lines: readonly string[];
}

/** A process of one version of an app. */
async function app(
  store: Store,
  tasks: Tasks,
  options: WorkerOptions & { readonly kind?: TaskDefinition["kind"] } = {},
  checked: readonly (readonly [string, (payload: never) => unknown, TaskDefinition["input"]])[] = [],
): Promise<Process> {
  const { kind = "task", ...workerOptions } = options;
  const registry = new TaskRegistry();
  for (const [name, run] of Object.entries(tasks)) registry.add(defineTask({ name, kind, where: "test", run: run as never }, { retry: 1 }));
  for (const [name, run, input] of checked)
    registry.add(defineTask({ name, kind: "task", where: "test", run: run as never }, { retry: 1, ...(input !== undefined && { input }) }));
  const lines: string[] = [];
  const say = (message: string): void => void lines.push(message);
  const log: Log = { log: () => {}, warn: say, error: say, debug: () => {} };
  const stem = new Stem({ adapter: await store(), registry, log });
  const worker = new Worker({ stem, options: { queues: ["default"], grace: 0, abortGrace: 0, ...workerOptions } });
  await worker.start();
  closers.push(() => worker.stop());
  return { stem, worker, lines };
}

/** How often each job was lent, to whichever worker of this process, from now on. */
function lendings(): ReadonlyMap<string, number> {
  const lent = new Map<string, number>();
  workerProbe.listener = ({ at, ...event }) => {
    if (at === "claimed" && "ids" in event) for (const id of event.ids) lent.set(id, (lent.get(id) ?? 0) + 1);
  };
  closers.push(() => (workerProbe.listener = undefined));
  return lent;
}

describe.each([
  ["memory", onMemory],
  ["sqlite", onSqlite],
])("While a deploy goes on, on %s,", (_, open) => {
  it("jobs of a task that one worker in ten knows start within 2 s, each once, and none is dead", async () => {
    const store = open();
    const started = new Set<number>();
    const lent = lendings();
    const old: Process[] = [];
    for (let n = 0; n < 9; n++) old.push(await app(store, { old: () => 1 }));
    const { stem } = await app(store, {
      old: () => 1,
      fresh: (n: number) => void started.add(n),
    });
    for (let n = 0; n < 374; n++) {
      await stem.enqueue("fresh", n, { id: `j${n}` });
      if (n % 10 === 0) await ms(10);
    }
    await until(() => started.size === 374);
    // Each is lent to the new one after a few others have had it, and a turn that is waited for is 100 ms:
    // that is far from 2 s.
    expect(median(lent)).toBeLessThan(5);
    await until(async () => (await stem.counts()).succeeded === 374);
    const records = await stem.jobs({ limit: 1_000 });
    expect(records.map(({ attempts }) => attempts)).toEqual(Array(374).fill(1));
    for (const { lines } of old) expect(lines.filter((line) => line.includes('"fresh"')).length).toBeLessThanOrEqual(1);
    expect(old.flatMap(({ lines }) => lines).length).toBeGreaterThan(0);
  });

  it("what has waited for a worker that knows it starts within 2 s of its coming", async () => {
    const store = open();
    const { stem } = await app(store, { old: () => 1 });
    await app(store, { old: () => 1 });
    for (let n = 0; n < 60; n++) await stem.adapter.broker.enqueue([{ id: `j${n}`, task: "fresh", queue: "default", payload: String(n) }]);
    await ms(3_000);
    expect(await stem.counts()).toMatchObject({ failed: 0, succeeded: 0 });
    // Each is due again within 1.5 s, and from then on a turn of its queue that is waited for is 100 ms: that
    // is 2 s.
    for (const { dueAt } of await stem.jobs({ limit: 100 })) expect(dueAt - Date.now()).toBeLessThanOrEqual(1_500);
    const lent = lendings();
    const started = new Set<number>();
    await app(store, { old: () => 1, fresh: (n: number) => void started.add(n) });
    await until(() => started.size === 60);
    expect(median(lent)).toBeLessThan(5);
  });

  it("two apps that share a queue, nine workers of one and one of the other, take each what is theirs", async () => {
    const store = open();
    let ran = 0;
    const run = (): void => void ran++;
    const lent = lendings();
    let stem!: Stem;
    for (let n = 0; n < 9; n++) ({ stem } = await app(store, { many: run }));
    await app(store, { few: run });
    for (let n = 0; n < 100; n++) {
      await stem.adapter.broker.enqueue([{ id: `few${n}`, task: "few", queue: "default", payload: "1" }]);
      await stem.enqueue("many", 1);
      await ms(5);
    }
    await until(() => ran === 200);
    expect(median(lent)).toBeLessThan(5);
  });

  it("a run that has got further under new code is gone on with by the new code only", async () => {
    const store = open();
    const old: Body = async (_p, c) => {
      await c.step("a", () => 1);
      await c.sleep("z", 150);
      await c.step("b", () => 2);
      return "v1";
    };
    const fresh: Body = async (_p, c) => {
      await c.step("a", () => 1);
      await c.sleep("z", 150);
      await c.step("b", () => 2);
      await c.step("c", () => 3);
      for (let i = 0; i < 4; i++) await c.sleep("y", 150);
      return "v2";
    };
    const { stem, lines } = await app(store, { flow: old as never }, { kind: "workflow" });
    await app(store, { flow: old as never }, { kind: "workflow" });
    await app(store, { flow: fresh as never }, { kind: "workflow" });
    for (let n = 0; n < 60; n++) await stem.start("flow", 0, { id: `r${n}` });
    await until(async () => (await stem.counts()).succeeded === 60);
    const records = await stem.jobs();
    for (const { attempts } of records) expect(attempts).toBe(1);
    // Nobody warns of each run.
    expect(lines.length).toBeLessThanOrEqual(1);
  });

  it("a worker that does not know a workflow neither kills its runs nor keeps them", async () => {
    const store = open();
    const { stem } = await app(
      store,
      {
        flow: (async (_p: unknown, c: WorkflowContext) => {
          await c.sleep("a", 100);
          await c.sleep("b", 100);
        }) as never,
      },
      { kind: "workflow" },
    );
    await app(store, { other: () => 1 });
    const lent = lendings();
    for (let n = 0; n < 20; n++) await stem.start("flow", 0);
    await until(async () => (await stem.counts()).succeeded === 20);
    // Three passes of its own, and hand-backs between them.
    expect(median(lent)).toBeLessThan(3 * 5);
  });

  it("a payload that an old worker's checks refuse is left to the new one; one that nobody takes is refused at once", async () => {
    const store = open();
    const only = (most: number): TaskDefinition["input"] => ({
      "~standard": {
        version: 1,
        vendor: "test",
        validate: (value: unknown) => ((value as number) <= most ? { value } : { issues: [{ message: `over ${most}` }] }),
      },
    });
    const seen: number[] = [];
    const { stem } = await app(store, {}, {}, [["rate", () => 1, only(5)]]);
    await app(store, {}, {}, [["rate", (n: number) => void seen.push(n), only(10)]]);
    for (let n = 0; n < 30; n++) await stem.adapter.broker.enqueue([{ id: `p${n}`, task: "rate", queue: "default", payload: "9" }]);
    await stem.adapter.broker.enqueue([{ id: "bad", task: "rate", queue: "default", payload: "11" }]);
    await until(async () => (await stem.counts()).succeeded === 30 && (await stem.counts()).failed === 1);
    expect((await stem.jobs({ state: "failed" }))[0]).toMatchObject({
      id: "bad",
      cause: "rejected",
      error: { code: "STEM_PAYLOAD_INVALID" },
    });
  });
});

describe("Code that has not changed", () => {
  it.each([20, 150, 400, 1_500])(
    "is not called changed for a branch that does something of its own for %i ms in every pass",
    async (d) => {
      const { stem } = await app(
        onMemory(),
        {
          flow: (async (_p: unknown, c: WorkflowContext) => {
            const late = async (): Promise<void> => {
              await ms(d);
              await c.step("late", () => 1);
            };
            const other = async (): Promise<void> => {
              await c.step("b", () => ms(d + 200));
              await c.sleep("zz", 30);
              await c.step("c", () => 2);
            };
            await Promise.all([late(), other()]);
            return "ok";
          }) as never,
        },
        { kind: "workflow" },
      );
      const run = await stem.start("flow", 0);
      await until(async () => (await stem.counts()).succeeded + (await stem.counts()).failed === 1, 90_000);
      expect(await run.status()).toMatchObject({ state: "succeeded", result: '"ok"', attempts: 1 });
    },
    100_000,
  );
});

describe("Jobs that no worker knows", () => {
  it("let known ones pass, and cost little however many they are", async () => {
    const adapter = memory();
    let calls = 0;
    let lent = 0;
    const store = async (): Promise<Adapter> => {
      await adapter.open();
      closers.push(() => adapter.close());
      const { claim, settle } = adapter.broker;
      return {
        ...adapter,
        broker: {
          ...adapter.broker,
          claim: async (request) => {
            calls++;
            const claimed = await claim(request);
            lent += claimed.deliveries.length;
            return claimed;
          },
          settle: async (settlements, next) => {
            calls++;
            const settled = await settle(settlements, next);
            lent += settled.claimed?.deliveries.length ?? 0;
            return settled;
          },
        },
      };
    };
    await adapter.open();
    closers.push(() => adapter.close());
    for (let n = 0; n < 5; n++)
      await adapter.broker.enqueue(
        Array.from({ length: 1_000 }, (_, i) => ({ id: `u${n}-${i}`, task: "nobody", queue: "default", payload: "" })),
      );
    let known = 0;
    const { stem } = await app(store, { known: () => void known++ });
    await stem.enqueue("known");
    await until(() => known === 1, 60_000);
    await ms(1_000);
    calls = lent = 0;
    await ms(3_000);
    expect(lent).toBeLessThan(3 * 500);
    expect(calls).toBeLessThan(3 * 100);
    expect(await stem.counts()).toMatchObject({ failed: 0 });
  });
});

/**
 * How often a job was lent, in the middle of all: one that a stall of this machine made miss its turn does
 * not count, a rule that keeps jobs from those who know them does.
 */
function median(lent: ReadonlyMap<string, number>): number {
  const times = [...lent.values()].sort((a, b) => a - b);
  return times[times.length >> 1]!;
}

/** Waits for something that must come by itself. */
async function until(holds: () => boolean | Promise<boolean>, patience = 60_000): Promise<void> {
  const end = performance.now() + patience;
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`has not come about: ${holds.toString()}`);
    await ms(5);
  }
}
