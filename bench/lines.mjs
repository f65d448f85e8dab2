import { median } from "./measure.mjs";
import { isOurs, SYSTEMS, versionOf } from "./systems/index.mjs";
import { WORKLOADS } from "./workloads/index.mjs";

/**
 * The lines of results, one per system, config and workload:
 * `{ store, system, version, config, workload, unit, median, min, max, runs }`, with
 * - `n`: jobs per run, if it is known, and `of` if fewer of them ran in the time given;
 * - `ratio`: this project's figure divided by this one, round by round: `{ median, min, max }`;
 * - `cpu`: microseconds per job, `{ client, server }`;
 * - `failed` and `error`: how many runs failed, and how the last one did. `median`, `min` and `max` are null
 *   when none succeeded.
 *
 * @param done `{ round, program, system, config, result }`, as they ended
 */
export function linesOf(done, { store, workloads }) {
  const byKey = new Map();
  for (const { round, program, system, config, result } of done) {
    for (const [workload, usual] of Object.entries(program.values)) {
      if (!(workloads?.includes(workload) ?? true)) continue;
      const key = `${workload} ${system.name} ${config}`;
      if (!byKey.has(key))
        byKey.set(key, { program, system, config, workload, unit: unitOf(usual, store), rounds: new Map(), results: [], errors: [] });
      const entry = byKey.get(key);
      if (result.error === undefined) {
        entry.rounds.set(round, result.values[workload]);
        entry.results.push(result);
      } else entry.errors.push(result.error);
    }
  }
  const entries = [...byKey.values()].sort(
    (a, b) => WORKLOADS.indexOf(a.workload) - WORKLOADS.indexOf(b.workload) || SYSTEMS.indexOf(a.system) - SYSTEMS.indexOf(b.system),
  );
  return entries.map((entry) => {
    const ours = entries.find(({ system, workload, config }) => isOurs(system) && workload === entry.workload && config === "default");
    return lineOf(entry, ours, store);
  });
}

const unitOf = (unit, store) => (unit === "commands/s" && store === "postgres" ? "queries/s" : unit);

function lineOf({ system, config, workload, unit, rounds, results, errors }, ours, store) {
  const last = results.at(-1);
  const pairs = isOurs(system) || ours === undefined ? [] : [...rounds].filter(([round]) => ours.rounds.has(round));
  const ratios = pairs.map(([round, value]) => ours.rounds.get(round) / value).filter(Number.isFinite);
  const cpus = results.map(({ cpu }) => cpu).filter((cpu) => cpu !== undefined);
  return {
    store,
    system: system.name,
    version: versionOf(system),
    config,
    workload,
    unit,
    ...spread([...rounds.values()]),
    runs: rounds.size,
    ...(last?.n === undefined ? {} : { n: last.n }),
    ...(last?.of === undefined ? {} : { of: last.of }),
    ...(ratios.length === 0 ? {} : { ratio: spread(ratios) }),
    ...(cpus.length === 0 || unit !== "jobs/s" ? {} : { cpu: cpuOf(cpus) }),
    ...(errors.length === 0 ? {} : { failed: errors.length, error: errors.at(-1) }),
  };
}

function cpuOf(cpus) {
  const figure = (side) => {
    const values = cpus.map((cpu) => cpu[side]).filter((value) => value !== undefined);
    return values.length === 0 ? {} : { [side]: short(median(values)) };
  };
  return { ...figure("client"), ...figure("server") };
}

function spread(values) {
  if (values.length === 0) return { median: null, min: null, max: null };
  return { median: short(median(values)), min: short(Math.min(...values)), max: short(Math.max(...values)) };
}

/** Four digits that count are more than a measurement is worth. */
const short = (value) => (Math.abs(value) >= 1_000 ? Math.round(value) : Number(value.toPrecision(4)));
