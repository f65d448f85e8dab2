import { expect, it } from "@jest/globals";
import { describeShared } from "../../servers/index.js";
import { keysAreForgotten } from "../keys.js";
import { PostgresBench } from "./bench.js";

describeShared("postgres")("Unique keys in Postgres", () => {
  it("leave no row behind, however their job goes", async () => {
    const bench = await PostgresBench.start("keys");
    const count = async (): Promise<number> => Number((await bench.sql<{ n: string }>("SELECT count(*) AS n FROM stem.keys"))[0]!.n);
    await keysAreForgotten(await bench.open(), count);
    await bench.stop();
  });

  it("are taken over where an older process has lent or forgotten the job, which knows none of them", async () => {
    const bench = await PostgresBench.start("keys");
    const { broker } = await bench.open();
    const job = (id: string, until: "started" | "ended") =>
      ({ id, task: "t", queue: "q", payload: "{}", unique: { key: until, until, whenHeld: "keep" } }) as const;
    await broker.enqueue([job("a", "started"), job("b", "ended")]);
    await bench.sql("UPDATE stem.jobs SET fence = 1 WHERE id = 'a'");
    await bench.sql("DELETE FROM stem.line WHERE seq = (SELECT seq FROM stem.jobs WHERE id = 'b')");
    await bench.sql("DELETE FROM stem.jobs WHERE id = 'b'");
    expect(await broker.enqueue([job("c", "started"), job("d", "ended")])).toEqual({ met: [] });
    expect((await broker.enqueue([job("e", "started"), job("f", "ended")])).met.map(({ existing }) => existing)).toEqual(["c", "d"]);
    await bench.stop();
  });

  it("are those of one of many that enqueue, retry and cancel at once, and nothing waits for ever", async () => {
    const bench = await PostgresBench.start("keys");
    const adapters = [await bench.open(), await bench.open(), await bench.open()];
    const job = (id: string, key: number) =>
      ({ id, task: "t", queue: "q", payload: "{}", unique: { key: `${key}`, until: "ended", whenHeld: "keep" } }) as const;
    const turns = adapters.map(async ({ broker, jobs }, n) => {
      for (let turn = 0; turn < 20; turn++) {
        // In opposite orders, so that keys locked as they come would wait for one another.
        const keys = [0, 1, 2, 3, 4].map((key) => (n % 2 === 0 ? key : 4 - key));
        const ids = keys.map((key) => `${n}-${turn}-${key}`);
        await broker.enqueue(ids.map((id, i) => job(id, keys[i]!)));
        await jobs.change({ ids: turn % 2 === 0 ? ids : ids.reverse() }, { to: "cancelled", reason: "r" });
        await jobs.change({ ids }, { to: "ready" });
      }
    });
    await Promise.all(turns);
    const [row] = await bench.sql<{ n: string; most: string }>(
      `SELECT count(*) AS n, max(n) AS most FROM (SELECT count(*) AS n FROM stem.jobs j JOIN stem.line l ON l.seq = j.seq GROUP BY j.key) x`,
    );
    expect([Number(row!.n), Number(row!.most)]).toEqual([5, 1]);
    await bench.stop();
  });
});
