import { describe, expect, it } from "@jest/globals";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sqlite } from "../../../lib/adapters/sqlite/index.js";
import type { Adapter } from "../../../lib/contract/index.js";
import { Stem, TaskRegistry, Worker } from "../../../lib/core/index.js";
import { Orders } from "../../../lib/core/worker/orders.js";
import { gate, Rig, turns, until } from "./rig.js";

/** A worker whose orders are noted, and the ways to give it some. */
async function ordered(obey?: (text: string) => boolean | Promise<boolean>) {
  const rig = new Rig({ work: async () => {} });
  const begun: string[] = [];
  const heard: (number | undefined)[] = [];
  const { renew } = rig.stem.adapter.workers;
  rig.stem.adapter.workers.renew = (worker, held) => {
    heard.push(worker.heard);
    return renew(worker, held);
  };
  const more = {
    obey: (text: string) => {
      begun.push(text);
      return obey?.(text) ?? true;
    },
  };
  const worker = await rig.started({ lease: "9s", poll: "1h" }, more);
  await turns();
  const order = (text: string) => rig.store.workers.order("all", text);
  const renewed = async () => {
    const before = heard.length;
    rig.clock.advance("3s");
    await until(() => heard.length > before);
    await turns();
  };
  return { rig, worker, begun, heard, order, renewed };
}

describe("What a worker is ordered to do", () => {
  it("is told once, in the order it was given, and is heard when it was carried out", async () => {
    const slow = gate();
    const { begun, heard, order, renewed } = await ordered(async (text) => {
      if (text === "one") await slow.promise;
      return true;
    });
    for (const text of ["one", "two"]) expect(await order(text)).toBe(1);
    await renewed();
    expect(begun).toEqual(["one"]);
    await renewed();
    expect([begun, heard]).toEqual([["one"], [undefined, undefined, undefined]]);
    slow.open();
    await until(() => begun.length === 2);
    await renewed();
    await renewed();
    expect([begun, heard]).toEqual([
      ["one", "two"],
      [undefined, undefined, undefined, 2, undefined],
    ]);
  });

  it("comes again after an answer was lost, and is told once though what was heard did not get through either", async () => {
    const { rig, begun, heard, order, renewed } = await ordered();
    await order("pause");
    rig.faultAfter = (verb) => (verb === "renew" ? new Error("the answer was lost") : undefined);
    await renewed();
    expect(begun).toEqual([]);
    rig.heal();
    await renewed();
    expect(begun).toEqual(["pause"]);
    rig.fault = (verb) => (verb === "renew" ? new Error("cut off") : undefined);
    await renewed();
    rig.heal();
    await renewed();
    await renewed();
    expect(begun).toEqual(["pause"]);
    expect(heard.filter((no) => no !== undefined)).toEqual([1, 1]);
  });

  it("is said once in the log where the worker does not know it, or it failed, and the next orders come all the same", async () => {
    const { rig, begun, order, renewed } = await ordered((text) => {
      if (text === "broken") throw new Error("no such thing");
      return text === "known";
    });
    for (const text of ["strange", "broken", "known"]) await order(text);
    for (let i = 0; i < 4; i++) await renewed();
    expect(begun).toEqual(["strange", "broken", "known"]);
    expect(rig.lines.filter((line) => line.includes("order"))).toEqual([
      'warn This worker does not know the order "strange"; it goes on as before.',
      expect.stringMatching(/^error The order "broken" could not be carried out; it is not tried again: .*no such thing/),
    ]);
  });

  it("is told once to a worker that is known under two names, and not lost with the old one", async () => {
    const { rig, begun, order, renewed } = await ordered();
    // A claim whose answer is lost: from then on the worker claims under another name.
    rig.faultAfter = (verb) => (verb === "claim" ? new Error("the answer was lost") : undefined);
    await rig.stem.enqueue("work");
    await until(() => rig.told.includes("worker:error"));
    expect(await order("pause")).toBe(1);
    rig.heal();
    for (let i = 0; i < 4; i++) await renewed();
    expect((await rig.store.workers.list()).items.map(({ id }) => id.split("~")[1])).toEqual(["2"]);
    expect(begun).toEqual(["pause"]);
    expect(await order("resume")).toBe(1);
    await renewed();
    expect(begun).toEqual(["pause", "resume"]);
  });

  it("outlives a restart of the store", async () => {
    const folder = mkdtempSync(join(tmpdir(), "stem-orders-"));
    const opened = async (): Promise<Adapter> => {
      const adapter = sqlite(join(folder, "stem.db"));
      await adapter.open();
      return adapter;
    };
    let store = await opened();
    // The worker's way to the store, whichever handle that is; answers can be lost on it.
    let lost = true;
    const renewals: (number | undefined)[] = [];
    const broker: Adapter["broker"] = { ...store.broker, claim: (request) => store.broker.claim(request) };
    const workers: Adapter["workers"] = {
      ...store.workers,
      renew: async (worker, held) => {
        const renewed = await store.workers.renew(worker, held);
        renewals.push(worker.heard);
        if (lost && renewed.orders.length > 0) throw new Error("the answer was lost");
        return renewed;
      },
      leave: (id) => store.workers.leave(id),
    };
    const adapter: Adapter = { ...store, workers, broker };
    const begun: string[] = [];
    const worker = new Worker({
      stem: new Stem({ adapter, registry: new TaskRegistry(), log: { log() {}, warn() {}, error() {}, debug() {} } }),
      options: { lease: "300ms", queues: ["default"], poll: "1h" },
      obey: (text) => begun.push(text) > 0,
    });
    const eventually = async (isSo: () => boolean): Promise<void> => {
      for (const until = Date.now() + 10_000; !isSo() && Date.now() < until;) await new Promise((resolve) => setTimeout(resolve, 5));
      expect(isSo()).toBe(true);
    };
    try {
      await worker.start();
      expect(await store.workers.order("all", "before")).toBe(1);
      const before = renewals.length;
      await eventually(() => renewals.length > before);
      const old = store;
      store = await opened();
      await old.close();
      expect([begun, await store.workers.order("all", "after")]).toEqual([[], 1]);
      lost = false;
      await eventually(() => renewals.includes(2));
      expect(begun).toEqual(["before", "after"]);
    } finally {
      await worker.stop();
      await store.close();
      rmSync(folder, { recursive: true });
    }
  });

  it("is obeyed from a store that was emptied, which counts orders from 1 again", async () => {
    const begun: string[] = [];
    const orders = new Orders({ obey: (text) => begun.push(text) > 0, log: { log() {}, warn() {}, error() {}, debug() {} } });
    const given = [
      { no: 1, text: "one" },
      { no: 2, text: "two" },
    ];
    orders.answered("ann", undefined, given);
    await turns();
    // Repeated, since nothing was heard so far.
    orders.answered("ann", undefined, given);
    await turns();
    expect([begun, orders.heard("ann")]).toEqual([["one", "two"], 2]);
    orders.answered("ann", 2, []);
    expect(orders.heard("ann")).toBeUndefined();

    orders.answered("ann", undefined, [{ no: 1, text: "after" }]);
    await turns();
    orders.answered("ann", undefined, [{ no: 1, text: "after" }]);
    await turns();
    expect([begun, orders.heard("ann")]).toEqual([["one", "two", "after"], 1]);
    orders.answered("ann", 1, []);
    expect(orders.heard("ann")).toBeUndefined();
  });
});
