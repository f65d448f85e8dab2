import { afterEach, beforeEach, expect, it } from "@jest/globals";
import type { Adapter } from "../../../lib/contract/index.js";
import { describeShared } from "../../servers/index.js";
import { hire, PostgresBench, take } from "./bench.js";

describeShared("postgres")("While one full claim follows the other,", () => {
  let bench: PostgresBench;
  let adapter: Adapter;

  beforeEach(async () => {
    bench = await PostgresBench.start("order");
    adapter = await bench.open();
    await hire(adapter, "ann");
    await adapter.broker.enqueue(bench.jobs(5_000));
    for (let n = 0; n < 5; n++) expect(await take(adapter, "ann", 100)).toHaveLength(100);
  });

  afterEach(() => bench.stop());

  it("a job of an earlier due time that this process stores is the next", async () => {
    const early = bench.job({ dueAt: 5 });
    await adapter.broker.enqueue([early]);
    expect((await take(adapter, "ann", 100))[0]!.job.id).toBe(early.id);
  });

  it("a job that this process hands back is the next", async () => {
    const [first] = await take(adapter, "ann", 100);
    await adapter.broker.settle([{ lease: first!.lease, as: "ready", attempt: "returned", dueAt: 5 }]);
    expect((await take(adapter, "ann", 100))[0]!.job.id).toBe(first!.job.id);
  });

  it("a job of an earlier due time that another process stores is lent within a moment, long before the line is through", async () => {
    const other = await bench.open();
    const early = bench.job({ dueAt: 5 });
    await other.broker.enqueue([early]);
    await other.broker.enqueue(bench.jobs(15_000));
    const until = performance.now() + 150;
    let lent = await take(adapter, "ann", 50);
    const isThere = (): boolean => lent.some(({ job }) => job.id === early.id);
    while (!isThere() && performance.now() < until) lent = await take(adapter, "ann", 50);
    if (!isThere()) lent = await take(adapter, "ann", 50);
    expect({ found: isThere(), full: lent.length }).toEqual({ found: true, full: 50 });
  });

  it("a claim that is not filled looks at the line from its beginning again", async () => {
    const other = await bench.open();
    const late = bench.job({ dueAt: Date.now() + 3_600_000, queue: "other" });
    await other.broker.enqueue([late, bench.job({ dueAt: 5 })]);
    const seen = new Set<number>();
    for (let lent = await take(adapter, "ann"); lent.length > 0; lent = await take(adapter, "ann"))
      for (const { job } of lent) seen.add(job.dueAt);
    expect(seen.has(5)).toBe(true);
  });
});
