import assert from "node:assert/strict";
import { type Failure, idsMet, LONGEST, type NewJob } from "../../contract/index.js";
import type { LawBench } from "./bench.js";
import type { Law } from "./law.js";

/** Texts that no store may take for a key: some would change it, some refuse it, some make two keys one. */
const halves: readonly unknown[] = ["half \ud83d", "half \ud83e", "\udca9 half", "nul \0 in it", 5, null, undefined, {}];

/** The same, with a text of more characters than are allowed. */
const badTexts = (most: number = LONGEST.id): readonly string[] => [...halves, "", "x".repeat(most + 1)] as readonly string[];

const odd = (text: unknown): string => (JSON.stringify(text) ?? "undefined").slice(0, 60);

/** Three bytes of UTF-8 per character, the most there can be. */
const longest = (most: number, begin: string): string => begin.padEnd(most, "漢");

async function refuses(what: string, texts: readonly unknown[], call: (text: string) => Promise<unknown>): Promise<void> {
  for (const text of texts) await assert.rejects(call(text as string), { code: "STEM_OPTION_INVALID" }, `${what} ${odd(text)}`);
}

/** The fields of a job that are keys, or that are read back as they were given. */
function badJobs(bench: LawBench): Partial<NewJob>[] {
  return [
    ...badTexts().flatMap((text) => [{ id: text }, { task: text }, { queue: text }]),
    ...badTexts()
      .filter((text) => text !== undefined)
      .map((group) => ({ group })),
    ...["half \ud83d", "nul \0 in it"].flatMap((text) => [{ headers: { [text]: bench.name("value") } }, { headers: { tenant: text } }]),
    { headers: { tenant: 5 as never } },
  ];
}

