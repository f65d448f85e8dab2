import { afterAll, beforeAll, expect, it } from "@jest/globals";
import { describeShared } from "../../servers/index.js";
import { hire, PostgresBench } from "./bench.js";

describeShared("postgres")("Orders in Postgres", () => {
  let bench: PostgresBench;
  beforeAll(async () => {
    bench = await PostgresBench.start("orders");
  });
  afterAll(() => bench.stop());

  it("go with a worker that a process of an older version has signed off, which leaves them where they are", async () => {
    const adapter = await bench.open();
    for (const id of ["old", "new"]) await hire(adapter, id);
    expect(await adapter.workers.order("all", "pause")).toBe(2);
    // What `leave` of 0.1 does.
    await bench.sql("DELETE FROM stem.workers WHERE id = 'old'");
    await adapter.jobs.prune();
    expect(await bench.sql("SELECT w.id FROM stem.orders o LEFT JOIN stem.workers w ON w.no = o.worker")).toEqual([{ id: "new" }]);
  });

  it("wait for no renewal, and no renewal for them", async () => {
    const [adapter, other] = [await bench.open(), await bench.open()];
    await hire(adapter, "busy");
    const pool = bench.pool();
    const client = await pool.connect();
    await client.query("BEGIN");
    // A renewal whose commit takes long.
    await client.query(`UPDATE "${bench.schema}".workers SET seen_at = seen_at + 1 WHERE id = 'busy'`);
    expect(await other.workers.order(["busy"], "pause")).toBe(1);
    await client.query("COMMIT");
    client.release();
  });
});
