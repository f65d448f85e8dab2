import { describe, expect, it } from "@jest/globals";
import { Rig, until } from "./rig.js";

describe("While there is always work of a high priority, the worker", () => {
  it("also runs what has a low one: one claim in ten goes upward", async () => {
    let urgent = 0;
    let before: number | undefined;
    const rig: Rig = new Rig({
      urgent: async () => {
        urgent++;
        // There are always some that wait.
        await rig.stem.enqueue("urgent", undefined, { priority: 9 });
      },
      patient: () => void (before = urgent),
    });
    await rig.stem.enqueueMany("urgent", Array.from({ length: 20 }), { priority: 9 });
    await rig.stem.enqueue("patient", undefined, { priority: 0 });
    await rig.started({ concurrency: 2 });
    await until(() => before !== undefined, "the job of the lowest priority");
    expect(before).toBeLessThanOrEqual(20);
    const claims = rig.calls.flatMap(({ next }) => next ?? []);
    const ups = claims.flatMap(({ upward }, i) => (upward ? [i + 1] : []));
    expect(ups[0]).toBe(10);
    expect(claims.length).toBeLessThanOrEqual(20);
  });

  it("goes downward otherwise, so that the high priority has nine claims in ten", async () => {
    const rig = new Rig({ work: async () => {} });
    await rig.stem.enqueueMany("work", Array.from({ length: 300 }));
    await rig.started({ concurrency: 10 });
    await until(async () => (await rig.store.jobs.count()).succeeded === 300);
    const claims = rig.calls.flatMap(({ next }) => next ?? []);
    expect(claims.length).toBeGreaterThan(25);
    for (const [i, { upward }] of claims.entries()) expect(upward).toBe((i + 1) % 10 === 0 ? true : undefined);
  });
});
