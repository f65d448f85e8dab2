import assert from "node:assert/strict";
import type { Law } from "./law.js";

export const adapterLaws: readonly Law[] = [
  {
    title: "an adapter opened by several users is closed when the last has closed it",
    async check(bench) {
      await bench.adapter.open();
      await bench.adapter.close();
      const job = await bench.put();
      assert.equal(await bench.state(job.id), "ready");
    },
  },
  {
    title: "a closed adapter refuses every verb, and can be opened again",
    async check(bench) {
      const { adapter } = bench;
      const job = await bench.put();
      await adapter.close();
      await adapter.close();
      const closed = { code: "STEM_STORE_CLOSED" };
      await assert.rejects(bench.enqueue(bench.job()), closed);
      await assert.rejects(adapter.broker.claim({ worker: "ann", from: [], limit: 1 }, bench.at), closed);
      await assert.rejects(adapter.broker.settle([], undefined, bench.at), closed);
      await assert.rejects(adapter.jobs.get([job.id], bench.at), closed);
      await assert.rejects(adapter.ping(), closed);
      await adapter.open();
      const kept = await bench.record(job.id);
      if (adapter.capabilities.durable) assert.equal(kept?.state, "ready");
      await bench.put();
      assert.ok((await bench.take()).length > 0);
    },
  },
  {
    title: "an adapter answers a ping with where its store is",
    async check(bench) {
      const health = await bench.adapter.ping();
      assert.ok(health.store.length > 0);
      assert.ok(Number.isFinite(health.ms) && health.ms >= 0);
    },
  },
  {
    title: "without a now the store's own clock counts",
    async check(bench) {
      const { broker, workers } = bench.adapter;
      await broker.enqueue([bench.job({ delayMs: 3_600_000 }), bench.job()]);
      const { now, lost } = await workers.renew({ id: "ann", leaseMs: 60_000, info: {} }, []);
      assert.deepEqual(lost, []);
      assert.ok(Number.isInteger(now) && now > 0);
      const claimed = await broker.claim({ worker: "ann", from: [{ queue: bench.queue }], limit: 10 });
      assert.equal(claimed.deliveries.length, 1);
      assert.ok(claimed.now >= now && claimed.now < now + 60_000);
      const { enqueuedAt } = claimed.deliveries[0]!.job;
      assert.ok(Number.isInteger(enqueuedAt) && enqueuedAt <= now && enqueuedAt > now - 60_000);
      assert.ok(claimed.nextDueAt !== undefined && claimed.nextDueAt - claimed.now > 3_000_000);
    },
  },
];
