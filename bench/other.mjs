// The other process of a run, forked by workloads/processes.mjs: fills the queue, or works and tells its
// parent of each job that starts.
import { now, payloads } from "./measure.mjs";
import { openSystem } from "./open.mjs";

const { what, n, ...job } = JSON.parse(process.argv[2]);
// Its parent was killed.
process.once("disconnect", () => process.exit(1));

const system = await openSystem(job);
if (what === "fill") {
  const producer = await system.producer();
  await fill(producer, n);
  await producer.close();
  await system.close();
  process.exit(0);
}

const forever = new Promise(() => {});
const worker = await system.worker(({ i, due }) => {
  process.send({ i, due, at: now() });
  return what === "hold" ? forever : undefined;
});
await worker.start();
process.send("ready");
process.on("message", async () => {
  await worker.close();
  process.exit(0);
});

async function fill({ addBulk }, count) {
  for (let from = 0; from < count; from += 1_000) await addBulk(payloads(from, Math.min(1_000, count - from)));
}
