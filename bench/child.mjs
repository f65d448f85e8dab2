// The other process of a workload: node bench/child.mjs fill|work OPTIONS
import { fill, now, openBench } from "./workloads.mjs";

const { store, file, n, task } = JSON.parse(process.argv[3]);
const bench = await openBench(store, file);
if (process.argv[2] === "fill") {
  await fill(bench, n, task);
  await bench.close();
} else {
  bench.onJob = () => process.send(now());
  const worker = bench.worker();
  await worker.start();
  process.send("ready");
  process.once("message", async () => {
    await worker.stop();
    await bench.close();
    process.disconnect();
  });
}
