// One run of one workload: node bench/one.mjs STORE WORKLOAD. Prints one line of JSON: { workload: value, … }.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { WORKLOADS } from "./workloads.mjs";
import { openBench } from "./stem.mjs";

const [store, name] = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), "stem-bench-"));
try {
  console.log(
    JSON.stringify(
      await WORKLOADS[name].run({ store, file: join(folder, "bench.db"), open: () => openBench(store, join(folder, "bench.db")) }),
    ),
  );
} finally {
  rmSync(folder, { recursive: true, force: true });
}
