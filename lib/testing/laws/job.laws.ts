import assert from "node:assert/strict";
import { COMMON_KINDS, FIELDS, idsMet } from "../../contract/index.js";
import type { NewJob } from "../../contract/index.js";
import { ids, one, sorted } from "./bench.js";
import type { Law } from "./law.js";

/**
 * Text that careless storage changes.
 * It has quotes, backslashes, line ends of all kinds, astral and combining characters, markup, SQL.
 */
export const ODD_TEXT = `'"\`\\ \\n \n\r\n\t \u0001 \u007f \u2028 \ufeff é e\u0301 漢字 👩‍👩‍👧 🦆 %s $1 :name ?1 {"a":[]} </script> '; DROP TABLE jobs; --  `;

/** A value for each field that not every adapter honours. */
const SAMPLES: Partial<NewJob> = { limits: [{ name: "smtp" }], unique: { key: "k", until: "ended", whenHeld: "keep" } };

export const jobLaws: readonly Law[] = [
  {
    title: "an enqueued job is lent as it was given",
    async check(bench) {
      const job = bench.job({ payload: '{"to":"ann"}', headers: { tenant: "north" }, priority: 3, group: bench.name("group") });
      assert.deepEqual(idsMet(await bench.enqueue(job)), []);
      const delivery = await bench.takeOne();
      assert.deepEqual(delivery.job, {
        id: job.id,
        task: job.task,
        queue: job.queue,
        payload: job.payload,
        headers: job.headers,
        priority: 3,
        enqueuedAt: bench.now,
        dueAt: bench.now,
        group: job.group,
      });
      assert.deepEqual(delivery.inputs, []);
      assert.equal(delivery.lease.jobId, job.id);
      assert.equal(delivery.attempt, 1);
      assert.equal(delivery.lapses, 0);
      assert.equal(delivery.journaled, false);
      assert.ok(!("wake" in delivery), "a job that never parked has no wake");
    },
  },
  {
    title: "what a job leaves out is left out of its delivery too",
    async check(bench) {
      await bench.put();
      const { job } = await bench.takeOne();
      assert.equal(job.priority, 0);
      assert.ok(!("headers" in job) && !("group" in job), "headers and group are absent");
    },
  },
  {
    title: "ids, names, payloads, headers and results survive unchanged, whatever characters they hold",
    async check(bench) {
      const odd = { id: bench.name(ODD_TEXT), task: ODD_TEXT, queue: bench.name(ODD_TEXT), payload: ODD_TEXT, group: ODD_TEXT };
      const job: NewJob = { ...odd, headers: { [ODD_TEXT]: ODD_TEXT, empty: "" } };
      await bench.enqueue(job);
      const delivery = await bench.takeOne({ from: [{ queue: job.queue }] });
      for (const field of ["id", "task", "queue", "payload", "group", "headers"] as const)
        assert.deepEqual(delivery.job[field], job[field], field);
      await bench.succeed(delivery, ODD_TEXT);
      const record = await bench.known(job.id);
      assert.equal(record.result, ODD_TEXT);
      assert.deepEqual(record.headers, job.headers);
    },
  },
  {
    title: "a payload and a result of one mebibyte survive unchanged",
    async check(bench) {
      const large = "0123456789abcdé€".repeat(65_536);
      await bench.put({ payload: large });
      const delivery = await bench.takeOne();
      assert.ok(delivery.job.payload === large, "the payload came back changed");
      await bench.succeed(delivery, large);
      assert.ok((await bench.known(delivery.job.id)).result === large, "the result came back changed");
    },
  },
  {
    title: "a call of twenty large jobs is stored whole and unchanged, and told to be known when it is repeated",
    async check(bench) {
      const large = "0123456789abcdé€".repeat(50_000);
      const jobs = bench.jobs(20, { payload: large });
      assert.deepEqual(idsMet(await bench.enqueue(...jobs)), []);
      assert.deepEqual(
        idsMet(await bench.enqueue(bench.job({ payload: "new" }), ...jobs)),
        jobs.map(({ id }) => id),
      );
      const lent = await bench.take({ limit: 30 });
      assert.equal(lent.length, 21);
      assert.ok(
        lent.slice(0, 20).every(({ job }) => job.payload === large),
        "a payload came back changed",
      );
    },
  },
  {
    title: "an empty payload and an empty result are not the same as none",
    async check(bench) {
      await bench.put({ payload: "" });
      const delivery = await bench.takeOne();
      assert.equal(delivery.job.payload, "");
      await bench.succeed(delivery, "");
      assert.equal((await bench.known(delivery.job.id)).result, "");
    },
  },
  {
    title: "a batch is stored whole, and an empty one is no fault",
    async check(bench) {
      assert.deepEqual(idsMet(await bench.enqueue()), []);
      const jobs = bench.jobs(250);
      assert.deepEqual(idsMet(await bench.enqueue(...jobs)), []);
      assert.deepEqual(
        ids(await bench.take({ limit: 1_000 })),
        jobs.map(({ id }) => id),
      );
    },
  },
  {
    title: "one bad job in a batch stores nothing of it",
    async check(bench) {
      const bad: readonly Partial<NewJob>[] = [
        { id: "" },
        { id: "x".repeat(201) },
        { priority: 10 },
        { priority: 0.5 },
        { dueAt: bench.now, delayMs: 1 },
        { delayMs: -1 },
        { maxLapses: 1.5 },
        { waitsFor: 1 },
        { links: [{ to: bench.name("nobody"), position: 0 }] },
      ];
      for (const fault of bad) {
        const good = bench.jobs(2);
        const batch = [good[0]!, bench.job(fault), good[1]!];
        await assert.rejects(bench.enqueue(...batch), { code: "STEM_JOB_INVALID" }, JSON.stringify(fault).slice(0, 80));
        for (const job of good) assert.equal(await bench.record(job.id), undefined, JSON.stringify(fault).slice(0, 80));
      }
      const [a, b] = bench.jobs(2) as [NewJob, NewJob];
      const circle = [a, b].map((job, i) => ({ ...job, waitsFor: 1, links: [{ to: [b, a][i]!.id, position: 0 }] }));
      await assert.rejects(bench.enqueue(...circle), { code: "STEM_JOB_INVALID" }, "two jobs that wait for each other");
      assert.deepEqual(await bench.take(), []);
    },
  },
  {
    title: "a capability the adapter lacks is refused before anything is written",
    async check(bench) {
      const { broker, events, capabilities } = bench.adapter;
      const refused = { code: "STEM_UNSUPPORTED" };
      const good = bench.job();
      if (!capabilities.transactions) {
        await assert.rejects(broker.enqueue([good], { ...bench.at, transaction: {} }), refused);
        const event = { id: bench.name("event"), name: bench.name("paid"), key: "" };
        await assert.rejects(events.emit([event], { ...bench.at, transaction: {} }), refused);
        assert.deepEqual(await events.list({ name: event.name }, bench.at), []);
      }
      assert.equal(await bench.record(good.id), undefined);
    },
  },
  {
    title: "a field that the adapter does not honour is refused by its name before anything is written",
    async check(bench) {
      const { honours, limits } = bench.adapter;
      const fields = Object.keys(FIELDS) as (keyof NewJob)[];
      for (const field of fields.filter((name) => !honours.has(FIELDS[name]))) {
        const [before, after] = [bench.job(), bench.job()];
        const refusal = { code: "STEM_UNSUPPORTED", message: new RegExp(`"${field}"`) };
        await assert.rejects(bench.enqueue(before, bench.job({ [field]: SAMPLES[field] }), after), refusal);
        assert.equal(await bench.record(before.id), undefined, field);
        const lent = await bench.put().then(() => bench.takeOne());
        const settlement = { lease: lent.lease, as: "succeeded", enqueue: [after, bench.job({ [field]: SAMPLES[field] })] } as const;
        await assert.rejects(bench.settle(settlement), refusal);
        assert.equal((await bench.record(lent.job.id))?.state, "active", field);
        assert.equal(await bench.record(after.id), undefined, field);
        await bench.settle({ lease: lent.lease, as: "succeeded" });
      }
      for (const kind of COMMON_KINDS) assert.ok(honours.has(kind), `each adapter honours fields of the kind "${kind}"`);
      assert.equal(limits !== undefined, honours.has("track"), "limits are present where tracks are honoured");
    },
  },
  {
    title: "each job of a batch has its own fields, whatever the one before it has",
    async check(bench) {
      const group = bench.name("group");
      const fields: Partial<NewJob>[] = [
        {},
        { headers: { tenant: "a" } },
        { group },
        { priority: 3 },
        { keepResultMs: 1_000 },
        { keepFailedMs: 1_000 },
        { maxLapses: 1 },
        { delayMs: 60_000 },
        { dueAt: bench.now + 60_000 },
        { expiresInMs: 60_000 },
        { expiresAt: bench.now + 60_000 },
        { payload: "other" },
      ];
      // Each beside each other one, so that a mix-up of neighbours shows.
      const jobs = fields.flatMap((one) => fields.map((other) => [bench.job(one), bench.job(other)])).flat();
      await bench.enqueue(...jobs);
      const records = await bench.adapter.jobs.get(
        jobs.map(({ id }) => id),
        bench.at,
      );
      for (const [i, job] of jobs.entries()) {
        const { payload, priority = 0, headers, group: label, dueAt, delayMs } = job;
        const stored = records[i]!;
        const due = dueAt ?? bench.now + (delayMs ?? 0);
        assert.deepEqual(
          [stored.payload, stored.priority, stored.headers, stored.group, stored.dueAt],
          [payload, priority, headers, label, due],
          `job ${i} of the batch`,
        );
      }
      const due = jobs.filter(({ dueAt, delayMs }) => (dueAt ?? delayMs) === undefined);
      assert.deepEqual((await bench.drain(undefined, { limit: 1_000 })).toSorted(), due.map(({ id }) => id).toSorted());
      bench.pass(1_000);
      const left = await bench.adapter.jobs.get(
        due.map(({ id }) => id),
        bench.at,
      );
      for (const [i, { keepResultMs }] of due.entries())
        assert.equal(left[i] === undefined, keepResultMs !== undefined, `whether due job ${i} is kept for longer than a second`);
    },
  },
  {
    title: "a known id is reported and skipped, and the rest of the batch is stored",
    async check(bench) {
      const known = await bench.put({ payload: "first" });
      const fresh = bench.job();
      assert.deepEqual(idsMet(await bench.enqueue({ ...known, payload: "second" }, fresh)), [known.id]);
      assert.deepEqual(sorted(ids(await bench.take())), sorted([known.id, fresh.id]));
    },
  },
  {
    title: "the first of two equal ids in one call wins",
    async check(bench) {
      const job = bench.job({ payload: "first" });
      assert.deepEqual(idsMet(await bench.enqueue(job, { ...job, payload: "second" })), [job.id]);
      assert.equal((await bench.takeOne()).job.payload, "first");
    },
  },
  {
    title: "duplicates are reported in the order given",
    async check(bench) {
      const [a, b, c] = bench.jobs(3) as [NewJob, NewJob, NewJob];
      await bench.enqueue(a, b, c);
      assert.deepEqual(idsMet(await bench.enqueue(c, a, b)), [c.id, a.id, b.id]);
    },
  },
  {
    title: "a duplicate leaves the stored job untouched",
    async check(bench) {
      const job = await bench.put({ payload: "first", priority: 1 });
      const before = await bench.known(job.id);
      bench.pass(1_000);
      await bench.enqueue({ ...job, payload: "second", priority: 9, delayMs: 5_000, queue: bench.name("elsewhere") });
      assert.deepEqual(await bench.known(job.id), before);
      assert.deepEqual(await bench.take({ from: [{ queue: bench.name("elsewhere") }] }), []);
      assert.equal((await bench.takeOne()).job.payload, "first");
    },
  },
  {
    title: "of many producers that store the same id at once just one succeeds",
    async check(bench) {
      const other = await bench.other();
      const job = bench.job();
      const answers = await Promise.all(
        Array.from({ length: 20 }, (_, i) => (i % 2 === 0 ? bench.adapter : other).broker.enqueue([job], bench.at)),
      );
      assert.equal(answers.filter(({ met }) => met.length === 0).length, 1);
      one(await bench.take());
    },
  },
  {
    title: "what one handle stores the other sees",
    async check(bench) {
      const other = await bench.other();
      const job = await bench.put();
      assert.equal((await other.jobs.get([job.id], bench.at))[0]?.state, "ready");
      await bench.hire("bob");
      const { deliveries } = await other.broker.claim({ worker: "bob", from: [{ queue: bench.queue }], limit: 1 }, bench.at);
      await other.broker.settle([{ lease: one(deliveries).lease, as: "succeeded", result: "7" }], undefined, bench.at);
      assert.equal((await bench.known(job.id)).result, "7");
    },
  },
];
