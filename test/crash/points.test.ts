import { expect, it } from "@jest/globals";
import { account } from "./account.js";
import { between, type FaultPoint, figures, LONG, until, withFleet, SECONDS } from "./rig.js";
import { describeOn, STORES } from "./stores.js";

const DEATHS = LONG ? 25 : 1;
/** Per death. */
const JOBS = 80;
const TIME = LONG ? 300 : 30;

const POINTS: readonly { readonly at: FaultPoint; readonly when: string; readonly it: string }[] = [
  { at: "claimed", when: "right after a claim", it: "had not begun what it had claimed" },
  { at: "handling", when: "in the middle of a handler", it: "leaves that handler to be run again" },
  { at: "settling", when: "right before a settle", it: "leaves all that it was about to write to be run again" },
  { at: "settled", when: "right after a settle", it: "leaves nothing of what it wrote to be run again" },
];

describeOn(STORES, "At a named point on $name", (store) => {
  it.concurrent.each(POINTS)(
    "a worker that dies $when $it",
    async ({ at }) => {
      await withFleet(store, TIME, async (fleet) => {
        const total = JOBS * DEATHS;
        const producer = fleet.start("producer", { name: at, total, upTo: 0, shapes: ["many", "singles", "chain"] });
        for (let death = 1; death <= DEATHS; death++) {
          producer.process.send({ upTo: JOBS * death });
          expect(await fleet.worker({ concurrency: 10 }, { at, after: between(1, 8) }).end).toEqual([null, "SIGKILL"]);
          // What it leaves is done before the next one dies: five deaths in a row are not to be the end of
          // the same jobs.
          const survivor = fleet.worker({ concurrency: 10 });
          await until("its jobs have ended", async () => fleet.ledger.acceptedCount() >= JOBS * death && (await fleet.unfinished()) === 0);
          await fleet.stop(survivor);
        }
        expect(await producer.says("produced")).toBeGreaterThanOrEqual(total);

        const deaths = fleet.ledger.of("dies");
        expect(deaths).toHaveLength(DEATHS);
        const starts = (id: string, since: number): number => fleet.ledger.of("start", id).filter((start) => start.at > since).length;
        for (const { pid, ids, at: died } of deaths) {
          expect(ids.length).toBeGreaterThan(0);
          for (const id of ids) {
            if (at === "claimed") expect(fleet.ledger.of("start", id).filter((start) => start.pid === pid)).toEqual([]);
            if (at === "settled") expect(starts(id, died)).toBe(0);
            else expect(starts(id, died)).toBeGreaterThan(0);
          }
        }
        const { extraRuns, ...sums } = await account(fleet);
        expect(extraRuns).toBeLessThanOrEqual(sums.cut + sums.lost);
        figures(store, `killed when ${at}`, { ...sums, kills: DEATHS, "extra runs": extraRuns });
      });
    },
    SECONDS(TIME),
  );
});
