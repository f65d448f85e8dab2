import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { it } from "@jest/globals";
import { Load } from "./load.js";
import { between, figures, type Fleet, LONG, moment, withFleet, SECONDS } from "./rig.js";
import { describeOn, SERVERS } from "./stores.js";

const [JOBS, ROUNDS, DOWN_MS, TIME] = LONG ? [4_000, 8, 10_000, 600] : [300, 1, 2_000, 90];
const PATIENCE = { connectTimeoutMs: 1_500, commandTimeoutMs: 1_500 };

/** What happens to the network, and after how long it is over. */
const FAULTS: readonly { readonly fault: string; readonly happens: (fleet: Fleet) => Promise<void> }[] = [
  {
    fault: "connections are reset, again and again",
    async happens({ proxy }) {
      for (let i = 0; i < 5; i++) {
        proxy.cut();
        await moment(between(0, 150));
      }
    },
  },
  {
    fault: "connections are refused for a while",
    async happens({ proxy }) {
      await proxy.refuse();
      await moment(DOWN_MS);
      await proxy.pass();
    },
  },
  {
    fault: "connections fall silent for ever, and new ones do so for a while",
    async happens({ proxy }) {
      proxy.stall();
      await moment(DOWN_MS);
      await proxy.pass();
    },
  },
  {
    fault: "the server's name is not found for a while",
    async happens({ proxy, folder }) {
      writeFileSync(join(folder, "deaf"), "");
      proxy.cut();
      await moment(DOWN_MS);
      rmSync(join(folder, "deaf"));
    },
  },
];

describeOn(SERVERS, "On the way to $name", (store) => {
  it.concurrent.each(FAULTS)(
    "$fault: nothing is lost, and every worker goes on by itself",
    async ({ fault, happens }) => {
      await withFleet(
        store,
        TIME,
        async (fleet) => {
          const load = await Load.on(fleet, JOBS, ROUNDS, { deafTo: join(fleet.folder, "deaf") });
          for (let round = 0; round < ROUNDS; round++) {
            await load.nextPart();
            await moment(between(0, 50));
            await happens(fleet);
            await load.goesOn();
          }
          figures(store, fault, { ...(await load.finish()), times: ROUNDS });
        },
        { host: "store.test", patience: PATIENCE },
      );
    },
    SECONDS(TIME),
  );
});
