import { afterEach, describe, expect, it } from "@jest/globals";
import { type Body, Rig, until } from "./rig.js";

const [RUNS, STEPS] = [4, 600];

/** Runs that have done all their steps and sleep, all of them due. */
async function sleepers(body: Body): Promise<Rig> {
  const rig = new Rig(body);
  for (let n = 0; n < RUNS; n++) await rig.start(n, `run${n}`);
  await rig.process().work();
  rig.clock.set(rig.clock.now() + 60_000);
  return rig;
}

async function expectEnded(rig: Rig, count = RUNS): Promise<void> {
  for (let n = 0; n < count; n++)
    expect(await rig.record(`run${n}`)).toMatchObject({ state: "succeeded", result: String((STEPS * (STEPS - 1)) / 2) });
}

function burn(ms: number): void {
  for (const end = performance.now() + ms; performance.now() < end;);
}

describe("Long runs that wake together", () => {
  let turning = false;
  afterEach(() => void (turning = false));

  it("leave the event loop to others while they replay, and are told the same as ever", async () => {
    let told = 0;
    let asleep = false;
    const rig = await sleepers(async (_: number, ctx) => {
      let sum = 0;
      for (let i = 0; i < STEPS; i++) {
        sum += await ctx.step("one", () => i);
        told++;
        if (asleep && i % 20 === 0) burn(2);
      }
      await ctx.sleep("nap", "1m");
      return sum;
    });
    asleep = true;
    let [most, before] = [0, told];
    const turn = (): void => {
      [most, before] = [Math.max(most, told - before), told];
      if (turning) setImmediate(turn);
    };
    turning = true;
    turn();
    await rig.process().work();
    turn();
    await expectEnded(rig);
    // Of what takes 60 ms at least no turn of 10 ms does more than a part, however slow the machine is.
    expect(most).toBeLessThan(STEPS / 2);
  });

  it("replay one after the other", async () => {
    const begun = new Set<number>();
    let most = 0;
    const rig = await sleepers(async (n: number, ctx) => {
      begun.add(n);
      let sum = 0;
      for (let i = 0; i < STEPS; i++) sum += await ctx.step("one", () => i);
      if (ctx.replaying) throw new Error("There is nothing left to tell.");
      begun.delete(n);
      await ctx.sleep("nap", "1m");
      return sum;
    });
    begun.clear();
    const look = (): void => {
      most = Math.max(most, begun.size);
      if (turning) setImmediate(look);
    };
    turning = true;
    setImmediate(look);
    await rig.process().work();
    await expectEnded(rig);
    expect(most).toBe(1);
  });

  it("are not held up by one that stands still, that is told to stop, or whose journal is damaged", async () => {
    let held = false;
    let go!: () => void;
    const gate = new Promise<void>((resolve) => (go = resolve));
    const rig = await sleepers(async (n: number, ctx) => {
      if (held && n === 0) await gate;
      let sum = 0;
      for (let i = 0; i < STEPS; i++) sum += await ctx.step("one", () => i);
      await ctx.sleep("nap", "1m");
      return sum;
    });
    held = true;
    const { journal } = rig.adapter;
    const { read } = journal;
    journal.read = async (reads) =>
      (await read(reads)).map((entries, i) =>
        reads[i]!.id === "run1" ? [...entries, { seq: 0, key: "x", kind: "wait", state: "done", value: "{", at: 0 } as const] : entries,
      );
    const stop = new AbortController();
    const first = rig.process().work(stop.signal).catch(String);
    await until(async () => (await rig.record("run3")).state === "succeeded");
    expect((await rig.record("run2")).state).toBe("succeeded");
    stop.abort();
    go();
    expect(await first).toContain("SyntaxError");
    journal.read = read;
    await rig.stem.cancel("run0");
    await rig.start(9, "run9");
    await rig.process().work();
    expect((await rig.record("run9")).state).toBe("ready");
  });
});
