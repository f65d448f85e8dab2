import { Worker } from "node:worker_threads";
import { median } from "../measure.mjs";
import { print, timed } from "./probe.mjs";

/*
 * What a thread costs that renews leases while the main thread is busy: memory and time to start, with each
 * driver loaded. `node --expose-gc bench/probes/thread.mjs`
 */

const ROUNDS = 9;
const CODE = (driver) => `
  const { parentPort } = require("node:worker_threads");
  ${driver === undefined ? "" : `require(${JSON.stringify(driver)});`}
  parentPort.postMessage("ready");
  parentPort.on("message", () => process.exit(0));`;

const rss = async () => {
  globalThis.gc?.();
  await new Promise((resolve) => setTimeout(resolve, 100));
  return process.memoryUsage().rss / 2 ** 20;
};

for (const driver of [undefined, "ioredis", "pg", "better-sqlite3"]) {
  const [starts, sizes] = [[], []];
  for (let round = 0; round < ROUNDS; round++) {
    const before = await rss();
    let worker;
    starts.push(
      await timed(async () => {
        worker = new Worker(CODE(driver), { eval: true });
        await new Promise((resolve, reject) => worker.once("message", resolve).once("error", reject));
      }),
    );
    sizes.push((await rss()) - before);
    worker.postMessage("end");
    await new Promise((resolve) => worker.once("exit", resolve));
  }
  // The first thread of a process also pays what later ones share.
  print({
    figure: "one thread",
    driver: driver ?? "none",
    startMs: Math.round(median(starts)),
    firstMiB: +sizes[0].toFixed(1),
    laterMiB: +median(sizes.slice(1)).toFixed(1),
  });
}
