import { expect, it } from "@jest/globals";
import { Load } from "./load.js";
import { between, figures, LONG, moment, until, withFleet, SECONDS } from "./rig.js";
import { describeOn, SERVERS } from "./stores.js";

const [JOBS, KILLS, TIME] = LONG ? [20_000, 200, 1_500] : [1_200, 4, 90];
const PATIENCE = { connectTimeoutMs: 2_000, commandTimeoutMs: 2_000 };

describeOn(SERVERS, "When its server goes away, $name", (store) => {
  it.concurrent(
    "loses nothing that was acknowledged however often it is killed and started again under load, and every worker goes on by itself",
    async () => {
      await withFleet(
        store,
        TIME,
        async (fleet) => {
          const load = await Load.on(fleet, JOBS, KILLS);
          for (let kills = 0; kills < KILLS; kills++) {
            await load.nextPart();
            await moment(between(0, 60));
            await fleet.server.kill();
            await moment(between(0, 400));
            await fleet.server.restart();
            await load.goesOn();
          }
          figures(store, "server killed under load", { ...(await load.finish()), kills: KILLS });
        },
        { patience: PATIENCE },
      );
    },
    SECONDS(TIME),
  );

  it.concurrent(
    "is waited for by processes that come up before it does",
    async () => {
      await withFleet(
        store,
        TIME,
        async (fleet) => {
          await fleet.server.kill();
          const starting = Load.on(fleet, 300, 1);
          await moment(1_000);
          await fleet.server.restart();
          const load = await starting;
          await load.nextPart();
          await load.goesOn();
          figures(store, "server there later than the workers", await load.finish());
        },
        { patience: PATIENCE },
      );
    },
    SECONDS(TIME),
  );

  it.concurrent(
    "may stand still for longer than anybody waits: calls end in an error, and work goes on when it goes on",
    async () => {
      await withFleet(
        store,
        TIME,
        async (fleet) => {
          const load = await Load.on(fleet, 900, 2);
          await load.nextPart();
          fleet.server.freeze();
          const before = fleet.ledger.of("trouble").length;
          // One from the producer and one from each worker.
          await until(
            "everybody has been told",
            () =>
              new Set(
                fleet.ledger
                  .of("trouble")
                  .slice(before)
                  .map(({ pid }) => pid),
              ).size === 3,
          );
          fleet.server.thaw();
          await load.goesOn();
          await load.nextPart();
          await load.goesOn();
          expect(fleet.ledger.of("trouble").every(({ error }) => /STEM_STORE_(UNREACHABLE|FAILED)/.test(error))).toBe(true);
          figures(store, "server frozen", await load.finish());
        },
        { patience: PATIENCE },
      );
    },
    SECONDS(TIME),
  );
});
