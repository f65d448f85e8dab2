// Measures this project, each run in a process of its own, and prints medians. Nothing here is a test.
//   npm run bench -- --store sqlite|memory [--runs 5] [--only drain,bulk] [--json]
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { WORKLOADS } from "./workloads.mjs";

const { values } = parseArgs({
  options: {
    store: { type: "string", default: "sqlite" },
    runs: { type: "string", default: "5" },
    only: { type: "string" },
    json: { type: "boolean", default: false },
  },
});
const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
if (!["sqlite", "memory"].includes(values.store)) {
  console.error(`--store is sqlite or memory, not "${values.store}".`);
  process.exit(2);
}
const only = values.only?.split(",");
const unknown = only?.filter((name) => !(name in WORKLOADS));
if (unknown?.length) {
  console.error(`Unknown workloads: ${unknown.join(", ")}. There are: ${Object.keys(WORKLOADS).join(", ")}.`);
  process.exit(2);
}

const names = Object.keys(WORKLOADS).filter(
  (name) => (only?.includes(name) ?? true) && (WORKLOADS[name].stores?.includes(values.store) ?? true),
);
const measured = new Map();
const runs = Number(values.runs);
// Round by round, so that a slow minute of the machine falls on all workloads alike.
for (let run = 0; run < runs; run++) {
  for (const [index, name] of names.entries()) {
    if (process.stderr.isTTY)
      process.stderr.write(`\r\u001B[Krun ${run + 1}/${runs} [${"█".repeat(index + 1)}${"░".repeat(names.length - index - 1)}] ${name}`);
    const { stdout, stderr, status } = spawnSync(
      process.execPath,
      ["--expose-gc", fileURLToPath(new URL("one.mjs", import.meta.url)), values.store, name],
      { encoding: "utf8", timeout: 300_000 },
    );
    if (status !== 0) {
      console.error(`\n${name} failed:\n${stdout}${stderr}`);
      process.exit(1);
    }
    for (const [workload, value] of Object.entries(JSON.parse(stdout.trim().split("\n").at(-1)))) {
      const system = WORKLOADS[name].system ?? `stem-${values.store}`;
      const key = `${system} ${workload}`;
      if (!measured.has(key)) measured.set(key, { system, workload, unit: WORKLOADS[name].unit, values: [] });
      measured.get(key).values.push(value);
    }
  }
}
if (process.stderr.isTTY) process.stderr.write("\r\u001B[K");

const rows = [...measured.values()].map(({ system, workload, unit, values: all }) => {
  const sorted = [...all].sort((a, b) => a - b);
  return {
    store: values.store,
    system,
    version: system.startsWith("stem-") ? version : driverVersion(),
    workload,
    unit,
    median: sorted[Math.floor(sorted.length / 2)],
    min: sorted[0],
    max: sorted.at(-1),
    runs: sorted.length,
  };
});
if (values.json) for (const row of rows) console.log(JSON.stringify(row));
else {
  const number = (value) => (value >= 100 ? Math.round(value).toLocaleString("en-GB") : value.toFixed(3));
  console.log(
    `${"system".padEnd(14)}${"workload".padEnd(18)}${"unit".padEnd(9)}${"median".padStart(12)}${"min".padStart(12)}${"max".padStart(12)}`,
  );
  for (const row of rows) {
    const figures = [row.median, row.min, row.max].map((value) => number(value).padStart(12)).join("");
    console.log(`${row.system.padEnd(14)}${row.workload.padEnd(18)}${row.unit.padEnd(9)}${figures}`);
  }
  const rate = (name) => rows.find((row) => row.workload === name && row.system.startsWith("stem-"))?.median;
  if (rate("drain") && rate("drain-200k"))
    console.log(`\ndrain of 200,000 at ${((rate("drain-200k") / rate("drain")) * 100).toFixed(0)} % of the rate of 20,000`);
}

function driverVersion() {
  return createRequire(import.meta.url)("better-sqlite3/package.json").version;
}
