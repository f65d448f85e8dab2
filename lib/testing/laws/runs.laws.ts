import assert from "node:assert/strict";
import type { WorkflowContext } from "../../core/context/workflow.js";
import { defineSignal, eventOf } from "../../core/event/signal.js";
import type { LawBench } from "./bench.js";
import type { Law } from "./law.js";
import { Passes } from "./passes.js";

const go = defineSignal<number>("go");
const COUNT = 45;

/** Sends signals with these numbers to a run, one call for each. */
async function send(bench: LawBench, run: string, from: number, to: number): Promise<void> {
  for (let n = from; n <= to; n++)
    await bench.adapter.events.emit([{ id: bench.name(`${run}-${n}`), name: eventOf(go), key: run, payload: String(n) }], bench.at);
}

const upTo = (count: number): readonly number[] => Array.from({ length: count }, (_, n) => n + 1);

/** Notes each signal in a separate step. */
const listener =
  (count: number, noted: (n: number) => void = () => {}) =>
  async (ctx: WorkflowContext): Promise<readonly number[]> => {
    const had: number[] = [];
    for (let i = 0; i < count; i++) {
      const n = await ctx.waitForSignal(go);
      had.push(await ctx.step("note", () => (noted(n), n)));
    }
    return had;
  };

export const runLaws: readonly Law[] = [
  {
    title: "a run that wakes is told all that has come for it, in order and in one pass",
    async check(bench) {
      const { id } = await bench.put();
      await send(bench, id, 1, COUNT);
      const passes = new Passes(bench, listener(COUNT));
      await passes.go();
      assert.deepEqual(JSON.parse((await bench.known(id)).result ?? "null"), upTo(COUNT));
      assert.equal(passes.count, 2, "one that finds out what it waits for, and one that has it");
    },
  },
  {
    title: "a run whose workers die at any write, while signals come, has each of them once and in order",
    async check(bench) {
      const { id } = await bench.put({ maxLapses: 1_000 });
      const noted = new Map<number, number>();
      const passes = new Passes(
        bench,
        listener(COUNT, (n) => noted.set(n, (noted.get(n) ?? 0) + 1)),
      );
      let sent = 0;
      let deaths = 0;
      for (let life = 0; sent < COUNT; life++) {
        const more = Math.min(COUNT, sent + 1 + (life % 5));
        await send(bench, id, sent + 1, more);
        sent = more;
        if (await passes.dieAt(1 + (life % 4))) deaths++;
      }
      await passes.go();
      assert.deepEqual(JSON.parse((await bench.known(id)).result ?? "null"), upTo(COUNT));
      assert.ok(deaths > 3, "workers have died");
      assert.deepEqual([...noted.keys()], upTo(COUNT));
      assert.ok([...noted.values()].reduce((sum, times) => sum + times - 1, 0) <= deaths, "a step runs again only where a worker died");
    },
  },
  {
    title: "the loser of ctx.race takes no signal away from a later wait",
    async check(bench) {
      const { id } = await bench.put();
      const passes = new Passes(bench, async (ctx) => {
        const seen: unknown[] = [];
        for (let i = 0; i < 5; i++) {
          const first = await ctx.race({ go: ctx.waitForSignal(go), tick: ctx.sleep("tick", 200) });
          seen.push(first.key === "go" ? first.value : "tick");
        }
        return seen;
      });
      await passes.go();
      for (let tick = 0; tick < 5; tick++) {
        if (tick === 2) await send(bench, id, 1, 2);
        else bench.pass(200);
        await passes.go();
      }
      assert.deepEqual(JSON.parse((await bench.known(id)).result ?? "null"), ["tick", "tick", 1, 2, "tick"]);
    },
  },
];
