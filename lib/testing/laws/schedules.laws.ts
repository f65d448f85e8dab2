import assert from "node:assert/strict";
import type { NewSchedule, Shot } from "../../contract/index.js";
import { ids, one } from "./bench.js";
import type { LawBench } from "./bench.js";
import type { Law } from "./law.js";

/** Adds a schedule whose slot has just come. */
async function due(bench: LawBench, id = "daily", over: Partial<NewSchedule> = {}): Promise<NewSchedule> {
  const schedule = { id: bench.name(id), spec: "0 9 * * *", nextAt: bench.now, ...over };
  await bench.adapter.schedules.upsert([schedule], bench.at);
  return schedule;
}

const shot = (bench: LawBench, id: string, over: Partial<Fired> = {}): Fired => ({
  id,
  slot: bench.now,
  nextAt: bench.now + 60_000,
  spec: "0 9 * * *",
  job: bench.job({ id: `${id}@${bench.now}` }),
  ...over,
});

type Fired = Shot & Required<Pick<Shot, "job">>;

export const scheduleLaws: readonly Law[] = [
  {
    title: "a schedule is stored as given, and listed by id",
    async check(bench) {
      const b = await due(bench, "b", { nextAt: undefined });
      const a = await due(bench, "a", { nextAt: bench.now + 5 });
      const unfired = { dynamic: false, paused: false, lastAt: undefined, fires: 0 };
      assert.deepEqual(await bench.adapter.schedules.list(bench.at), [
        { ...a, ...unfired },
        { ...b, ...unfired },
      ]);
    },
  },
  {
    title: "a schedule whose spec is unchanged keeps its slot, a changed one takes the new",
    async check(bench) {
      const { schedules } = bench.adapter;
      const schedule = await due(bench);
      await schedules.fire([shot(bench, schedule.id)], bench.at);
      await schedules.upsert([{ ...schedule, nextAt: bench.now + 7 }], bench.at);
      assert.equal(one(await schedules.list(bench.at)).nextAt, bench.now + 60_000);
      await schedules.pause(schedule.id, bench.at);
      await schedules.upsert([{ ...schedule, spec: "0 10 * * *", nextAt: bench.now + 7 }], bench.at);
      const changed = {
        id: schedule.id,
        spec: "0 10 * * *",
        nextAt: bench.now + 7,
        dynamic: false,
        paused: true,
        lastAt: bench.now,
        fires: 1,
      };
      assert.deepEqual(one(await schedules.list(bench.at)), changed, "it stays paused and remembers its past");
    },
  },
  {
    title: "due schedules come earliest first, of the ids asked, with the moment of the next",
    async check(bench) {
      const { schedules } = bench.adapter;
      const at = bench.now;
      const late = await due(bench, "late", { nextAt: at - 5 });
      const early = await due(bench, "early", { nextAt: at - 9 });
      const future = await due(bench, "future", { nextAt: at + 70 });
      const ended = await due(bench, "ended", { nextAt: undefined });
      const alien = await due(bench, "alien", { nextAt: at - 20 });
      const asked = [ended, future, late, early].map(({ id }) => id);
      const found = await schedules.due([...asked, bench.name("nobody")], 10, bench.at);
      assert.deepEqual(
        found.schedules.map(({ id }) => id),
        [early.id, late.id],
      );
      assert.deepEqual([found.nextDueAt, found.now], [at + 70, at]);
      assert.equal(found.schedules[0]?.spec, early.spec);
      const first = await schedules.due(asked, 1, bench.at);
      assert.deepEqual([one(first.schedules).id, first.nextDueAt], [early.id, late.nextAt], "the next one after those");
      assert.deepEqual(await schedules.due([ended.id], 10, bench.at), { schedules: [], nextDueAt: undefined, now: at });
      assert.equal(one((await schedules.due([alien.id], 10, bench.at)).schedules).id, alien.id);
    },
  },
  {
    title: "firing stores the job and moves the schedule in one step",
    async check(bench) {
      const { schedules } = bench.adapter;
      const { id, spec } = await due(bench);
      const fired = shot(bench, id);
      assert.deepEqual(await schedules.fire([fired], bench.at), [id]);
      assert.deepEqual(one(await schedules.list(bench.at)), {
        id,
        spec,
        nextAt: fired.nextAt,
        dynamic: false,
        paused: false,
        lastAt: bench.now,
        fires: 1,
      });
      assert.deepEqual(ids(await bench.take()), [fired.job.id]);
      assert.deepEqual((await schedules.due([id], 10, bench.at)).schedules, []);
    },
  },
  {
    title: "a slot is fired once, however many beats shoot at it",
    async check(bench) {
      const other = await bench.other();
      const { id } = await due(bench);
      const fires = await Promise.all(
        Array.from({ length: 10 }, (_, i) => {
          const mine = shot(bench, id, { job: bench.job({ id: bench.name(`shooter${i}`) }) });
          return (i % 2 === 0 ? bench.adapter : other).schedules.fire([mine], bench.at);
        }),
      );
      assert.deepEqual(fires.flat(), [id]);
      one(await bench.take());
      assert.equal(one(await bench.adapter.schedules.list(bench.at)).fires, 1);
    },
  },
  {
    title: "a shot at a slot that has passed, a paused or an unknown schedule stores nothing, and the others of the call count",
    async check(bench) {
      const { schedules } = bench.adapter;
      const [good, moved, held] = [
        await due(bench, "good"),
        await due(bench, "moved", { nextAt: bench.now + 5 }),
        await due(bench, "held"),
      ];
      await schedules.pause(held.id, bench.at);
      const shots = [moved.id, held.id, bench.name("nobody"), good.id].map((id) => shot(bench, id));
      assert.deepEqual(await schedules.fire(shots, bench.at), [good.id]);
      assert.deepEqual(ids(await bench.take()), [shots[3]!.job.id]);
    },
  },
  {
    title: "a shot that was computed from another spec than the stored one moves nothing, at the same slot either",
    async check(bench) {
      const { schedules } = bench.adapter;
      const { id } = await due(bench, "changed", { spec: "0 9 * * MON-FRI" });
      const good = await due(bench, "good");
      const shots = [shot(bench, id), shot(bench, good.id)];
      assert.deepEqual(await schedules.fire(shots, bench.at), [good.id]);
      const [changed] = await schedules.list(bench.at);
      assert.deepEqual([changed?.nextAt, changed?.fires, changed?.lastAt], [bench.now, 0, undefined]);
      assert.deepEqual(ids(await bench.take()), [shots[1]!.job.id]);
      assert.deepEqual(await schedules.fire([shot(bench, id, { spec: "0 9 * * MON-FRI" })], bench.at), [id]);
    },
  },
  {
    title: "a shot without a job moves its schedule and leaves its past as it is, if it still stands there",
    async check(bench) {
      const { schedules } = bench.adapter;
      const { id, spec } = await due(bench);
      await schedules.fire([shot(bench, id)], bench.at);
      await bench.take();
      const far = bench.now + 60_000;
      const move = { id, spec, slot: far, nextAt: bench.now + 5_000 };
      assert.deepEqual(await schedules.fire([move], bench.at), [id]);
      assert.deepEqual(await schedules.fire([move], bench.at), [], "it does not stand there any more");
      const { nextAt, lastAt, fires } = one(await schedules.list(bench.at));
      assert.deepEqual([nextAt, lastAt, fires], [bench.now + 5_000, bench.now, 1]);
      assert.deepEqual(await bench.take(), []);
      bench.pass(5_000);
      assert.deepEqual(await schedules.fire([shot(bench, id)], bench.at), [id]);
      one(await bench.take());
    },
  },
  {
    title: "a job id that is stored already does not stop the schedule",
    async check(bench) {
      const { id } = await due(bench);
      const fired = shot(bench, id);
      await bench.enqueue({ ...fired.job, payload: "first" });
      assert.deepEqual(await bench.adapter.schedules.fire([fired], bench.at), [id]);
      assert.equal(one(await bench.adapter.schedules.list(bench.at)).nextAt, fired.nextAt);
      assert.equal((await bench.takeOne()).job.payload, "first");
    },
  },
  {
    title: "a bad job refuses the whole volley before anything moves",
    async check(bench) {
      const [a, b] = [await due(bench, "a"), await due(bench, "b")];
      const volley = [shot(bench, a.id), shot(bench, b.id, { job: bench.job({ priority: -1 }) })];
      await assert.rejects(bench.adapter.schedules.fire(volley, bench.at), { code: "STEM_JOB_INVALID" });
      assert.deepEqual(
        (await bench.adapter.schedules.list(bench.at)).map(({ fires }) => fires),
        [0, 0],
      );
      assert.deepEqual(await bench.take(), []);
    },
  },
  {
    title: "the last shot ends a schedule",
    async check(bench) {
      const { id } = await due(bench);
      await bench.adapter.schedules.fire([shot(bench, id, { nextAt: undefined })], bench.at);
      bench.pass(1_000_000);
      assert.deepEqual(await bench.adapter.schedules.due([id], 10, bench.at), { schedules: [], nextDueAt: undefined, now: bench.now });
      assert.equal(one(await bench.adapter.schedules.list(bench.at)).nextAt, undefined);
    },
  },
  {
    title: "a paused schedule is not due and keeps its slot; resuming moves it",
    async check(bench) {
      const { schedules } = bench.adapter;
      const { id } = await due(bench);
      assert.equal(await schedules.pause(id, bench.at), true);
      assert.deepEqual(await schedules.due([id], 10, bench.at), { schedules: [], nextDueAt: undefined, now: bench.now });
      const held = one(await schedules.list(bench.at));
      assert.deepEqual([held.paused, held.nextAt], [true, bench.now]);
      assert.equal(await schedules.resume(id, bench.now + 30, bench.at), true);
      const going = one(await schedules.list(bench.at));
      assert.deepEqual([going.paused, going.nextAt], [false, bench.now + 30]);
      bench.pass(30);
      assert.equal(one((await schedules.due([id], 10, bench.at)).schedules).id, id);
    },
  },
  {
    title: "a removed schedule is gone, and unknown ones are said to be unknown",
    async check(bench) {
      const { schedules } = bench.adapter;
      const { id } = await due(bench);
      assert.equal(await schedules.remove(id, bench.at), true);
      assert.equal(await schedules.remove(id, bench.at), false);
      assert.equal(await schedules.pause(id, bench.at), false);
      assert.equal(await schedules.resume(id, bench.now, bench.at), false);
      assert.deepEqual(await schedules.fire([shot(bench, id)], bench.at), []);
      assert.deepEqual(await schedules.list(bench.at), []);
    },
  },
  {
    title: "a schedule made at run time is due to every beat, among those it asks for, and moves like them",
    async check(bench) {
      const { schedules } = bench.adapter;
      const at = bench.now;
      const mine = await due(bench, "mine", { nextAt: at - 5 });
      await due(bench, "another's", { nextAt: at - 20 });
      const made = await due(bench, "made", { nextAt: at - 9, dynamic: true });
      const soon = await due(bench, "soon", { nextAt: at + 30, dynamic: true });
      const held = await due(bench, "held", { nextAt: at - 40, dynamic: true });
      await due(bench, "over", { nextAt: undefined, dynamic: true });
      await schedules.pause(held.id, bench.at);
      const seen = async (ids: readonly string[], limit = 10) => {
        const found = await schedules.due(ids, limit, bench.at);
        return [...found.schedules.map(({ id }) => id), found.nextDueAt];
      };
      assert.deepEqual(await seen([]), [made.id, soon.nextAt]);
      assert.deepEqual(await seen([mine.id, made.id]), [made.id, mine.id, soon.nextAt], "each once");
      assert.deepEqual(await seen([mine.id], 1), [made.id, mine.nextAt], "no more than the limit, of both kinds together");
      assert.deepEqual(await schedules.fire([shot(bench, made.id, { slot: made.nextAt! })], bench.at), [made.id]);
      assert.deepEqual(await seen([]), [soon.nextAt]);
      await schedules.resume(held.id, at - 1, bench.at);
      assert.deepEqual(await seen([]), [held.id, soon.nextAt]);
      await schedules.remove(held.id, bench.at);
      await schedules.upsert([{ ...soon, spec: "0 8 * * *", nextAt: at + 90 }], bench.at);
      assert.deepEqual(await seen([]), [at + 90]);
      await schedules.remove(soon.id, bench.at);
      assert.deepEqual(await seen([]), [at + 60_000]);
      await schedules.fire([shot(bench, made.id, { slot: at + 60_000, nextAt: undefined })], bench.at);
      assert.deepEqual(await seen([]), [undefined]);
    },
  },
  {
    title: "a declared schedule takes the place of one made at run time, and never the other way round",
    async check(bench) {
      const { schedules } = bench.adapter;
      const made = await due(bench, "made", { dynamic: true });
      await schedules.upsert([{ ...made, nextAt: bench.now + 3, dynamic: false }], bench.at);
      assert.deepEqual((await schedules.due([], 10, bench.at)).schedules, []);
      const declared = one(await schedules.list(bench.at));
      assert.deepEqual([declared.dynamic, declared.nextAt], [false, bench.now], "with the same spec it keeps its slot");
      await schedules.upsert([{ id: made.id, spec: "0 1 * * *", nextAt: bench.now + 7, dynamic: true }], bench.at);
      await schedules.upsert([{ ...made, dynamic: true }], bench.at);
      assert.deepEqual(one(await schedules.list(bench.at)), declared);
    },
  },
  {
    title: "schedules are got by id in the order asked, undefined where there is none, with the store's time",
    async check(bench) {
      const { schedules } = bench.adapter;
      const [a, b] = [await due(bench, "a"), await due(bench, "b", { nextAt: undefined, dynamic: true })];
      await due(bench, "c");
      const rest = { paused: false, lastAt: undefined, fires: 0 };
      assert.deepEqual(await schedules.get([b.id, bench.name("nobody"), a.id], bench.at), {
        schedules: [{ ...b, ...rest }, undefined, { ...a, dynamic: false, ...rest }],
        now: bench.now,
      });
      assert.deepEqual(await schedules.get([], bench.at), { schedules: [], now: bench.now });
    },
  },
];
