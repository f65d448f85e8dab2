import { describe, expect, it } from "@jest/globals";
import { memory } from "../../../lib/adapters/memory/index.js";
import { Stem } from "../../../lib/core/client/stem.js";
import { defineTask } from "../../../lib/core/task/define.js";
import { TaskRegistry } from "../../../lib/core/task/registry.js";
import { defineEvent } from "../../../lib/core/event/event.js";
import { type WorkflowContext } from "../../../lib/core/context/workflow.js";
import { defineSignal } from "../../../lib/core/event/signal.js";
import { Rig } from "./rig.js";

const approved = defineSignal<{ by: string }>("approved");
const nudged = defineSignal("nudged");

const waiting = () =>
  new Rig(async (_: undefined, ctx) => [(await ctx.waitForSignal(approved)).by, (await ctx.waitForSignal(approved)).by]);

describe("A signal", () => {
  it("is had once by its run, in the order of sending, whether it came before the wait or after", async () => {
    for (const early of [0, 1, 2]) {
      const rig = waiting();
      await rig.start();
      for (const by of ["ada", "bob"].slice(0, early)) expect(await rig.stem.signal("run", approved, { by })).toMatchObject({ as: "sent" });
      await rig.finish();
      for (const by of ["ada", "bob"].slice(early)) {
        expect((await rig.record()).state).toBe("parked");
        await rig.stem.signal("run", approved, { by });
        await rig.finish();
      }
      expect(await rig.record()).toMatchObject({ state: "succeeded", result: '["ada","bob"]' });
    }
  });

  it("is for one run: others that wait for the same go on waiting, and an event of its name is another thing", async () => {
    const rig = waiting();
    await rig.start();
    await rig.start(undefined, "other");
    await rig.finish();
    await rig.stem.signal("other", approved, { by: "ada" });
    await rig.stem.signal("other", approved, { by: "bob" });
    await rig.stem.emit(defineEvent<{ by: string }>("approved"), "run", { by: "eve" });
    await rig.finish();
    expect([(await rig.record()).state, (await rig.record("other")).result]).toEqual(["parked", '["ada","bob"]']);
  });

  it("wakes only waits of its own kind", async () => {
    const rig = new Rig(async (_: undefined, ctx) => {
      await ctx.waitForSignal(nudged);
      return (await ctx.waitForSignal(approved)).by;
    });
    await rig.start();
    await rig.stem.signal("run", approved, { by: "ada" });
    await rig.finish();
    expect((await rig.record()).state).toBe("parked");
    await rig.stem.signal("run", nudged);
    expect(await rig.finish()).toMatchObject({ state: "succeeded", result: '"ada"' });
  });

  it("that does not come in time leaves undefined", async () => {
    const late: unknown[] = [];
    const body = async (_: undefined, ctx: WorkflowContext) => {
      late.push(await ctx.waitForSignal(approved, { timeout: "3d", name: "approval" }));
    };
    const rig = new Rig(body);
    await rig.start();
    expect(await rig.finish()).toMatchObject({ state: "succeeded" });
    expect([late, rig.clock.now(), await rig.lines()]).toEqual([
      [undefined],
      Date.UTC(2026, 0, 4),
      ["wait approval open", "wait approval done"],
    ]);
  });

  it("with an id is sent to a run once, however often that is tried; another run may get one of the same id", async () => {
    const rig = waiting();
    await rig.start();
    await rig.start(undefined, "other");
    const once = (run: string) => rig.stem.signal(run, approved, { by: "ada" }, { id: "click-1" });
    expect([await once("run"), await once("run"), await once("other")]).toEqual([
      { id: "click-1", as: "sent" },
      { id: "click-1", as: "duplicate" },
      { id: "click-1", as: "sent" },
    ]);
    await rig.finish();
    expect((await rig.record()).state).toBe("parked");
  });

  it("to a run that has ended says so and stores nothing, however it ended", async () => {
    const rig = waiting();
    await rig.start();
    await rig.stem.cancel("run");
    expect(await rig.stem.signal("run", approved, { by: "ada" })).toMatchObject({ as: "ended" });
    expect(await rig.adapter.events.list({ name: "signal:approved" })).toEqual([]);
  });

  it("to a run that is not stored is an error that names it, and so is one to a job that is no run", async () => {
    const rig = waiting();
    await expect(rig.stem.signal("nobody", approved, { by: "ada" })).rejects.toMatchObject({ code: "STEM_UNKNOWN_JOB", jobId: "nobody" });
    rig.registry.add(defineTask({ name: "mail", kind: "task", where: "test", run: () => {} }));
    await rig.stem.enqueue("mail", undefined, { id: "m" });
    await expect(rig.stem.signal("m", approved, { by: "ada" })).rejects.toMatchObject({
      code: "STEM_NOT_A_WORKFLOW",
      message: expect.stringMatching(/Job m is of task "mail".*signal "approved"/),
    });
    expect(await rig.adapter.events.list({ name: "signal:approved" })).toEqual([]);
  });

  it("refuses what cannot be right before anything is stored", async () => {
    const rig = waiting();
    await rig.start();
    const signal = (type: unknown, payload?: unknown, options?: object) =>
      expect(rig.stem.signal("run", type as typeof approved, payload as never, options)).rejects;
    await signal("approved").toMatchObject({ code: "STEM_OPTION_INVALID", hint: expect.stringContaining("defineSignal") });
    await signal(defineEvent("approved")).toMatchObject({ code: "STEM_OPTION_INVALID" });
    await signal(undefined).toMatchObject({ code: "STEM_OPTION_INVALID" });
    await signal(defineSignal("a b")).toMatchObject({ code: "STEM_NAME_INVALID", message: expect.stringContaining("signal name") });
    await signal(approved, new Map()).toMatchObject({ code: "STEM_PAYLOAD_UNSERIALISABLE" });
    await signal(approved, { by: "ada" }, { key: "x" }).toMatchObject({ code: "STEM_OPTION_UNKNOWN" });
    await expect(rig.stem.signal("", approved, { by: "ada" })).rejects.toMatchObject({ code: "STEM_OPTION_INVALID" });
    await expect(rig.stem.signal(undefined as never, approved, { by: "ada" })).rejects.toMatchObject({ code: "STEM_OPTION_INVALID" });
    await rig.stem.close();
    await expect(rig.stem.signal("run", approved, { by: "ada" })).rejects.toMatchObject({ code: "STEM_CLOSED" });
    expect(await rig.adapter.events.list({ name: "signal:approved" })).toEqual([]);
  });

  it("can be sent by the handle of a typed client, the one that start returns and the one made of an id", async () => {
    const rig = waiting();
    const client = rig.stem.workflow<void, string[], { readonly yes: typeof approved }>("flow", { signals: { yes: "approved" } });
    const run = await client.start(undefined, { id: "run" });
    expect(await run.signal.yes({ by: "ada" })).toMatchObject({ as: "sent" });
    expect(await client.handle("run").signal.yes({ by: "bob" }, { id: "x" })).toEqual({ id: "x", as: "sent" });
    const [again] = await client.startMany([undefined], { id: "more" });
    expect([again!.id, again!.duplicate, (await client.start(undefined, { id: "run" })).duplicate]).toEqual(["more-0", false, true]);
    await again!.cancel();
    await rig.finish();
    expect(await run.result()).toEqual(["ada", "bob"]);
  });
});

