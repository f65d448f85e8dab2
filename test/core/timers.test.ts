import { afterEach, describe, expect, it, jest } from "@jest/globals";
import { memory } from "../../lib/adapters/memory/index.js";
import { Beat } from "../../lib/core/beat/beat.js";
import { Stem } from "../../lib/core/client/stem.js";
import { defineTask } from "../../lib/core/task/define.js";
import { TaskRegistry } from "../../lib/core/task/registry.js";
import { Worker } from "../../lib/core/worker/worker.js";
import type { WorkflowContext } from "../../lib/core/context/workflow.js";

const stops: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  await Promise.all(stops.splice(0).map((stop) => stop()));
  jest.useRealTimers();
});

async function app(): Promise<{ stem: Stem; worker: Worker }> {
  const adapter = memory();
  await adapter.open();
  const registry = new TaskRegistry();
  registry.add(defineTask({ name: "add", kind: "task", where: "test", run: (n) => (n as number) + 1 }));
  registry.add(
    defineTask({
      name: "flow",
      kind: "workflow",
      where: "test",
      run: async (n, context) => {
        const ctx = context as WorkflowContext;
        const once = await ctx.step("one", () => (n as number) + 1);
        await ctx.sleep("nap", 20);
        return ctx.step("two", () => once + 1);
      },
    }),
  );
  const stem = new Stem({ adapter, registry });
  const worker = new Worker({ stem });
  stops.push(
    () => worker.stop(),
    () => adapter.close(),
  );
  return { stem, worker };
}

describe("In a test that replaces the timers of its process", () => {
  it("jobs and runs are enqueued, run and waited for all the same", async () => {
    const { stem, worker } = await app();
    jest.useFakeTimers();
    await worker.start();
    expect(await stem.enqueueAndWait("add", 1)).toBe(2);
    expect(await stem.enqueueAndWait("flow", 1)).toBe(3);
    expect(jest.getTimerCount()).toBe(0);
  });

  it("nothing is left behind that would keep the process alive, whenever the timers are replaced", async () => {
    const alive = (): number => process.getActiveResourcesInfo().filter((resource) => resource === "Timeout").length;
    const before = alive();
    const { stem, worker } = await app();
    await worker.start();
    const beat = new Beat({ stem, schedules: [] });
    await beat.start();
    const waiting = stem.enqueueAndWait("add", 1, { delay: "1m" }).catch((error: unknown) => (error as { code: string }).code);
    await new Promise((resolve) => setImmediate(resolve));
    expect(alive()).toBeGreaterThan(before);
    jest.useFakeTimers();
    await Promise.all([beat.stop(), worker.stop(), stem.close()]);
    expect(await waiting).toBe("STEM_CLOSED");
    expect(alive()).toBe(before);
  });
});
