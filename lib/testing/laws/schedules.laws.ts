import assert from "node:assert/strict";
import type { LawBench } from "./bench.js";
import { ids, one } from "./bench.js";
import type { Law } from "./law.js";
import { dueTo, put, shot, stored, UNFIRED } from "./schedules.js";

/** Five schedules, stored in no order; their ids in order. */
async function five(bench: LawBench): Promise<readonly string[]> {
  for (const word of ["d", "a", "e", "c", "b"]) await put(bench, word);
  return ["a", "b", "c", "d", "e"].map((word) => bench.name(word));
}

export const scheduleLaws: readonly Law[] = [
  {
    title: "a schedule is stored as given, and listed by id",
    async check(bench) {
      const b = await put(bench, "b", { nextAt: undefined });
      const a = await put(bench, "a", { nextAt: bench.now + 5, owner: "them", deployment: 20_260_101_123_045 });
      assert.deepEqual(await stored(bench), [
        { ...a, ...UNFIRED, owner: "them", deployment: 20_260_101_123_045 },
        { ...b, ...UNFIRED },
      ]);
      const last = await put(bench, "a", { owner: "them", deployment: Number.MAX_SAFE_INTEGER });
      assert.equal((await stored(bench, { ids: [last.id] }))[0]?.deployment, Number.MAX_SAFE_INTEGER);
    },
  },
  {
    title: "a schedule whose spec is unchanged keeps its slot, a changed one takes the new",
    async check(bench) {
      const { schedules } = bench.adapter;
      const schedule = await put(bench);
      await schedules.fire([shot(bench, schedule.id)], bench.at);
      await put(bench, "daily", { nextAt: bench.now + 7 });
      assert.equal(one(await stored(bench)).nextAt, bench.now + 60_000);
      await schedules.change([{ id: schedule.id, to: "paused" }], bench.at);
      const changed = await put(bench, "daily", { spec: "0 10 * * *", nextAt: bench.now + 7 });
      const known = { ...changed, ...UNFIRED, paused: true, lastAt: bench.now, fires: 1 };
      assert.deepEqual(one(await stored(bench)), known, "it stays paused and remembers its past");
    },
  },
  {
    title: "due schedules come earliest first, of the owners asked, with the moment of the next",
    async check(bench) {
      const { schedules } = bench.adapter;
      const at = bench.now;
      const late = await put(bench, "late", { nextAt: at - 5 });
      const early = await put(bench, "early", { nextAt: at - 9, owner: "them" });
      await put(bench, "future", { nextAt: at + 70 });
      await put(bench, "ended", { nextAt: undefined });
      const alien = await put(bench, "alien", { nextAt: at - 20, owner: "alien" });
      const found = await schedules.due(["nobody", "them", "app", "them"], 10, bench.at);
      assert.deepEqual(
        found.schedules.map(({ id }) => id),
        [early.id, late.id],
      );
      assert.deepEqual([found.nextDueAt, found.now], [at + 70, at]);
      assert.deepEqual(found.schedules[0], { ...early, ...UNFIRED, owner: "them" });
      assert.deepEqual(await dueTo(bench, ["app", "them"], { limit: 1 }), [early.id, late.nextAt], "the next one after those");
      assert.deepEqual(await schedules.due([], 10, bench.at), { schedules: [], nextDueAt: undefined, now: at });
      assert.deepEqual(await dueTo(bench, ["alien"]), [alien.id, undefined]);
    },
  },
  {
    title: "firing stores the job and moves the schedule in one step",
    async check(bench) {
      const schedule = await put(bench);
      const fired = shot(bench, schedule.id);
      assert.deepEqual(await bench.adapter.schedules.fire([fired], bench.at), ["fired"]);
      const moved = { ...schedule, ...UNFIRED, nextAt: fired.nextAt, lastAt: bench.now, fires: 1 };
      assert.deepEqual(one(await stored(bench)), moved);
      assert.deepEqual(ids(await bench.take()), [fired.job.id]);
      assert.deepEqual(await dueTo(bench, ["app"]), [fired.nextAt]);
    },
  },
  {
    title: "a slot is fired once, however many beats shoot at it",
    async check(bench) {
      const other = await bench.other();
      const { id } = await put(bench);
      const fires = await Promise.all(
        Array.from({ length: 10 }, (_, i) => {
          const mine = shot(bench, id, { job: bench.job({ id: bench.name(`shooter${i}`) }) });
          return (i % 2 === 0 ? bench.adapter : other).schedules.fire([mine], bench.at);
        }),
      );
      assert.deepEqual(fires.flat().sort(), ["fired", ...Array.from({ length: 9 }, () => "gone")]);
      one(await bench.take());
      assert.equal(one(await stored(bench)).fires, 1);
    },
  },
  {
    title: "shots of one call at one schedule count one by one, in the order given",
    async check(bench) {
      const { id, spec } = await put(bench);
      const [slot, nextAt] = [bench.now + 10, bench.now + 20];
      const shots = [{ spec: "another", nextAt: slot }, { nextAt: slot }, { nextAt: nextAt + 1 }, { slot, nextAt }].map((over, i) =>
        shot(bench, id, { job: bench.job({ id: bench.name(`shot${i}`) }), ...over }),
      );
      assert.deepEqual(await bench.adapter.schedules.fire(shots, bench.at), ["gone", "fired", "gone", "fired"]);
      assert.deepEqual(await stored(bench), [{ id, spec, ...UNFIRED, nextAt, lastAt: slot, fires: 2 }]);
      assert.deepEqual(ids(await bench.take()), [shots[1]!.job.id, shots[3]!.job.id]);
      const [a, b] = [await put(bench, "a"), await put(bench, "b")];
      const both = [a, b].map((one) => shot(bench, one.id, { job: bench.job({ id: bench.name("both") }) }));
      assert.deepEqual(await bench.adapter.schedules.fire(both, bench.at), ["fired", "known"]);
    },
  },
  {
    title: "a shot at a slot that has passed, a paused or an unknown schedule stores nothing, and the others of the call count",
    async check(bench) {
      const { schedules } = bench.adapter;
      const [good, moved, held] = [
        await put(bench, "good"),
        await put(bench, "moved", { nextAt: bench.now + 5 }),
        await put(bench, "held"),
      ];
      await schedules.change([{ id: held.id, to: "paused" }], bench.at);
      const shots = [moved.id, held.id, bench.name("nobody"), good.id].map((id) => shot(bench, id));
      assert.deepEqual(await schedules.fire(shots, bench.at), ["gone", "gone", "gone", "fired"]);
      assert.deepEqual(ids(await bench.take()), [shots[3]!.job.id]);
    },
  },
  {
    title: "a shot that was computed from another spec than the stored one moves nothing, at the same slot either",
    async check(bench) {
      const { schedules } = bench.adapter;
      const { id } = await put(bench, "changed", { spec: "0 9 * * MON-FRI" });
      const good = await put(bench, "good");
      const shots = [shot(bench, id), shot(bench, good.id)];
      assert.deepEqual(await schedules.fire(shots, bench.at), ["gone", "fired"]);
      const changed = one(await stored(bench, { ids: [id] }));
      assert.deepEqual([changed.nextAt, changed.fires, changed.lastAt], [bench.now, 0, undefined]);
      assert.deepEqual(ids(await bench.take()), [shots[1]!.job.id]);
      assert.deepEqual(await schedules.fire([shot(bench, id, { spec: "0 9 * * MON-FRI" })], bench.at), ["fired"]);
    },
  },
  {
    title: "a shot without a job moves its schedule and leaves its past as it is, if it still stands there",
    async check(bench) {
      const { schedules } = bench.adapter;
      const { id, spec } = await put(bench);
      await schedules.fire([shot(bench, id)], bench.at);
      await bench.take();
      const far = bench.now + 60_000;
      const move = { id, spec, slot: far, nextAt: bench.now + 5_000 };
      assert.deepEqual(await schedules.fire([move], bench.at), ["fired"]);
      assert.deepEqual(await schedules.fire([move], bench.at), ["gone"], "it does not stand there any more");
      const { nextAt, lastAt, fires } = one(await stored(bench));
      assert.deepEqual([nextAt, lastAt, fires], [bench.now + 5_000, bench.now, 1]);
      assert.deepEqual(await bench.take(), []);
      bench.pass(5_000);
      assert.deepEqual(await schedules.fire([shot(bench, id)], bench.at), ["fired"]);
      one(await bench.take());
    },
  },
  {
    title: "a job id that is stored already does not stop the schedule, and of each shot is said what became of it",
    async check(bench) {
      const { schedules } = bench.adapter;
      const [a, b, c, d] = [await put(bench, "a"), await put(bench, "b"), await put(bench, "c"), await put(bench, "d")];
      const shots = [a, b, c, d].map(({ id }) => shot(bench, id));
      const [known, elsewhere] = [shots[1]!.job, shots[3]!.job];
      await bench.enqueue({ ...known, payload: "first" });
      await bench.enqueue({ ...elsewhere, queue: bench.name("elsewhere"), payload: "first" });
      await schedules.change([{ id: c.id, to: "removed" }], bench.at);
      assert.deepEqual(await schedules.fire(shots, bench.at), ["fired", "known", "gone", "known"]);
      for (const { nextAt, fires } of await stored(bench)) assert.deepEqual([nextAt, fires], [bench.now + 60_000, 1]);
      for (const { id } of [known, elsewhere]) assert.equal((await bench.known(id)).payload, "first");
      assert.deepEqual(ids(await bench.take()).sort(), [shots[0]!.job.id, known.id].sort());
    },
  },
  {
    title: "a bad job refuses the whole volley before anything moves",
    async check(bench) {
      const [a, b] = [await put(bench, "a"), await put(bench, "b")];
      const volley = [shot(bench, a.id), shot(bench, b.id, { job: bench.job({ priority: -1 }) })];
      await assert.rejects(bench.adapter.schedules.fire(volley, bench.at), { code: "STEM_JOB_INVALID" });
      assert.deepEqual(
        (await stored(bench)).map(({ fires }) => fires),
        [0, 0],
      );
      assert.deepEqual(await bench.take(), []);
    },
  },
  {
    title: "the last shot ends a schedule",
    async check(bench) {
      const { id } = await put(bench);
      await bench.adapter.schedules.fire([shot(bench, id, { nextAt: undefined })], bench.at);
      bench.pass(1_000_000);
      assert.deepEqual(await dueTo(bench, ["app"]), [undefined]);
      assert.equal(one(await stored(bench)).nextAt, undefined);
    },
  },
  {
    title: "a paused schedule is not due and keeps its slot; resuming moves it",
    async check(bench) {
      const { schedules } = bench.adapter;
      const { id } = await put(bench);
      assert.deepEqual(await schedules.change([{ id, to: "paused" }], bench.at), [true]);
      assert.deepEqual(await dueTo(bench, ["app"]), [undefined]);
      const held = one(await stored(bench));
      assert.deepEqual([held.paused, held.nextAt], [true, bench.now]);
      assert.deepEqual(await schedules.change([{ id, to: "resumed", nextAt: bench.now + 30 }], bench.at), [true]);
      const going = one(await stored(bench));
      assert.deepEqual([going.paused, going.nextAt], [false, bench.now + 30]);
      bench.pass(30);
      assert.deepEqual(await dueTo(bench, ["app"]), [id, undefined]);
    },
  },
  {
    title: "a removed schedule is gone, and unknown ones are said to be unknown",
    async check(bench) {
      const { schedules } = bench.adapter;
      const { id } = await put(bench);
      const change = (to: "paused" | "removed") => schedules.change([{ id, to }], bench.at);
      assert.deepEqual(await change("removed"), [true]);
      assert.deepEqual([await change("removed"), await change("paused")], [[false], [false]]);
      assert.deepEqual(await schedules.change([{ id, to: "resumed", nextAt: bench.now }], bench.at), [false]);
      assert.deepEqual(await schedules.fire([shot(bench, id)], bench.at), ["gone"]);
      assert.deepEqual([await stored(bench), await dueTo(bench, ["app"])], [[], [undefined]]);
    },
  },
  {
    title: "several schedules are changed by one call, each as if alone, in the order given",
    async check(bench) {
      const { schedules } = bench.adapter;
      const at = bench.now;
      const [a, b, c, d, e] = (await five(bench)) as [string, string, string, string, string];
      const changes = [
        { id: b, to: "removed" },
        { id: bench.name("nobody"), to: "paused" },
        { id: a, to: "paused" },
        { id: c, to: "resumed", nextAt: undefined },
        { id: d, to: "paused" },
        { id: b, to: "paused" },
        { id: d, to: "resumed", nextAt: at + 9 },
        { id: a, to: "resumed", nextAt: at + 5 },
        { id: a, to: "paused" },
      ] as const;
      const answers = [true, false, true, true, true, false, true, true, true];
      assert.deepEqual(await schedules.change(changes, bench.at), answers);
      assert.deepEqual(
        (await stored(bench)).map(({ id, paused, nextAt }) => [id, paused, nextAt]),
        [
          [a, true, at + 5],
          [c, false, undefined],
          [d, false, at + 9],
          [e, false, at],
        ],
      );
      assert.deepEqual(await dueTo(bench, ["app"]), [e, at + 9]);
      assert.deepEqual(await schedules.change([], bench.at), []);
    },
  },
  {
    title: "schedules are listed page by page, each once, and the list goes on behind one that is gone",
    async check(bench) {
      const { schedules } = bench.adapter;
      const all = await five(bench);
      const first = await schedules.list({ limit: 2 }, bench.at);
      assert.deepEqual([first.items.map(({ id }) => id), first.now], [all.slice(0, 2), bench.now]);
      await schedules.change([{ id: all[1]!, to: "removed" }], bench.at);
      const second = await schedules.list({ limit: 2, from: first.next! }, bench.at);
      assert.deepEqual([second.items.map(({ id }) => id), second.now], [all.slice(2, 4), bench.now]);
      const last = await schedules.list({ limit: 2, from: second.next! }, bench.at);
      assert.deepEqual(last, { items: await stored(bench, { ids: [all[4]!] }), now: bench.now });
    },
  },
  {
    title: "schedules are listed by their ids and by their owner, with the store's time; unknown ones are left out",
    async check(bench) {
      const { schedules } = bench.adapter;
      const b = { ...(await put(bench, "b", { owner: "" })), ...UNFIRED, owner: "" };
      const a = { ...(await put(bench, "a")), ...UNFIRED };
      const c = { ...(await put(bench, "c", { owner: "them" })), ...UNFIRED, owner: "them" };
      const asked = [c.id, bench.name("nobody"), a.id, c.id];
      assert.deepEqual(await schedules.list({ ids: asked }, bench.at), { items: [a, c], now: bench.now });
      assert.deepEqual(await schedules.list({ ids: [] }, bench.at), { items: [], now: bench.now });
      assert.deepEqual(await stored(bench, { ids: asked, limit: 1 }), [a, c]);
      for (const one of [a, b, c]) assert.deepEqual(await stored(bench, { owner: one.owner, limit: 1 }), [one]);
      assert.deepEqual(await stored(bench, { owner: "them", ids: [a.id, b.id, c.id] }), [c]);
    },
  },
  {
    title:
      "a schedule, a shot, a filter, an owner or a change of schedules that is not understood is refused, and nothing is stored or changed",
    async check(bench) {
      const { schedules } = bench.adapter;
      const { id } = await put(bench);
      const before = await stored(bench);
      const other = { id: bench.name("other"), spec: "s", nextAt: bench.now };
      const refused = (call: () => Promise<unknown>, about: unknown) =>
        assert.rejects(async () => call(), { name: "OptionError" }, JSON.stringify(about));
      for (const filter of [{ id: [id] }, { ids: id }, { owner: 5 }, { limit: 0 }, { limit: 1.5 }, { cursor: id }, { from: 5 }])
        await refused(() => schedules.list(filter as never, bench.at), filter);
      const retire = true;
      for (const from of [
        undefined,
        {},
        { owner: 5 },
        { owner: "app", deployment: -1 },
        { owner: "app", deployment: 0.5 },
        { owner: "app", by: 1 },
      ])
        await refused(() => schedules.put([other], from as never, bench.at), from);
      for (const from of [
        { owner: "app", retire },
        { owner: "", retire },
        { owner: "", deployment: 1, retire },
        { owner: "", deployment: 1 },
      ])
        await refused(() => schedules.put([other], from, bench.at), from);
      const good = { id, to: "paused" } as const;
      for (const bad of [
        { id, to: "pause" },
        { id },
        { to: "removed" },
        { id, to: "resumed", next: 5 },
        { id, to: "removed", nextAt: 5 },
        id,
      ])
        await refused(() => schedules.change([good, bad as never], bench.at), bad);
      const odd = ["nul \0 in it", "half \ud83d", 5, null, undefined].map((spec) => ({ spec }));
      const times = [Number.NaN, Number.POSITIVE_INFINITY, 1.5, -1, "5", null];
      for (const over of [...odd, ...times.map((nextAt) => ({ nextAt })), { id: other.id }])
        await refused(
          () => schedules.put([other, { ...other, id: bench.name("bad"), ...over } as never], { owner: "app" }, bench.at),
          over,
        );
      for (const over of [...odd, ...times.map((nextAt) => ({ nextAt })), ...[...times, undefined].map((slot) => ({ slot }))])
        await refused(() => schedules.fire([shot(bench, id), { ...shot(bench, id), ...over } as never], bench.at), over);
      for (const nextAt of times) await refused(() => schedules.change([good, { id, to: "resumed", nextAt } as never], bench.at), nextAt);
      for (const limit of [...times, 0, undefined]) await refused(() => schedules.due(["app"], limit as never, bench.at), limit);
      assert.deepEqual(await stored(bench), before);
    },
  },
];
