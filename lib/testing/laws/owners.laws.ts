import assert from "node:assert/strict";
import type { NewSchedule, PutFrom } from "../../contract/index.js";
import { one } from "./bench.js";
import type { LawBench } from "./bench.js";
import type { Law } from "./law.js";
import { dueTo, put, shot, stored, UNFIRED } from "./schedules.js";

/** Two deployments at once, so many times. */
const RACES = 15;

/** Ids of all that is stored, with their specs and deployments. */
async function standing(bench: LawBench): Promise<readonly (readonly [string, string, number])[]> {
  return (await stored(bench)).map(({ id, spec, deployment }) => [id, spec, deployment]);
}

/** Puts schedules, by their names, with the spec `v<deployment>`; by default of owner `app`. */
function deploy(
  bench: LawBench,
  words: readonly string[],
  { owner = "app", ...from }: Partial<PutFrom>,
  { schedules } = bench.adapter,
): Promise<boolean> {
  const list = words.map((word): NewSchedule => ({ id: bench.name(word), spec: `v${from.deployment}`, nextAt: bench.now }));
  return schedules.put(list, { owner, ...from }, bench.at);
}

export const ownerLaws: readonly Law[] = [
  {
    title: "a schedule made at run time is due to every beat, among those of its owners, and moves like them",
    async check(bench) {
      const { schedules } = bench.adapter;
      const at = bench.now;
      const mine = await put(bench, "mine", { nextAt: at - 5 });
      await put(bench, "another's", { nextAt: at - 20, owner: "another" });
      const made = await put(bench, "made", { nextAt: at - 9, owner: "" });
      const soon = await put(bench, "soon", { nextAt: at + 30, owner: "" });
      const held = await put(bench, "held", { nextAt: at - 40, owner: "" });
      await put(bench, "over", { nextAt: undefined, owner: "" });
      await schedules.change([{ id: held.id, to: "paused" }], bench.at);
      assert.deepEqual(await dueTo(bench, []), [made.id, soon.nextAt]);
      assert.deepEqual(await dueTo(bench, ["app"]), [made.id, mine.id, soon.nextAt], "each once");
      assert.deepEqual(await dueTo(bench, ["app"], { limit: 1 }), [made.id, mine.nextAt], "no more than the limit, of both together");
      assert.deepEqual(await schedules.fire([shot(bench, made.id, { slot: made.nextAt! })], bench.at), ["fired"]);
      assert.deepEqual(await dueTo(bench, []), [soon.nextAt]);
      await schedules.change([{ id: held.id, to: "resumed", nextAt: at - 1 }], bench.at);
      assert.deepEqual(await dueTo(bench, []), [held.id, soon.nextAt]);
      await schedules.change([{ id: held.id, to: "removed" }], bench.at);
      await put(bench, "soon", { spec: "0 8 * * *", nextAt: at + 90, owner: "" });
      assert.deepEqual(await dueTo(bench, []), [at + 90]);
      await schedules.change([{ id: soon.id, to: "removed" }], bench.at);
      assert.deepEqual(await dueTo(bench, []), [at + 60_000]);
      await schedules.fire([shot(bench, made.id, { slot: at + 60_000, nextAt: undefined })], bench.at);
      assert.deepEqual(await dueTo(bench, []), [undefined]);
    },
  },
  {
    title: "of the schedules of owners only those asked for by id are due, if ids are given, and all made at run time",
    async check(bench) {
      const at = bench.now;
      const [a, b] = [await put(bench, "a", { nextAt: at - 9 }), await put(bench, "b", { nextAt: at - 7 })];
      const [later, theirs] = [await put(bench, "later", { nextAt: at + 5 }), await put(bench, "theirs", { owner: "them" })];
      const made = await put(bench, "made", { nextAt: at - 8, owner: "" });
      const only = [later.id, b.id, theirs.id, bench.name("nobody")];
      assert.deepEqual(await dueTo(bench, ["app"], { only }), [made.id, b.id, later.nextAt]);
      assert.deepEqual(await dueTo(bench, ["app", "them"], { only }), [made.id, b.id, theirs.id, later.nextAt]);
      assert.deepEqual(await dueTo(bench, ["app"], { only, limit: 1 }), [made.id, b.nextAt]);
      assert.deepEqual(await dueTo(bench, ["app"], { only: [] }), [made.id, undefined]);
      assert.deepEqual(await dueTo(bench, ["app"]), [a.id, made.id, b.id, later.nextAt]);
    },
  },
  {
    title: "a declared schedule takes the place of one made at run time, and never the other way round",
    async check(bench) {
      const made = await put(bench, "made", { owner: "" });
      await put(bench, "made", { nextAt: bench.now + 3 });
      assert.deepEqual(await dueTo(bench, []), [undefined]);
      const declared = one(await stored(bench));
      assert.deepEqual([declared.owner, declared.nextAt], ["app", bench.now], "with the same spec it keeps its slot");
      await put(bench, "made", { spec: "0 1 * * *", nextAt: bench.now + 7, owner: "" });
      await put(bench, "made", { owner: "" });
      assert.deepEqual(one(await stored(bench)), declared);
      assert.deepEqual(await dueTo(bench, ["app"]), [made.id, undefined]);
    },
  },
  {
    title: "a schedule goes to the owner that stores it last, with its past",
    async check(bench) {
      const first = await put(bench, "a", { deployment: 7 });
      await bench.adapter.schedules.fire([shot(bench, first.id)], bench.at);
      await put(bench, "a", { owner: "them", nextAt: bench.now + 3, deployment: 2 });
      const moved = { ...first, ...UNFIRED, owner: "them", deployment: 2, nextAt: bench.now + 60_000, lastAt: bench.now, fires: 1 };
      assert.deepEqual(one(await stored(bench)), moved);
      assert.deepEqual([await dueTo(bench, ["app"]), await dueTo(bench, ["them"])], [[undefined], [bench.now + 60_000]]);
      const { nextAt, owner } = { ...(await put(bench, "a", { spec: "0 7 * * *", nextAt: bench.now + 9 })), owner: "app" };
      const last = one(await stored(bench));
      assert.deepEqual([last.nextAt, last.owner, last.deployment], [nextAt, owner, 0]);
    },
  },
  {
    title: "what a newer deployment has stored, an older one of its owner leaves as it is, in either order",
    async check(bench) {
      const both = [bench.name("both"), "v2", 2];
      for (const order of [
        [1, 2],
        [2, 1],
      ]) {
        for (const deployment of order) assert.equal(await deploy(bench, ["both", `only${deployment}`], { deployment }), true);
        assert.deepEqual(await standing(bench), [both, [bench.name("only1"), "v1", 1], [bench.name("only2"), "v2", 2]], String(order));
        await bench.adapter.schedules.change(
          ["both", "only1", "only2"].map((word) => ({ id: bench.name(word), to: "removed" })),
          bench.at,
        );
      }
      await deploy(bench, ["both"], { deployment: 2 });
      await put(bench, "both", { spec: "none" });
      assert.deepEqual(await standing(bench), [both], "no deployment is the oldest of all");
      await deploy(bench, ["both"], { deployment: 1, owner: "them" });
      assert.deepEqual(await standing(bench), [[bench.name("both"), "v1", 1]], "deployments of different owners are not compared");
    },
  },
  {
    title: "a deployment that retires removes what older ones of its owner have stored and it has not, and of another owner nothing",
    async check(bench) {
      await put(bench, "made", { owner: "", spec: "made" });
      await deploy(bench, ["theirs"], { owner: "them", deployment: 1 });
      await deploy(bench, ["none"], {});
      await deploy(bench, ["kept", "old", "paused"], { deployment: 1 });
      await deploy(bench, ["beside"], { deployment: 3 });
      await deploy(bench, ["newer"], { deployment: 4 });
      await bench.adapter.schedules.change([{ id: bench.name("paused"), to: "paused" }], bench.at);
      assert.equal(await deploy(bench, ["kept", "new"], { deployment: 3, retire: true }), true);
      const left = [
        ["beside", "v3", 3],
        ["kept", "v3", 3],
        ["made", "made", 0],
        ["new", "v3", 3],
        ["newer", "v4", 4],
        ["theirs", "v1", 1],
      ] as const;
      assert.deepEqual(
        await standing(bench),
        left.map(([word, ...rest]) => [bench.name(word), ...rest]),
      );
      assert.deepEqual(await bench.adapter.schedules.fire([shot(bench, bench.name("old"), { spec: "v1" })], bench.at), ["gone"]);
      assert.equal((await dueTo(bench, ["app"])).length, 6, "five that are due, and the moment of none");
      await deploy(bench, [], { deployment: 9, retire: true });
      assert.deepEqual(
        (await stored(bench)).map(({ id }) => id),
        ["made", "theirs"].map((word) => bench.name(word)),
      );
    },
  },
  {
    title: "older deployments retire nothing, and what was retired does not come back by them",
    async check(bench) {
      await deploy(bench, ["both", "old"], { deployment: 1 });
      await deploy(bench, ["both", "new"], { deployment: 2, retire: true });
      await put(bench, "theirs", { owner: "them" });
      const left = await stored(bench);
      assert.deepEqual(
        left.map(({ id }) => id),
        ["both", "new", "theirs"].map((word) => bench.name(word)),
      );
      for (const from of [{ deployment: 1, retire: true }, { deployment: 1 }, {}])
        assert.equal(await deploy(bench, ["old", "both", "theirs"], from), false, JSON.stringify(from));
      assert.deepEqual(await stored(bench), left);
      assert.equal(await deploy(bench, ["old"], { deployment: 1, owner: "them" }), true, "another owner's");
      assert.equal(await deploy(bench, ["more"], { deployment: 2 }), true, "the same one");
      assert.deepEqual(
        (await stored(bench, { owner: "app" })).map(({ id }) => id),
        ["both", "more", "new"].map((word) => bench.name(word)),
      );
    },
  },
  {
    title: "of two deployments at once, of which the newer retires, what the newer has is left",
    async check(bench) {
      const other = await bench.other();
      for (let n = 1; n <= RACES; n++) {
        const pair = [
          { words: ["both", "old"], from: { deployment: 2 * n - 1 } },
          { words: ["both", "new"], from: { deployment: 2 * n, retire: true } },
        ];
        if (n % 2 === 0) pair.reverse();
        await Promise.all(pair.map(({ words, from }, i) => deploy(bench, words, from, i === 0 ? bench.adapter : other)));
        const left = ["both", "new"].map((word) => [bench.name(word), `v${2 * n}`, 2 * n]);
        assert.deepEqual(await standing(bench), left);
      }
    },
  },
];
