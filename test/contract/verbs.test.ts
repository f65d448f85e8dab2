import { describe, expect, it } from "@jest/globals";
import { memory } from "../../lib/adapters/memory/index.js";
import { type Adapter, lackingVerbs, VERBS } from "../../lib/contract/index.js";
import { checkLaws } from "../../lib/testing/laws/index.js";

describe("the verbs of the contract", () => {
  it("are at most 33, three of them on the hot path", () => {
    expect(Object.values(VERBS).flatMap((verbs) => Object.keys(verbs)).length).toBeLessThanOrEqual(33);
    expect(Object.keys(VERBS.broker)).toHaveLength(3);
  });

  it("are all there is in the parts of the reference adapter", () => {
    const adapter: Adapter = memory();
    expect(lackingVerbs(adapter)).toEqual([]);
    for (const [part, verbs] of Object.entries(VERBS)) {
      const own = adapter[part as keyof typeof VERBS];
      if (own !== undefined) expect({ part, verbs: Object.keys(own).sort() }).toEqual({ part, verbs: Object.keys(verbs).sort() });
    }
  });

  it("that an adapter of somebody's own lacks are named by every law, instead of a call of undefined", async () => {
    const open = async () => {
      const adapter = memory();
      await adapter.open();
      const { change: _, ...jobs } = adapter.jobs;
      const { order: __, ...workers } = adapter.workers;
      const mine = { ...adapter, name: "mine", jobs, workers, close: () => adapter.close() } as unknown as Adapter;
      return { adapter: mine, other: async () => mine, close: () => adapter.close() };
    };
    const outcomes = await checkLaws({ open }, { only: "an adapter answers a ping" });
    expect(outcomes).toHaveLength(1);
    expect(String(outcomes[0]!.error)).toBe(
      'Error: The adapter "mine" lacks verbs of the contract: jobs.change, workers.order. Implement them first.',
    );
  });

  it("include those of limits for an adapter that honours limits", () => {
    const adapter = memory();
    const mine = { ...adapter, honours: new Set([...adapter.honours, "track"]) } as unknown as Adapter;
    expect(lackingVerbs(mine)).toEqual(["limits.put", "limits.list"]);
  });
});
