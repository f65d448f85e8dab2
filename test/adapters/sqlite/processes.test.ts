import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { sqlite } from "../../../lib/adapters/sqlite/index.js";
import type { Adapter, NewJob } from "../../../lib/contract/index.js";
import { Child, inFolder } from "./processes.js";

const job = (id: string, over: Partial<NewJob> = {}): NewJob => ({ id, task: "t", queue: "work", payload: "", ...over });

/** Opens the file here too, and ends children and adapter whatever happens. */
async function withFile(
  work: (adapter: Adapter, file: string, start: (mode: string, ...rest: string[]) => Child) => Promise<void>,
): Promise<void> {
  await inFolder(async (folder) => {
    const file = join(folder, "stem.db");
    const adapter = sqlite(file);
    await adapter.open();
    const children: Child[] = [];
    try {
      await work(adapter, file, (mode, ...rest) => {
        const child = new Child(mode, file, ...rest);
        children.push(child);
        return child;
      });
    } finally {
      await Promise.all(children.map((child) => child.kill()));
      await adapter.close();
    }
  });
}

describe("Several processes on one SQLite file", () => {
  it("may open a fresh file at the same moment", async () => {
    await inFolder(async (folder) => {
      const file = join(folder, "deep", "er", "stem.db");
      const children = Array.from({ length: 6 }, () => new Child("open", file));
      const ends = await Promise.all(children.map((child) => child.end()));
      expect(ends).toEqual([0, 0, 0, 0, 0, 0]);
      const adapter = sqlite(file);
      await adapter.open();
      expect((await adapter.jobs.count()).ready).toBe(6);
      await adapter.close();
    });
  });

  it("store jobs at the same time without refusing each other", async () => {
    await withFile(async (adapter, _file, start) => {
      const children = Array.from({ length: 4 }, () => start("produce"));
      expect(await Promise.all(children.map((child) => child.end()))).toEqual([0, 0, 0, 0]);
      expect((await adapter.jobs.count()).ready).toBe(4_000);
    });
  });

  it("share 20,000 jobs among four of them, each job exactly once", async () => {
    await withFile(async (adapter, _file, start) => {
      const jobs = Array.from({ length: 20_000 }, (_, i) => job(`j${String(i).padStart(5, "0")}`));
      for (let at = 0; at < jobs.length; at += 2_000) await adapter.broker.enqueue(jobs.slice(at, at + 2_000));
      const children = Array.from({ length: 4 }, () => start("drain"));
      for (const child of children) expect(await child.line()).toBe("ready");
      for (const child of children) child.say("go");
      const had = await Promise.all(children.map(async (child) => JSON.parse(await child.line()) as string[]));
      expect(had.flat().toSorted()).toEqual(jobs.map(({ id }) => id));
      expect(had.every((list) => list.length > 0)).toBe(true);
      expect((await adapter.jobs.count()).succeeded).toBe(20_000);
    });
  });

  it("wake each other within 50 ms", async () => {
    await withFile(async (adapter, _file, start) => {
      const child = start("wake");
      expect(await child.line()).toBe("ready");
      const ms: number[] = [];
      for (let i = 0; i < 40; i++) {
        await adapter.broker.enqueue([job(`wake${i}`, { payload: String(process.hrtime.bigint()) })]);
        ms.push(Number(await child.line()));
      }
      child.say("stop");
      expect(await child.end()).toBe(0);
      ms.sort((a, b) => a - b);
      expect(ms[20]!).toBeLessThan(50);
    });
  });

  it("hear each other's control messages once each", async () => {
    await inFolder(async (folder) => {
      const [here, there] = [sqlite(join(folder, "stem.db")), sqlite(join(folder, "stem.db"))];
      await here.open();
      await there.open();
      const heard: string[] = [];
      const both = new Promise<void>((resolve) => {
        there.hints.subscribe((hint) => {
          if (hint.kind !== "control") return;
          heard.push(`there ${hint.topic} ${hint.message}`);
          if (hint.message === "last") resolve();
        });
      });
      here.hints.subscribe((hint) => {
        if (hint.kind === "control") heard.push(`here ${hint.topic} ${hint.message}`);
      });
      here.hints.control("a", "first");
      here.hints.control("b", "last");
      await both;
      expect(heard).toEqual(["here a first", "here b last", "there a first", "there b last"]);
      await here.close();
      await there.close();
    });
  });

  it("lose nothing when one is killed in the middle of its work", async () => {
    await withFile(async (adapter, file, start) => {
      const ledger = `${file}.ledger`;
      const parents = Array.from({ length: 3_000 }, (_, i) => job(`p${i}`, { task: "parent", maxLapses: 1_000 }));
      await adapter.broker.enqueue(parents);
      const left = async (): Promise<number> => {
        const { ready, active } = await adapter.jobs.count();
        return ready + active;
      };
      let kills = 0;
      for (let before = await left(); before > 1_000 && kills < 12; kills++) {
        const size = existsSync(ledger) ? readFileSync(ledger).length : 0;
        // Whoever is not killed in time waits for it: else one could do all the work before we look.
        const child = start("ledger", ledger, "6000");
        expect(await child.line()).toBe("ready");
        // Not a wait for a moment but for progress, so that every victim is in the midst of claims and
        // settles.
        while ((existsSync(ledger) ? readFileSync(ledger).length : 0) < size + 500 * (1 + (kills % 3)))
          await new Promise((resolve) => setImmediate(resolve));
        await child.kill();
        before = await left();
      }
      expect(kills).toBeGreaterThan(2);
      const last = start("ledger", ledger);
      expect([await last.line(), await last.line()]).toEqual(["ready", "empty"]);
      const counts = await adapter.jobs.count();
      expect(counts).toEqual({
        blocked: 0,
        ready: 0,
        delayed: 0,
        active: 0,
        parked: 0,
        succeeded: 6_000,
        failed: 0,
        cancelled: 0,
        expired: 0,
      });
      const runs = new Map<string, number>();
      for (const id of readFileSync(ledger, "utf8").trim().split("\n")) runs.set(id, (runs.get(id) ?? 0) + 1);
      expect(runs.size).toBe(6_000);
      // At most what each victim held was run again.
      expect([...runs.values()].reduce((a, b) => a + b, 0) - 6_000).toBeLessThanOrEqual(kills * 50);
    });
  });
});
