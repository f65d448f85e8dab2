import { fileURLToPath } from "node:url";
import { isOurs, isPeer, nodeFor, SYSTEMS, versionOf } from "./systems/index.mjs";
import { PROGRAMS } from "./workloads/index.mjs";

/**
 * Every run, in order: round by round, in a round program by program, in a program system by system.
 * So a slow minute of the machine falls on all alike, and each run of a peer has a run of this project right
 * beside it. Those that only wait come last, in one group that runs side by side.
 *
 * @returns groups of runs; the runs of a group run at the same time
 */
export function planOf({ store, peers, workloads, systems, runs, size, prof }) {
  const chosen = SYSTEMS.filter(
    (system) => system.store === store && (systems?.includes(system.name) ?? (peers || !isPeer(system))) && system.built !== false,
  );
  const programs = PROGRAMS.filter(
    (program) =>
      (program.stores?.includes(store) ?? true) &&
      (workloads === undefined || Object.keys(program.values).some((name) => workloads.includes(name))),
  );
  const groups = [];
  const together = [];
  for (let round = 0; round < runs; round++) {
    for (const program of programs) {
      if (round >= (program.options.runs ?? runs)) continue;
      for (const system of chosen) {
        for (const config of Object.keys(system.configs)) {
          if (!has(system, config, program) || round >= (system.few?.[config] ?? runs)) continue;
          const run = { round, program, system, config, job: jobOf(system, config, program, { round, size, prof }) };
          if (program.sideBySide) together.push(run);
          else groups.push([run]);
        }
      }
    }
  }
  if (together.length > 0) groups.push(together);
  return groups;
}

function has({ skips, only }, config, { name }) {
  return !(skips?.[config]?.includes(name) ?? false) && (only?.[config]?.includes(name) ?? true);
}

/** The argument of `one.mjs`, but for the place of the store. */
function jobOf(system, config, program, { round, size, prof }) {
  const slow = system.slow?.[config];
  const { n, warm, ...options } = program.options;
  const fewer = program.name.startsWith("latency") ? slow?.latency : program.name.startsWith("drain") ? slow?.drain : undefined;
  const scaled = (jobs) => (jobs === undefined ? undefined : Math.max(Math.min(jobs, 1_000), Math.round((jobs * size) / 1_000) * 1_000));
  const small = (jobs) => (jobs === undefined || jobs >= 1_000 ? scaled(jobs) : Math.max(Math.min(jobs, 5), Math.round(jobs * size)));
  return {
    system: system.name,
    config,
    program: program.name,
    keep: options.keep ?? true,
    keeps: system.keeps,
    options: { ...options, gapMs: slow?.gapMs, n: small(Math.min(n ?? Infinity, fewer ?? Infinity)), warm: warm ?? slow?.warm },
    profile:
      prof && isOurs(system) && program.name.startsWith("drain")
        ? fileURLToPath(new URL(`profiles/${system.name}-${config}-${program.name}-${round + 1}.cpuprofile`, import.meta.url))
        : undefined,
  };
}

/** Systems that were asked for and cannot be measured here, each with the reason. */
export function missingOf({ store, peers, systems }) {
  return SYSTEMS.filter((system) => system.store === store && (systems?.includes(system.name) ?? (peers || !isPeer(system)))).flatMap(
    (system) => {
      if (system.built === false) return [{ system, why: "is not built" }];
      if (nodeFor(system) === undefined)
        return [{ system, why: `needs Node ${system.node}, and there is only ${process.versions.node} here` }];
      if (isPeer(system) && versionOf(system) === "not installed") return [{ system, why: "is not installed" }];
      return [];
    },
  );
}
