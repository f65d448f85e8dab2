// A beat: the same schedules in every process, every second unless told otherwise.
import { defineTask, Stem, TaskRegistry } from "nestjs-stem/core";
import { Beat } from "../../../dist/lib/core/beat/beat.js";
import { openStore, untilTold, wishes } from "./parts.mjs";

const adapter = await openStore(wishes.store);
const registry = new TaskRegistry();
registry.add(defineTask({ name: "tick", kind: "task", where: "beat.mjs", run: () => {} }));
const stem = new Stem({ adapter, registry });
const { cron = "* * * * * *" } = wishes;
const schedules = wishes.schedules.map((id) => ({ id, where: "beat.mjs", cron, timeZone: "UTC", task: "tick" }));
const beat = new Beat({ stem, schedules });
untilTold(async () => {
  await beat.stop();
  await stem.close();
  await adapter.close();
});
await beat.start();
process.send({ ready: process.pid });
