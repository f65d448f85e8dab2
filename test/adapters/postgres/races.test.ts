import { afterAll, beforeAll, beforeEach, expect, it } from "@jest/globals";
import { Client } from "pg";
import type { Adapter, Delivery, NewJob } from "../../../lib/contract/index.js";
import { postgres } from "../../../lib/adapters/postgres/index.js";
import { describeShared } from "../../servers/index.js";
import { ask, hire, PostgresBench, take } from "./bench.js";

/** Tries of each race: enough that each order has come about, in about a second. */
const TRIES = 100;

const boom = { name: "Error", message: "boom" };

describeShared("postgres")("Two connections at once:", () => {
  let bench: PostgresBench;
  let a: Adapter;
  let b: Adapter;

  beforeAll(async () => {
    bench = await PostgresBench.start("races");
    a = await bench.open();
    b = await bench.open();
  });

  beforeEach(async () => {
    await hire(a, "ann");
    await hire(b, "bob");
  });

  afterAll(() => bench?.stop());

  const deadlocks = async (): Promise<number> => {
    const [row] = await bench.sql<{ n: string }>("SELECT deadlocks AS n FROM pg_stat_database WHERE datname = current_database()");
    return Number(row!.n);
  };
  const stateOf = async ({ id }: { readonly id: string }) => (await a.jobs.get([id]))[0]?.state;
  /** Each in its own order, and together. */
  const both = <A, B>(first: () => Promise<A>, second: () => Promise<B>, turn: number): Promise<[A, B]> => {
    if (turn % 2 === 0) return Promise.all([first(), second()]);
    const late = second();
    return Promise.all([first(), late]);
  };

  it("settles of overlapping batches, in opposite orders, do not wait for each other in a circle, and each job ends once", async () => {
    const before = await deadlocks();
    for (let turn = 0; turn < TRIES / 2; turn++) {
      await a.broker.enqueue(bench.jobs(40));
      const lent: Delivery[] = [];
      for (let part = 0; part < 4; part++) lent.push(...(await take(part % 2 === 0 ? a : b, part % 2 === 0 ? "ann" : "bob", 10)));
      const ways = [lent, lent.toReversed()].map((list, way) =>
        list.map(({ lease }, i) =>
          // Some of them along the way that takes several statements.
          (i + way) % 7 === 0
            ? ({ lease, as: "failed", cause: "error", error: boom } as const)
            : ({ lease, as: "succeeded", result: "1" } as const),
        ),
      );
      const [one, two] = await Promise.all([a.broker.settle(ways[0]!), b.broker.settle(ways[1]!)]);
      expect([...one.lost, ...two.lost].sort()).toEqual(lent.map(({ job }) => job.id).sort());
    }
    expect(await deadlocks()).toBe(before);
  });

  it("sixty pairs of settles that cancel each other's jobs do not wait for each other in a circle, and one of each pair counts", async () => {
    const before = await deadlocks();
    for (let turn = 0; turn < 60; turn++) {
      await a.broker.enqueue(bench.jobs(2));
      const [mine] = await take(a, "ann", 1);
      const [yours] = await take(b, "bob", 1);
      const ending = (own: Delivery, other: Delivery) =>
        ({ lease: own.lease, as: "failed", cause: "error", error: boom, cancel: [{ id: other.job.id, reason: "you" }] }) as const;
      const [one, two] = await both(
        () => a.broker.settle([ending(mine!, yours!)]),
        () => b.broker.settle([ending(yours!, mine!)]),
        turn,
      );
      expect([...one.lost, ...two.lost].length).toBe(1);
      expect([await stateOf(mine!.job), await stateOf(yours!.job)].sort()).toEqual(["cancelled", "failed"]);
    }
    expect(await deadlocks()).toBe(before);
  });

  it("a job that is lent while it is cancelled along is cancelled all the same", async () => {
    for (let turn = 0; turn < 60; turn++) {
      await a.broker.enqueue(bench.jobs(1));
      const [mine] = await take(a, "ann", 1);
      const [victim] = bench.jobs(1);
      await a.broker.enqueue([victim!]);
      const [settled] = await both(
        () => a.broker.settle([{ lease: mine!.lease, as: "succeeded", cancel: [{ id: victim!.id, reason: "stop" }] }]),
        () => take(b, "bob", 1),
        turn,
      );
      expect([settled.lost, settled.ended?.map(({ id }) => id)]).toEqual([[], [victim!.id]]);
      expect(await stateOf(victim!)).toBe("cancelled");
    }
  });

  it("a cancel and a claim leave the job with one of them", async () => {
    for (let turn = 0; turn < TRIES; turn++) {
      const job = bench.job();
      await a.broker.enqueue([job]);
      const [cancelled, deliveries] = await both(
        () => a.jobs.change({ ids: [job.id] }, { to: "cancelled", reason: "stop" }),
        () => take(b, "bob"),
        turn,
      );
      expect(cancelled.answers[0]).toMatchObject({ as: "changed", was: deliveries.length === 1 ? "active" : "ready" });
      expect(await stateOf(job)).toBe("cancelled");
      for (const { lease } of deliveries) expect((await b.broker.settle([{ lease, as: "succeeded" }])).lost).toEqual([job.id]);
    }
  });

  it("a cancel that waits for a job's loan finds it lent anew, and leaves it alone while nobody holds it", async () => {
    const job = bench.job();
    await a.broker.enqueue([job]);
    const [first] = await take(b, "bob");
    let second: Delivery | undefined;
    // What others do just before a statement of the cancel.
    const meanwhile: (readonly [before: RegExp, act: () => Promise<unknown>])[] = [
      [/loans WHERE seqs &&.* FOR UPDATE/, () => b.broker.settle([{ lease: first!.lease, as: "ready", attempt: "spent", delayMs: 0 }])],
      [/active\b.* WHERE seq = ANY/, async () => ([second] = await take(b, "bob"))],
      [/./, () => b.broker.settle([{ lease: second!.lease, as: "succeeded", result: "1" }])],
    ];
    const pool = bench.pool();
    pool.on("connect", (client) => {
      const query = client.query.bind(client) as (...args: unknown[]) => Promise<unknown>;
      client.query = (async (...args: unknown[]) => {
        const text = typeof args[0] === "string" ? args[0] : (args[0] as { readonly text: string }).text;
        if (meanwhile[0]?.[0].test(text) === true) await meanwhile.shift()![1]();
        return query(...args);
      }) as unknown as typeof client.query;
    });
    const c = postgres(pool, { schema: bench.schema });
    await c.open();
    expect(await c.jobs.change({ ids: [job.id] }, { to: "cancelled", reason: "stop" })).toEqual({
      answers: [{ id: job.id, as: "ended", was: "succeeded" }],
    });
    expect([meanwhile, await stateOf(job)]).toEqual([[], "succeeded"]);
    await c.close();
  });

  it("a canvas that begins with a stored job, and that job's end: whoever comes first, the next job runs", async () => {
    for (let turn = 0; turn < TRIES; turn++) {
      const first = bench.job();
      const second = bench.job({ waitsFor: 1 });
      await a.broker.enqueue([first]);
      const steps = [() => take(b, "bob"), async () => undefined] as const;
      const lent = await steps[turn % 4 === 3 ? 1 : 0]();
      const again = { ...first, links: [{ to: second.id, position: 0 }] };
      const end = async (): Promise<void> => {
        let [delivery] = lent ?? (await take(b, "bob"));
        // Passed over while the other holds it; that one gives a hint when it is done.
        while (delivery === undefined) [delivery] = await take(b, "bob");
        await b.broker.settle([{ lease: delivery.lease, as: "succeeded", result: '"1"' }]);
      };
      await both(() => a.broker.enqueue([again, second]), end, turn);
      const [delivery] = await take(b, "bob");
      expect(delivery).toMatchObject({ job: { id: second.id }, inputs: [{ jobId: first.id, state: "succeeded", result: '"1"' }] });
      await b.broker.settle([{ lease: delivery!.lease, as: "succeeded" }]);
    }
  });

  it("a retry of a cancelled job and the arrival of its input: whoever comes first, it runs with its input", async () => {
    for (let turn = 0; turn < TRIES; turn++) {
      const body = bench.job({ waitsFor: 1 });
      const input = bench.job({ links: [{ to: body.id, position: 0 }] });
      await a.broker.enqueue([input, body]);
      await a.jobs.change({ ids: [body.id] }, { to: "cancelled", reason: "stop" });
      const [delivery] = await take(b, "bob");
      const end = () => b.broker.settle([{ lease: delivery!.lease, as: "succeeded", result: "1" }]);
      const [moved] = await both(() => a.jobs.change({ ids: [body.id] }, { to: "ready" }), end, turn);
      expect(moved.answers).toEqual([{ id: body.id, as: "changed", was: "cancelled" }]);
      const [next] = await take(b, "bob");
      expect(next).toMatchObject({ job: { id: body.id }, inputs: [{ jobId: input.id, result: "1" }] });
      await b.broker.settle([{ lease: next!.lease, as: "succeeded" }]);
    }
  });

  it("a worker whose lease ends and the one who takes its jobs back: no job is lost between them", async () => {
    for (let turn = 0; turn < TRIES; turn++) {
      const now = Date.now() + 10 * 3_600_000;
      const jobs = bench.jobs(5, { queue: "brink" });
      await a.broker.enqueue(jobs, { now });
      await a.workers.renew({ id: `brink${turn}`, leaseMs: 10, info: {} }, [], { now });
      await b.workers.renew({ id: "heir", leaseMs: 60_000, info: {} }, [], { now });
      // Within the lease by the one's clock, after it by the other's.
      const late = a.broker.claim(ask(`brink${turn}`, 3, "brink"), { now: now + 9 });
      const heir = b.broker.claim(ask("heir", 5, "brink"), { now: now + 10 });
      await Promise.all([late, heir]);
      await b.broker.claim(ask("heir", 5, "brink"), { now: now + 11 });
      const held = (await a.jobs.get(jobs.map(({ id }) => id))).map((record) => record?.worker);
      expect(held).toEqual(jobs.map(() => "heir"));
      await b.workers.leave("heir");
      await b.jobs.change({ ids: jobs.map(({ id }) => id) }, { to: "cancelled", reason: "done" });
    }
  });

  it("an event in a transaction that is open for long keeps no worker waiting, and is not missed by a job that parks meanwhile", async () => {
    const job: NewJob = bench.job({ queue: "long" });
    await a.broker.enqueue([job]);
    const [delivery] = await take(b, "bob", 1, "long");
    const client = new Client(bench.url);
    await client.connect();
    await client.query("BEGIN");
    const event = { id: "long", name: "paid", key: job.id, payload: '"now"' };
    await a.events.emit([event], { transaction: client });
    const park = { as: "parked", waits: [{ name: "paid", key: job.id, after: 0 }] } as const;
    // Were it kept waiting, it would be so until the commit, which comes after it.
    expect((await b.broker.settle([{ lease: delivery!.lease, ...park }])).lost).toEqual([]);
    expect(await stateOf(job)).toBe("ready");
    await client.query("COMMIT");
    await client.end();
    const [record] = await a.jobs.get([job.id]);
    const now = record!.dueAt;
    const { deliveries } = await b.broker.claim(ask("bob", 1, "long"), { now });
    await b.broker.settle([{ lease: deliveries[0]!.lease, ...park }], undefined, { now });
    const [woken] = (await b.broker.claim(ask("bob", 1, "long"), { now })).deliveries;
    expect(woken?.wake).toMatchObject({ by: "event", payload: '"now"' });
  });
});
