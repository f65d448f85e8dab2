// A racer: calls verbs of its store at moments the parent names, and tells what they answered.
import { setTimeout as pause } from "node:timers/promises";
import { now, openStore, untilTold, wishes } from "./parts.mjs";

const adapter = await openStore(wishes.store);
untilTold(() => adapter.close());

/** `calls`: [moment on the clock that all processes share, part of the adapter, verb, arguments] each. */
process.on("message", async ({ race, calls }) => {
  const answers = await Promise.all(
    calls.map(async ([at, part, verb, ...given]) => {
      await pause(Math.max(0, at - now()));
      return adapter[part][verb](...given);
    }),
  );
  process.send({ [race]: answers });
});
process.send({ ready: process.pid });