export const textLaws: readonly Law[] = [
  {
    title: "a job is refused whose id, task, queue, group or header would not come back as it was given, and with it the whole call",
    async check(bench) {
      for (const bad of badJobs(bench)) {
        const good = bench.jobs(2);
        await assert.rejects(bench.enqueue(good[0]!, bench.job(bad), good[1]!), { code: "STEM_JOB_INVALID" }, odd(bad));
        for (const { id } of good) assert.equal(await bench.record(id), undefined, odd(bad));
      }
      assert.deepEqual(await bench.take(), []);
    },
  },
  {
    title: "a job that would be stored on the way out of a settle or by a schedule is refused likewise, and nothing is settled or fired",
    async check(bench) {
      const { schedules } = bench.adapter;
      const running = await bench.put();
      const { lease } = await bench.takeOne();
      const slot = bench.now;
      await schedules.put([{ id: bench.name("daily"), spec: "s", nextAt: slot }], { owner: "app" }, bench.at);
      for (const bad of badJobs(bench)) {
        const job = bench.job(bad);
        const refused = { code: "STEM_JOB_INVALID" };
        await assert.rejects(
          bench.adapter.broker.settle([{ lease, as: "succeeded", enqueue: [job] }], undefined, bench.at),
          refused,
          odd(bad),
        );
        const shot = { id: bench.name("daily"), spec: "s", slot, nextAt: slot + 1_000, job };
        await assert.rejects(schedules.fire([shot], bench.at), refused, odd(bad));
      }
      assert.equal((await bench.known(running.id)).state, "active");
      assert.equal((await schedules.list({ ids: [bench.name("daily")] }, bench.at)).items[0]?.nextAt, slot);
    },
  },
  {
    title: "ids and names as long as they may be are stored, found and lent, of the longest characters, too",
    async check(bench) {
      const job: NewJob = {
        id: longest(LONGEST.id, bench.name("id")),
        task: longest(LONGEST.id, bench.name("task")),
        queue: longest(LONGEST.id, bench.name("queue")),
        group: longest(LONGEST.id, bench.name("group")),
        payload: "1",
      };
      await bench.enqueue(job);
      assert.deepEqual(idsMet(await bench.enqueue(job)), [job.id]);
      const delivery = await bench.takeOne({ from: [{ queue: job.queue }] });
      for (const field of ["id", "task", "queue", "group"] as const) assert.equal(delivery.job[field], job[field], field);
      assert.equal((await bench.adapter.jobs.list({ group: job.group! }, bench.at)).items.length, 1);
    },
  },
  {
    title: "a job is not looked up, cancelled, retried or purged by an id that no job can have, and no other job is met instead",
    async check(bench) {
      const { jobs, journal } = bench.adapter;
      // What storage as UTF-8 makes of the halves.
      const other = await bench.put({ id: "half \ufffd" });
      await refuses("get", badTexts(), (id) => jobs.get([other.id, id], bench.at));
      await refuses("read", badTexts(), (id) => journal.read([{ id }], bench.at));
      await refuses("cancel", badTexts(), (id) => bench.cancel([other.id, id], "no more"));
      await refuses("retry", badTexts(), (id) => bench.retry([id]));
      await refuses("purge", badTexts(), (id) => bench.purge({ ids: [id] }));
      assert.equal((await bench.known(other.id)).state, "ready");
    },
  },
  {
    title: "jobs and dead letters are not listed or counted by a text that none can have",
    async check(bench) {
      const { jobs } = bench.adapter;
      const given = badTexts().filter((text) => text !== undefined);
      for (const field of ["task", "queue", "group"] as const)
        await refuses(field, given, (text) => jobs.count({ [field]: text }, bench.at));
      for (const field of ["task", "queue", "group", "cursor"] as const)
        await refuses(field, given, (text) => jobs.list({ [field]: text }, bench.at));
      for (const field of ["task", "queue", "cursor"] as const) {
        await refuses(field, given, (text) => bench.dead({ [field]: text }));
        await refuses(field, given, (text) => bench.purge({ [field]: text }));
      }
    },
  },
  {
    title: "a queue is not listed, paused, resumed or claimed from by a name that none can have",
    async check(bench) {
      const { broker } = bench.adapter;
      const { queues } = bench.adapter;
      await refuses("name", badTexts(), (text) => queues.list({ names: [bench.queue, text] }, bench.at));
      const given = badTexts().filter((text) => text !== undefined);
      await refuses("from", given, (from) => queues.list({ from: from as string }, bench.at));
      await refuses("pause", badTexts(), (queue) => bench.pause(bench.queue, queue));
      await refuses("resume", badTexts(), (queue) => bench.resume(bench.queue, queue));
      const claim = await bench.ask();
      await refuses("claim", badTexts(), (queue) => broker.claim({ ...claim, from: [{ queue }] }, bench.at));
      await bench.put();
      assert.equal((await bench.take()).length, 1, "the queue beside it was not paused");
    },
  },
  {
    title: "an event is refused whose name, key or id would not come back as it was given, and with it the whole call",
    async check(bench) {
      const { events } = bench.adapter;
      const name = bench.name("paid");
      const good = { id: bench.name("good"), name, key: "" };
      for (const [field, most, least] of [
        ["name", LONGEST.id, 1],
        ["id", LONGEST.eventId, 1],
        ["key", LONGEST.eventKey, 0],
      ] as const) {
        const texts = badTexts(most).filter((text) => text !== "" || least > 0);
        await refuses(field, texts, (text) => events.emit([good, { id: bench.name("bad"), name, key: "k", [field]: text }], bench.at));
        if (field === "id") continue;
        const asked = texts.filter((text) => text !== undefined || field === "name");
        await refuses(`list by ${field}`, asked, (text) => events.list({ name, [field]: text }, bench.at));
      }
      assert.deepEqual(await events.list({ name }, bench.at), []);
    },
  },
  {
    title: "an event whose texts are as long as they may be is kept, told apart and had by the run that waits for it",
    async check(bench) {
      const { events } = bench.adapter;
      const name = longest(LONGEST.id, bench.name("paid"));
      const key = longest(LONGEST.eventKey, "k");
      const run = await bench.put();
      const delivery = await bench.takeOne();
      await bench.end(delivery, { as: "parked", waits: [{ name, key, after: 0 }] });
      const event = { id: longest(LONGEST.eventId, "e"), name, key, payload: "1" };
      assert.deepEqual((await events.emit([event], bench.at)).woken, [run.id]);
      assert.deepEqual((await events.emit([event], bench.at)).duplicates, [event.id]);
      assert.deepEqual((await events.emit([{ ...event, id: `${event.id.slice(0, -1)}字` }], bench.at)).duplicates, []);
      assert.equal((await events.list({ name, key }, bench.at)).length, 2);
    },
  },
  {
    title: "a wait for an event whose name or key no event can have is refused, and the run stays as it is",
    async check(bench) {
      const run = await bench.put();
      const { lease } = await bench.takeOne();
      const park = (wait: { readonly name?: string; readonly key?: string }) => {
        const waits = [{ name: bench.name("paid"), key: "", after: 0, ...wait }];
        return bench.adapter.broker.settle([{ lease, as: "parked", waits }], undefined, bench.at);
      };
      await refuses("name", badTexts(), (name) => park({ name }));
      await refuses(
        "key",
        badTexts(LONGEST.eventKey).filter((text) => text !== ""),
        (key) => park({ key }),
      );
      assert.equal((await bench.known(run.id)).state, "active");
    },
  },
  {
    title:
      "an entry of a journal is refused whose key, number or value would not come back as it was given, and nothing of the call is written",
    async check(bench) {
      const { broker, journal } = bench.adapter;
      const run = await bench.put();
      const { lease } = await bench.takeOne();
      const entry = (key: string, seq: number) => ({ seq, key, kind: "step", state: "done" as const });
      const texts = badTexts(LONGEST.entry).filter((text) => text !== "");
      await refuses("append", texts, (key) => journal.append([{ lease, journal: [entry("a", 1), entry(key, 2)] }], bench.at));
      await refuses("settle", texts, (key) =>
        broker.settle([{ lease, as: "succeeded", journal: [entry("a", 1), entry(key, 2)] }], undefined, bench.at),
      );
      const odd = [0, -1, 1.5, Number.NaN, 2 ** 31, "2", null].map((seq) => ({ seq })) as object[];
      for (const over of [...odd, { value: 5 }, { value: null }])
        await assert.rejects(
          journal.append([{ lease, journal: [entry("a", 1), { ...entry("b", 2), ...over }] }], bench.at),
          { code: "STEM_OPTION_INVALID" },
          JSON.stringify(over),
        );
      assert.equal((await bench.known(run.id)).state, "active");
      assert.deepEqual(await journal.read([{ id: run.id }], bench.at), [[]]);
      const key = longest(LONGEST.entry, "k");
      await journal.append([{ lease, journal: [entry(key, 1)] }], bench.at);
      assert.equal((await journal.read([{ id: run.id }], bench.at))[0]?.[0]?.key, key);
    },
  },
  {
    title: "a schedule is not stored, fired, looked up or changed under an id that would not come back as it was given",
    async check(bench) {
      const { schedules } = bench.adapter;
      const good = { id: longest(LONGEST.id, bench.name("daily")), spec: "s", nextAt: bench.now };
      const owner = longest(LONGEST.id, "owner");
      await refuses("put", badTexts(), (id) => schedules.put([good, { ...good, id }], { owner }, bench.at));
      const owners = badTexts().filter((text) => text !== "");
      await refuses("owner", owners, (name) => schedules.put([good], { owner: name }, bench.at));
      assert.deepEqual((await schedules.list({ ids: [good.id] }, bench.at)).items, [], "the good one beside it");
      await schedules.put([good], { owner }, bench.at);
      await refuses("due", badTexts(), (name) => schedules.due([owner, name], 10, bench.at));
      await refuses("only", badTexts(), (id) => schedules.due([owner], 10, { only: [good.id, id], ...bench.at }));
      await refuses("list", badTexts(), (id) => schedules.list({ ids: [good.id, id] }, bench.at));
      const given = badTexts().filter((text) => text !== undefined);
      await refuses("from", given, (from) => schedules.list({ from }, bench.at));
      await refuses(
        "owner",
        given.filter((text) => text !== ""),
        (name) => schedules.list({ owner: name }, bench.at),
      );
      const { queues } = bench.adapter;
      await refuses("name", badTexts(), (text) => queues.list({ names: [bench.queue, text] }, bench.at));
      await refuses("from", given, (from) => queues.list({ from: from as string }, bench.at));
      for (const to of ["paused", "removed"] as const)
        await refuses(to, badTexts(), (id) =>
          schedules.change(
            [
              { id: good.id, to },
              { id, to },
            ],
            bench.at,
          ),
        );
      await refuses("resumed", badTexts(), (id) => schedules.change([{ id, to: "resumed", nextAt: bench.now }], bench.at));
      await refuses("fire", badTexts(), (id) =>
        schedules.fire([{ id, spec: "s", slot: bench.now, nextAt: undefined, job: bench.job() }], bench.at),
      );
      assert.equal((await schedules.due([owner], 10, bench.at)).schedules[0]?.id, good.id);
    },
  },
  {
    title: "a lock or a worker is not taken under a name that would not come back as it was given",
    async check(bench) {
      const { broker, locks, workers } = bench.adapter;
      await refuses("name", badTexts(), (name) => locks.acquire(name, "ann", 1_000, bench.at));
      await refuses("owner", badTexts(LONGEST.worker), (owner) => locks.acquire(bench.name("lock"), owner, 1_000, bench.at));
      const lock = await locks.acquire(longest(LONGEST.id, "lock"), longest(LONGEST.worker, "ann"), 1_000, bench.at);
      assert.ok(lock !== undefined && (await locks.release(lock, bench.at)));
      await refuses("renew", badTexts(), (name) => locks.renew({ ...lock, name }, 1_000, bench.at));
      await refuses("release", badTexts(), (name) => locks.release({ ...lock, name }, bench.at));
      const beat = { leaseMs: 1_000, info: {} };
      await refuses("renew", badTexts(LONGEST.worker), (id) => workers.renew({ ...beat, id }, [], bench.at));
      await refuses("leave", badTexts(LONGEST.worker), (id) => workers.leave(id, bench.at));
      await refuses("claim", badTexts(LONGEST.worker), (worker) =>
        broker.claim({ worker, from: [{ queue: bench.queue }], limit: 1 }, bench.at),
      );
      const id = longest(LONGEST.worker, "bob");
      await workers.renew({ ...beat, id }, [], bench.at);
      assert.deepEqual(
        (await workers.list({}, bench.at)).items.map((worker) => worker.id),
        [id],
      );
    },
  },
  {
    title: "whatever whole characters an error holds, a dead letter, a retried job and a cancelled one tell it as it was",
    async check(bench) {
      const text = "nul \0, a duck 🦆, quotes \"'\\, a line\r\nmore";
      const error: Failure = { name: `E ${text}`, message: text, code: text, stack: `${text}\n    at x`, attempt: 1 };
      const dead = await bench.put();
      await bench.end(await bench.takeOne(), { as: "failed", cause: "error", error });
      assert.deepEqual((await bench.known(dead.id)).error, error);
      assert.deepEqual((await bench.dead())[0]?.error, error);
      const retried = await bench.put();
      await bench.end(await bench.takeOne(), { as: "ready", attempt: "spent", ran: true, error, delayMs: 1_000 });
      assert.deepEqual((await bench.known(retried.id)).error, error);
    },
  },
  {
    title: "a reason that would not come back as it was given cancels nothing; any other is told as it was",
    async check(bench) {
      const job = await bench.put();
      const texts = badTexts(LONGEST.reason).filter((text) => text !== "");
      await refuses("reason", texts, (reason) => bench.change({ ids: [job.id] }, { to: "cancelled", reason }));
      assert.equal((await bench.known(job.id)).state, "ready");
      const reason = longest(LONGEST.reason, "a duck 🦆, quotes \"'\\");
      await bench.cancel([job.id], reason);
      assert.equal((await bench.known(job.id)).error?.message, reason);
    },
  },
];