describe("Signals that have come already", () => {
  const counted = (rig: Rig, names: string[]) => (name: string, by: string) => {
    names.push(by);
    return rig.stem.signal("run", defineSignal<string>(name), by);
  };

  it("are told in one pass in the order they were sent, whatever their kinds", async () => {
    const [a, b] = [defineSignal<string>("a"), defineSignal<string>("b")];
    const rig = new Rig(async (_: undefined, ctx) => {
      const seen: string[] = [];
      while (seen.length < 60) seen.push((await ctx.race({ a: ctx.waitForSignal(a), b: ctx.waitForSignal(b) })).value);
      return seen;
    });
    await rig.start();
    const sent: string[] = [];
    const send = counted(rig, sent);
    for (let n = 0; n < 60; n++) await send(n % 3 === 0 ? "a" : "b", String(n));
    expect(JSON.parse((await rig.finish()).result!)).toEqual(sent);
    expect(rig.outcomes.map(({ kind }) => kind)).toEqual(["parked", "returned"]);
  });

  it("are kept for later waits when those they were for have lost a race, several at once, too", async () => {
    const a = defineSignal<string>("a");
    const rig = new Rig(async (_: undefined, ctx) => {
      const seen = [await ctx.waitForSignal(a)];
      for (let n = 0; n < 3; n++) {
        const won = await ctx.race({ one: ctx.waitForSignal(a), two: ctx.waitForSignal(a), three: ctx.waitForSignal(a) });
        seen.push(`${won.key} ${won.value}`);
        if (n === 1) await ctx.sleep("nap", "1h");
      }
      return seen;
    });
    await rig.start();
    for (const one of ["1", "2", "3", "4"]) await rig.stem.signal("run", a, one);
    expect(JSON.parse((await rig.finish()).result!)).toEqual(["1", "one 2", "one 3", "one 4"]);
  });

  it("go to the waits side by side in the order these were asked for", async () => {
    const a = defineSignal<string>("a");
    const rig = new Rig(async (_: undefined, ctx) => {
      const first = await ctx.waitForSignal(a);
      return [first, ...(await Promise.all([1, 2, 3].map(() => ctx.waitForSignal(a))))];
    });
    await rig.start();
    for (const one of ["1", "2", "3", "4"]) await rig.stem.signal("run", a, one);
    expect(JSON.parse((await rig.finish()).result!)).toEqual(["1", "2", "3", "4"]);
    expect(rig.outcomes).toHaveLength(2);
  });

  it("are left to the next pass once this one has lasted a second, or a tenth of its timeout", async () => {
    const a = defineSignal<string>("a");
    for (const [options, passes] of [
      [{}, 3],
      [{ timeout: "2s" }, 7],
    ] as const) {
      const rig = new Rig(async (_: undefined, ctx) => {
        for (let n = 0; n < 60; n++) {
          await ctx.waitForSignal(a);
          await ctx.step("slow", () => rig.clock.advance(25));
        }
      }, options);
      await rig.start();
      for (let n = 0; n < 60; n++) await rig.stem.signal("run", a, String(n));
      expect(await rig.finish()).toMatchObject({ state: "succeeded" });
      expect({ options, passes: rig.outcomes.length }).toEqual({ options, passes });
    }
  });
});

describe("An event client", () => {
  it("emits its kind of event, and may be waited for like it", async () => {
    const paid = defineEvent<{ cents: number }>("order.paid");
    const adapter = memory();
    await adapter.open();
    const stem = new Stem({ adapter, registry: new TaskRegistry() });
    const client = stem.event(paid);
    expect(await client.emit("o-1", { cents: 5 }, { id: "e" })).toEqual({ id: "e", duplicate: false, woken: [] });
    expect(await client.emit("o-1", { cents: 5 }, { id: "e" })).toMatchObject({ duplicate: true });
    expect(await adapter.events.list({ name: "order.paid", key: "o-1" })).toMatchObject([{ id: "e", payload: '{"cents":5}' }]);
    expect(() => stem.event("a b")).toThrow(expect.objectContaining({ code: "STEM_NAME_INVALID" }));

    const rig = new Rig(async (_: undefined, ctx) => (await ctx.waitFor(client, { key: "o-1" })).cents);
    await rig.start();
    await rig.stem.emit(paid, "o-1", { cents: 7 });
    expect(await rig.finish()).toMatchObject({ result: "7" });
  });
});
