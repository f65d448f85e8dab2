import { describe, expect, it } from "@jest/globals";
import { defineEvent } from "../../../lib/core/event/event.js";
import { type WorkflowContext } from "../../../lib/core/context/workflow.js";
import { defineSignal } from "../../../lib/core/event/signal.js";
import { type Body, type Death, Rig } from "./rig.js";

const cancel = defineSignal<{ v: string }>("cancel");

const plain: Body = async (_: unknown, c) => {
  const seen: string[] = [];
  for (let i = 0; i < 6; i++) {
    const x = await Promise.race([c.waitForSignal(cancel), c.sleep("tick", 200)]);
    seen.push(x === undefined ? "tick" : x.v);
  }
  return seen;
};

const first: Body = async (_: unknown, c) => {
  const seen: string[] = [];
  for (let i = 0; i < 6; i++) {
    const won = await c.race({ cancel: c.waitForSignal(cancel), tick: c.sleep("tick", 200) });
    seen.push(won.key === "cancel" ? won.value.v : "tick");
  }
  return seen;
};

async function ticks(rig: Rig, count: number, death?: Death): Promise<void> {
  for (let n = 0; n < count; n++) {
    await rig.process(death).work();
    rig.clock.advance(200);
  }
}

describe.each([
  ["Promise.race", plain],
  ["ctx.race", first],
])("The loser of a race, with %s,", (_, body) => {
  it("does not take the next signal with it", async () => {
    for (const after of [0, 1, 2, 4]) {
      const rig = new Rig(body);
      await rig.start();
      await ticks(rig, after);
      // What has come goes before what is due at the same time.
      await rig.stem.signal("run", cancel, { v: "cancel-order" });
      const record = await rig.finish();
      expect(JSON.parse(record.result!)).toEqual(
        Array.from({ length: 6 }, (_none, i) => (i === Math.max(0, after - 1) ? "cancel-order" : "tick")),
      );
    }
  });

  it("nor after a crash at any write", async () => {
    for (let atWrite = 1; atWrite <= 12; atWrite++)
      for (const written of [true, false]) {
        const rig = new Rig(body);
        await rig.start();
        const process = rig.process({ atWrite, written });
        for (let n = 0; n < 3; n++) {
          if ((await process.work()) === undefined) break;
          rig.clock.advance(200);
        }
        await rig.stem.signal("run", cancel, { v: "cancel-order" });
        await process.work();
        rig.clock.advance("1m");
        const { result } = await rig.finish();
        expect((JSON.parse(result!) as string[]).filter((one) => one === "cancel-order")).toHaveLength(1);
      }
  });
});

describe("ctx.race", () => {
  it("leaves the event of the loser to a later wait for it", async () => {
    const [a, b] = [defineEvent<number>("a"), defineEvent<number>("b")];
    const rig = new Rig(async (_: unknown, c: WorkflowContext) => {
      const won = await c.race({ a: c.waitFor(a), b: c.waitFor(b) });
      await c.sleep("between", 1_000);
      return [won, await c.waitFor(b, { timeout: "1m" })];
    });
    await rig.start();
    await rig.process().work();
    await rig.stem.emit(a, "", 1);
    await rig.process().work();
    await rig.stem.emit(b, "", 2);
    expect(JSON.parse((await rig.finish()).result!)).toEqual([{ key: "a", value: 1 }, 2]);
  });

  it("ends the same way in every pass, and rejects if the first to be over has failed", async () => {
    const rig = new Rig(async (_: unknown, c: WorkflowContext) => {
      const failed = await c
        .race({ step: c.step("bad", () => Promise.reject(new Error("no"))), nap: c.sleep("nap", "1h") })
        .catch((error: Error) => error.message);
      await c.sleep("after", 1_000);
      const { key } = await c.race({ long: c.sleep("long", "1d"), short: c.sleep("short", "1m") });
      await c.sleep("end", 1_000);
      return [failed, key];
    });
    await rig.start();
    expect(JSON.parse((await rig.finish()).result!)).toEqual(["no", "short"]);
    expect(rig.clock.now() - Date.UTC(2026, 0, 1)).toBeLessThan(3_600_000);
  });

  it("without entrants is refused", async () => {
    const rig = new Rig((_: unknown, c: WorkflowContext) => c.race({}));
    await rig.start();
    expect((await rig.finish()).error).toMatchObject({ code: "STEM_OPTION_INVALID" });
  });
});

describe("A wait with an option that is not known", () => {
  it("is refused, and told of the nearest", async () => {
    const rig = new Rig(async (_: unknown, c: WorkflowContext) => {
      const failed = (promise: Promise<unknown>) =>
        promise.catch((error: { code: string; message: string }) => `${error.code} ${error.message}`);
      return [
        await failed(c.waitFor({ name: "go" }, { timeuot: "1s" } as never)),
        await failed(c.waitForSignal(cancel, { key: "x" } as never)),
        await failed(c.waitFor({ name: "go" }, "key" as never)),
      ];
    });
    await rig.start();
    const [typo, key, text] = JSON.parse((await rig.finish()).result!) as string[];
    expect(typo).toMatch(/^STEM_OPTION_UNKNOWN .*Did you mean "timeout"/s);
    expect(key).toMatch(/^STEM_OPTION_UNKNOWN/);
    expect(text).toMatch(/^STEM_OPTION_INVALID/);
  });
});
