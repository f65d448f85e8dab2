import { afterAll, beforeAll, expect, it } from "@jest/globals";
import { postgres } from "../../../lib/adapters/postgres/index.js";
import type { Adapter, Delivery } from "../../../lib/contract/index.js";
import { describeOwn, startPostgres, type PostgresServer } from "../../servers/index.js";
import { ask, hire } from "./bench.js";

/**
 * `STEM_CRASH=long` runs it for ten minutes on a server as it is configured by default, and prints what it
 * sees.
 */
const LONG = process.env["STEM_CRASH"] === "long";
const SECONDS = LONG ? 600 : 12;

/** The long form leaves room for others: so many jobs per second. */
const RATE = LONG ? 3_000 : Number.POSITIVE_INFINITY;

interface Sizes {
  readonly jobs: number;
  readonly line: number;
  readonly loans: number;
  readonly ended: number;
}

describeOwn("postgres")("Under steady load", () => {
  let server: PostgresServer;
  let adapter: Adapter;

  beforeAll(async () => {
    // In the short form the server looks after its tables every second instead of every minute, as the load
    // is shorter by as much.
    server = await startPostgres(LONG ? {} : { settings: { autovacuum_naptime: 1, fsync: "off" } });
    adapter = postgres(server.url);
    await adapter.open();
    await hire(adapter, "ann");
  });

  afterAll(async () => {
    await adapter?.close();
    await server?.stop();
  });

  const sizes = async (): Promise<Sizes> => {
    const rows = await server.sql(
      "SELECT relname, pg_total_relation_size(oid) / 1024 / 1024.0 AS mb FROM pg_class WHERE relnamespace = 'stem'::regnamespace AND relkind = 'r'",
    );
    const of = (name: string): number => Number(rows.find(({ relname }) => relname === name)!["mb"]);
    return { jobs: of("jobs"), line: of("line"), loans: of("loans"), ended: of("ended") };
  };

  it(
    "the tables stay as small as what they hold",
    async () => {
      const began = performance.now();
      const until = began + SECONDS * 1_000;
      const seen: Sizes[] = [];
      let serial = 0;
      let ran = 0;
      let deliveries: readonly Delivery[] = [];
      let lookAt = 0;
      let pruneAt = 0;
      while (performance.now() < until) {
        // Half of them leave a record for a second, the others none.
        const batch = Array.from({ length: 500 }, () => ({
          id: `job${String(++serial).padStart(12, "0")}`,
          task: "noop",
          queue: "default",
          payload: JSON.stringify({ n: serial, pad: "x".repeat(80) }),
          keepResultMs: serial % 2 === 0 ? 0 : 1_000,
        }));
        const settlements = deliveries.map(({ lease }) => ({ lease, as: "succeeded", result: "1" }) as const);
        const [{ claimed }] = await Promise.all([adapter.broker.settle(settlements, ask("ann", 600)), adapter.broker.enqueue(batch)]);
        ran += settlements.length;
        const aheadMs = (serial / RATE) * 1_000 - (performance.now() - began);
        if (aheadMs > 0) await new Promise((resolve) => setTimeout(resolve, aheadMs));
        deliveries = claimed!.deliveries;
        if (performance.now() > pruneAt) {
          for (let forgot = 1_000; forgot === 1_000;) forgot = await adapter.jobs.prune();
          await hire(adapter, "ann");
          pruneAt = performance.now() + 500;
        }
        if (performance.now() < lookAt) continue;
        seen.push(await sizes());
        lookAt = performance.now() + (SECONDS * 1_000) / 24;
      }
      const middle = seen.slice(8, 16);
      const last = seen.slice(16);
      const most = (list: readonly Sizes[], name: keyof Sizes): number => Math.max(...list.map((size) => size[name]));
      const report = (["jobs", "line", "loans", "ended"] as const).map((name) => ({
        name,
        middle: most(middle, name),
        end: most(last, name),
      }));
      if (LONG) console.log(`${ran} jobs in ${SECONDS} s; largest in the second and the last third, in MiB:`, report);
      expect(ran).toBeGreaterThan(SECONDS * 500);
      // What they hold at any moment is a second's records and a few batches; all the rest is what waits to
      // be swept.
      for (const { name, middle: before, end } of report) expect({ name, grows: end > before * 1.5 + 4 }).toEqual({ name, grows: false });
    },
    (SECONDS + 60) * 1_000,
  );
});
