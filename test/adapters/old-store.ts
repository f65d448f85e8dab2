import { expect } from "@jest/globals";
import type { Adapter, Claim, NewJob } from "../../lib/contract/index.js";
import type { OldAdapter, OldLease } from "../fixtures/previous/index.js";

const QUEUE = "work";
const job = (id: string, over: Partial<NewJob> = {}): NewJob => ({ id, task: "t", queue: QUEUE, payload: `"${id}"`, ...over });
const ask = (worker: string): Claim => ({ worker, from: [{ queue: QUEUE }], limit: 100 });
const boom = { name: "Error", message: "boom" };

/** What the jobs of `everyState` must have become once `liveOn` is through. */
const ENDS: Readonly<Record<string, string>> = {
  ready: "succeeded",
  delayed: "succeeded",
  "chain-0": "succeeded",
  "chain-1": "succeeded",
  active: "succeeded",
  lent: "succeeded",
  again: "succeeded",
  parked: "succeeded",
  sleeping: "succeeded",
  done: "succeeded",
  dead: "failed",
  retried: "succeeded",
  cancelled: "cancelled",
  late: "cancelled",
  expired: "expired",
};

let leases = new Map<string, OldLease>();

/** Leaves a job in every state there is, a run with a journal, an event and schedules. */
export async function everyState(old: OldAdapter): Promise<void> {
  const { broker, workers, events, schedules } = old;
  await workers.beat({ id: "ann", leaseMs: 3_600_000, info: {} }, []);
  await broker.enqueue([
    ...["active", "lent", "again", "parked", "sleeping", "done", "dead", "retried"].map((id) => job(id)),
    job("expired", { expiresAt: Date.now() + 1 }),
    job("cancelled"),
    job("late"),
  ]);
  const [cancelled] = await broker.cancel(["cancelled"], "no more");
  expect(cancelled).toMatchObject({ id: "cancelled" });
  const { deliveries } = await broker.claim(ask("ann"));
  leases = new Map(deliveries.map(({ lease }) => [lease.jobId, lease]));
  const at = (id: string): OldLease => leases.get(id)!;
  const journal = [{ seq: 1, key: "a", kind: "step", state: "done" as const, value: '"kept"' }];
  await broker.settle([
    { lease: at("again"), as: "ready", attempt: "spent", error: boom },
    { lease: at("parked"), as: "parked", waits: [{ name: "paid", key: "k", after: 0 }], journal },
    { lease: at("sleeping"), as: "parked", waits: [], deadline: Date.now() + 300 },
    { lease: at("done"), as: "succeeded", result: "1" },
    { lease: at("dead"), as: "failed", cause: "error", error: boom },
    { lease: at("retried"), as: "failed", cause: "error", error: boom },
  ]);
  await broker.enqueue([
    job("ready"),
    job("delayed", { delayMs: 300 }),
    job("chain-0", { links: [{ to: "chain-1", position: 0 }] }),
    job("chain-1", { waitsFor: 1 }),
  ]);
  await events.emit([{ id: "e1", name: "other", key: "k" }]);
  await schedules.upsert([{ id: "code", spec: "{}", nextAt: Date.now() + 60_000 }]);
  await schedules.upsert([{ id: "made", spec: "{}", nextAt: Date.now() - 1, dynamic: true }]);
}

