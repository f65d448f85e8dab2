import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { cpus, loadavg, totalmem } from "node:os";

const folder = new URL("results/", import.meta.url);
const fileOf = (store) => new URL(`${store}.json`, folder);

/** What was measured of a store last, or undefined: `{ about, lines }`. */
export function saved(store) {
  return existsSync(fileOf(store)) ? JSON.parse(readFileSync(fileOf(store), "utf8")) : undefined;
}

/** Puts lines into bench/results/STORE.json; of the workloads that were measured, nothing older stays. */
export function save(store, lines, server) {
  const measured = new Set(lines.map(({ workload }) => workload));
  const before = saved(store)?.lines.filter(({ workload }) => !measured.has(workload)) ?? [];
  const about = {
    date: new Date().toISOString().slice(0, 10),
    server,
    node: process.versions.node,
    cores: cpus().length,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    load: Math.round(loadavg()[2]),
    platform: `${process.platform} ${process.arch}`,
  };
  const all = [...before, ...lines];
  mkdirSync(folder, { recursive: true });
  writeFileSync(
    fileOf(store),
    `{\n"about": ${JSON.stringify(about)},\n"lines": [\n${all.map((line) => JSON.stringify(line)).join(",\n")}\n]\n}\n`,
  );
}
