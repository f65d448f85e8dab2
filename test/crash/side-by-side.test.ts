import { copyFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, it } from "@jest/globals";
import { Previous } from "../fixtures/previous/index.js";
import { account } from "./account.js";
import { between, figures, type Fleet, LONG, type Member, moment, SECONDS, type Script, until, withFleet } from "./rig.js";
import { describeOn, STORES } from "./stores.js";

const [JOBS, RUNS, KILLS, TIME] = LONG ? [4_000, 300, 20, 600] : [200, 12, 3, 60];
const SHAPES = ["singles", "many", "again", "chain", "chord"];
const SCHEDULE = "side.by.side";
const STEPS = ["reserve#1", "charge#1", "pack#1", "tick#1", "tick#2", "tick#3", "ship#1"];

let previous: Previous;
beforeAll(() => {
  previous = new Previous();
  copyFileSync(fileURLToPath(new URL("processes/side.mjs", import.meta.url)), previous.script("side"));
});
afterAll(() => previous.remove());

/** One version's processes. */
class Crew {
  readonly #start: (script: Script, wishes: object) => Member;
  readonly workers: Member[] = [];
  readonly producer: Member;
  readonly beat: Member;
  readonly #side: Member;
  #calls = 0;

  constructor(start: (script: Script, wishes: object) => Member, name: string) {
    this.#start = start;
    this.hire();
    this.hire();
    this.producer = start("producer", { name, total: name === "old" ? JOBS : 2 * JOBS, shapes: SHAPES, ahead: 100 });
    this.beat = start("beat", { schedules: [SCHEDULE] });
    this.#side = start("side", {});
  }

  get all(): readonly Member[] {
    return [this.beat, this.producer, this.#side, ...this.workers];
  }

  hire(): void {
    this.workers.push(this.#start("worker", { options: { lease: 1_500, concurrency: 8 } }));
  }

  async ready(): Promise<void> {
    for (const member of this.all) expect(await member.says("ready")).toBeTruthy();
  }

  async ask(verb: string, given: object): Promise<unknown> {
    const no = `call${++this.#calls}`;
    this.#side.process.send({ verb, no, ...given });
    const answer = await this.#side.says(no);
    if (answer === undefined) throw new Error(`Nothing answered ${verb}.`);
    return answer;
  }

  async stop(fleet: Fleet): Promise<void> {
    for (const member of this.all) if (member.alive) expect((await fleet.stop(member)).code).toBe(0);
  }
}

describeOn(STORES, "The version before beside this one on $name", (store) => {
  it(
    "loses no job and ends none twice: before the change, while both are at work and the store is brought up to date under them, and after it",
    async () => {
      await withFleet(
        store,
        TIME,
        async (fleet) => {
          const old = new Crew((script, wishes) => fleet.startAt(previous.script(script), wishes), "old");
          await old.ready();
          const runs = (await old.ask("start", { from: 0, to: RUNS })) as string[];
          const laterOld = (await old.ask("later", { key: "later-old", count: 10 })) as string[];
          const listenOld = (await old.ask("listen", { keys: ["a", "b", "c"] })) as string[];
          await until("the old are at work", () => fleet.ledger.of("succeeded").length > JOBS / 20);

          // The change: the first of the new brings the store up to date.
          await fleet.adapter.open();
          const changedAt = Date.now();
          const fresh = new Crew((script, wishes) => fleet.start(script, wishes), "new");
          await fresh.ready();
          runs.push(...((await fresh.ask("start", { from: RUNS, to: 2 * RUNS })) as string[]));
          const laterNew = (await fresh.ask("later", { key: "later-new", count: 10 })) as string[];
          const listenNew = (await fresh.ask("listen", { keys: ["d", "e", "f"] })) as string[];
          await fresh.ask("pay", { from: 0, to: RUNS });
          await old.ask("pay", { from: RUNS, to: 2 * RUNS });
          for (let n = 0; n < KILLS; n++) {
            await moment(between(100, 600));
            // One of either version in turn; those that come for them are new, as in a rolling change.
            const crew = n % 2 === 0 && old.workers.some(({ alive }) => alive) ? old : fresh;
            await fleet.kill(crew.workers.find(({ alive }) => alive)!);
            fresh.hire();
          }
          // What one has stored, the other cancels; runs that wait only once they do.
          await fresh.ask("cancel", { ids: [...laterOld, ...listenOld] });
          await old.ask("cancel", { ids: [...laterNew, ...listenNew] });
          await until("the old have stored what they meant to", () => old.producer.says("produced").then(Boolean), TIME * 1_000);
          await old.stop(fleet);

          await until(
            "all have ended",
            async () => (await fresh.producer.says("produced")) !== undefined && (await fleet.unfinished()) === 0,
          );
          const stoppedAt = Date.now();
          expect((await fleet.stop(fresh.beat)).code).toBe(0);
          await until("the last slots have ended", async () => (await fleet.unfinished()) === 0);
          await fresh.stop(fleet);

          const sums = await account(fleet);
          expect(sums.extraRuns).toBeLessThanOrEqual(sums.cut + sums.lost);
          const cancelled = [...laterOld, ...listenOld, ...laterNew, ...listenNew];
          expect(new Set((await fleet.adapter.jobs.get(cancelled)).map((record) => record?.state))).toEqual(new Set(["cancelled"]));
          for (const [n, record] of (await fleet.adapter.jobs.get(runs)).entries()) {
            expect({ id: record?.id, state: record?.state, error: record?.error }).toEqual({
              id: runs[n],
              state: "succeeded",
              error: undefined,
            });
            const result = JSON.parse(record!.result!) as { n: number; paid: object; done: readonly { key: string }[] };
            expect(result).toMatchObject({ n, paid: { amount: n * 10 } });
            expect(result.done.map(({ key }) => key)).toEqual(STEPS.map((step) => `${runs[n]}/${step}`));
          }
          const slots = new Map(
            (await fleet.adapter.jobs.list({ task: "tick", limit: 1_000 })).items.map(({ id, enqueuedAt }) => [
              Date.parse(id.slice(SCHEDULE.length + 1)),
              enqueuedAt,
            ]),
          );
          // A slot that was fired after the next ones had come makes up for these.
          const isMadeUpFor = (at: number): boolean => [...slots].some(([slot, firedAt]) => slot < at && firedAt >= at);
          const missed: number[] = [];
          for (let at = Math.ceil(changedAt / 1_000) * 1_000; at < stoppedAt - 2_000; at += 1_000)
            if (!slots.has(at) && !isMadeUpFor(at)) missed.push(at);
          expect(missed).toEqual([]);
          expect(fleet.ledger.of("trouble").filter(({ code }) => code !== "STEM_STORE_FAILED")).toEqual([]);
          figures(store, "two versions", { ...sums, runs: runs.length, kills: KILLS, slots: slots.size });
        },
        undefined,
        false,
      );
    },
    SECONDS(TIME),
  );
});