/** Has both versions go on with it by turns, until nothing is left, and looks at every record. */
export async function liveOn(old: OldAdapter, fresh: Adapter): Promise<void> {
  // What the old one lent is settled by the old one, and cancelled by the new one.
  expect((await fresh.jobs.change({ ids: ["late"] }, { to: "cancelled", reason: "no more" })).answers).toMatchObject([
    { id: "late", as: "changed" },
  ]);
  const settled = await old.broker.settle(["active", "late"].map((id) => ({ lease: leases.get(id)!, as: "succeeded", result: "2" })));
  expect(settled.lost).toEqual(["late"]);
  // What it does not settle goes back when it leaves.
  await old.workers.leave("ann");
  await fresh.jobs.change({ ids: ["retried"] }, { to: "ready" });
  await fresh.events.emit([{ id: "e2", name: "paid", key: "k", payload: "3" }]);
  await fresh.workers.renew({ id: "w0", leaseMs: 3_600_000, info: {} }, []);
  await old.workers.beat({ id: "w1", leaseMs: 3_600_000, info: {} }, []);
  const turns = [() => turn(fresh.broker, "w0"), () => turn(old.broker, "w1")];
  const seen = new Map<string, object>();
  const until = performance.now() + 20_000;
  for (let n = 0; ; n++) {
    const { ready, active, parked, blocked } = await fresh.jobs.count();
    if (ready + active + parked + blocked === 0) break;
    if (performance.now() > until) throw new Error(`Not done: ${JSON.stringify({ ready, active, parked, blocked })}`);
    const lent = await turns[n % 2]!();
    for (const one of lent) seen.set(one.job.id, one);
    if (lent.length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
  }
  expect(seen.get("again")).toMatchObject({ attempt: 2 });
  expect(seen.get("parked")).toMatchObject({ wake: { by: "event" } });
  expect((await fresh.journal.read([{ id: "parked" }]))[0]).toMatchObject([{ key: "a", value: '"kept"' }]);
  const ids = Object.keys(ENDS);
  for (const records of [await old.results.get(ids), await fresh.jobs.get(ids)]) {
    expect(Object.fromEntries(records.map((record, i) => [ids[i], record?.state]))).toEqual(ENDS);
    expect(records.map((record) => record?.payload)).toEqual(ids.map((id) => `"${id}"`));
  }
  expect((await fresh.schedules.list()).items.map(({ id, owner }) => [id, owner])).toEqual([
    ["code", "app"],
    ["made", ""],
  ]);
  expect((await fresh.schedules.due([], 10)).schedules.map(({ id }) => id)).toEqual(["made"]);
  await bySchedules(old, fresh);
}

/** Has both versions store, move and remove schedules; each finds what the other has done. */
async function bySchedules({ schedules: old }: OldAdapter, { schedules: fresh }: Adapter): Promise<void> {
  const [soon, far] = [Date.now() - 5, Date.now() + 60_000];
  const dueToApp = async (): Promise<readonly (readonly [string, number | undefined])[]> =>
    (await fresh.due(["app"], 3)).schedules.map(({ id, nextAt }) => [id, nextAt]);
  await fresh.put(
    ["a", "b", "c", "d", "e", "f"].map((id) => ({ id, spec: "s", nextAt: soon })),
    { owner: "app", deployment: 7 },
  );
  // The old one does not keep the order of the new one, which is mended where it is read.
  for (const id of ["a", "b"]) {
    const shot = { id, slot: soon, nextAt: far, spec: "s", job: job(`${id}@1`, { queue: "slots" }) };
    expect(await old.fire([shot])).toEqual([id]);
  }
  expect([await old.pause("c"), await old.remove("d")]).toEqual([true, true]);
  expect((await dueToApp()).map(([id]) => id)).toEqual(["made", "e", "f"]);
  expect(await fresh.list({ ids: ["a"] })).toMatchObject({ items: [{ nextAt: far, owner: "app", deployment: 7 }] });
  // What it moves to the front is found once it has been listed, as each beat does every minute.
  expect(await old.resume("c", soon - 1)).toBe(true);
  await old.upsert([{ id: "g", spec: "s", nextAt: soon - 3 }]);
  await old.upsert([{ id: "made", spec: "{}", nextAt: soon }]);
  expect((await fresh.list({ limit: 1_000 })).items).toHaveLength(8);
  expect((await dueToApp()).slice(1)).toEqual([
    ["g", soon - 3],
    ["c", soon - 1],
  ]);
  expect((await fresh.due([], 10)).schedules).toEqual([]);
  // And the old one finds what the new one has done.
  await fresh.put([{ id: "new", spec: "s", nextAt: soon }], { owner: "" });
  await fresh.change([{ id: "g", to: "removed" }]);
  expect((await old.due(["c", "g", "e"], 10)).schedules.map(({ id }) => id)).toEqual(["c", "e", "new"]);
}

/** Lends one job, if there is any, and has it succeed. */
async function turn<L>(broker: Lends<L>, worker: string): Promise<readonly { readonly job: { readonly id: string } }[]> {
  const { deliveries } = await broker.claim({ ...ask(worker), limit: 1 });
  // Version 0.1 cannot settle nothing: Postgres refuses its statement for that.
  if (deliveries.length === 0) return deliveries;
  const settled = await broker.settle(deliveries.map(({ lease }) => ({ lease, as: "succeeded", result: "4" })));
  expect(settled.lost).toEqual([]);
  return deliveries;
}

/** What both versions have in common, each with leases of its own. */
interface Lends<L> {
  claim(claim: Claim): Promise<{ readonly deliveries: readonly { readonly lease: L; readonly job: { readonly id: string } }[] }>;
  settle(
    settlements: { readonly lease: L; readonly as: "succeeded"; readonly result: string }[],
  ): Promise<{ readonly lost: readonly string[] }>;
}
