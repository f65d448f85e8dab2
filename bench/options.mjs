import { parseArgs } from "node:util";
import { SYSTEMS } from "./systems/index.mjs";
import { PROGRAMS, WORKLOADS } from "./workloads/index.mjs";

export const USAGE = `Measures Stem on one store, beside the bare store and, with --peers, beside other queues, and checks that every job ran exactly once.

  npm run bench -- --store redis|postgres|sqlite|memory [options]

  --peers            measure the other queues of that store too (installed into bench/node_modules on first use)
  --workload a,b     only these: ${WORKLOADS.join(", ")}
  --system a,b       only these: ${SYSTEMS.map(({ name }) => name).join(", ")}
  --runs 5           how often; big workloads and slow systems are measured less often, and the results say so
  --size 1           fraction of the usual number of jobs, such as 0.1 for a quick look
  --json             one line of JSON per system and workload instead of a table
  --prof             write CPU profiles of Stem's worker process to bench/profiles and print where its time goes (drains only)
  --appendonly       Redis with appendonly yes (an fsync per second) instead of without persistence
  --async-commit     Postgres with synchronous_commit off
  --save             put the figures into bench/results/STORE.json and docs/maintaining/performance.md also when the run was not complete
  --report           only rewrite the tables of docs/maintaining/performance.md from bench/results
`;

/** What the command line asks for. @throws {UsageError} what cannot be done, with the remedy */
export function readOptions(args) {
  const values = parse(args);
  if (values.help || values.report) return { help: values.help, report: values.report };
  const stores = [...new Set(SYSTEMS.map(({ store }) => store))];
  if (!stores.includes(values.store)) refuse(`--store is ${stores.join(", ").replace(/, (\w+)$/, " or $1")}, not "${values.store ?? ""}".`);
  const runs = Number(values.runs);
  if (!Number.isInteger(runs) || runs < 1 || runs > 100) refuse(`--runs is a whole number from 1 to 100, not "${values.runs}".`);
  const size = Number(values.size);
  if (!(size > 0 && size <= 1)) refuse(`--size is a number above 0, at most 1, not "${values.size}".`);
  if (values.appendonly && values.store !== "redis") refuse("--appendonly is for --store redis.");
  if (values["async-commit"] && values.store !== "postgres") refuse("--async-commit is for --store postgres.");
  const workloads = values.workload === undefined ? undefined : workloadsOf(values.workload, values.store);
  const systems = values.system === undefined ? undefined : systemsOf(values.system, values.store);
  const peers = values.peers || (systems?.some((name) => systemNamed(name).package !== undefined) ?? false);
  const usual = runs >= 3 && size === 1 && !values.prof && !values.appendonly && !values["async-commit"];
  const complete = usual && workloads === undefined && systems === undefined && (peers || values.store === "memory");
  return {
    store: values.store,
    peers,
    workloads,
    systems,
    runs,
    size,
    json: values.json,
    prof: values.prof,
    server: { appendonly: values.appendonly, asyncCommit: values["async-commit"] },
    save: values.save || complete,
  };
}

export class UsageError extends Error {}

function parse(args) {
  const flag = { type: "boolean", default: false };
  const text = { type: "string" };
  try {
    return parseArgs({
      args,
      options: {
        store: text,
        peers: flag,
        workload: text,
        system: text,
        runs: { type: "string", default: "5" },
        size: { type: "string", default: "1" },
        json: flag,
        prof: flag,
        appendonly: flag,
        "async-commit": flag,
        save: flag,
        report: flag,
        help: { ...flag, short: "h" },
      },
    }).values;
  } catch (error) {
    return refuse(error.message);
  }
}

function workloadsOf(list, store) {
  return list.split(",").flatMap((name) => {
    const program = PROGRAMS.find((one) => one.name === name || Object.hasOwn(one.values, name));
    if (program === undefined) refuse(`There is no workload "${name}". There are: ${WORKLOADS.join(", ")}.`);
    if (!(program.stores?.includes(store) ?? true)) refuse(`The workload "${name}" is for ${program.stores.join(", ")}, not for ${store}.`);
    return Object.hasOwn(program.values, name) ? [name] : Object.keys(program.values);
  });
}

function systemsOf(list, store) {
  return list.split(",").map((name) => {
    const system = systemNamed(name);
    if (system?.store !== store) {
      const names = SYSTEMS.filter((one) => one.store === store).map((one) => one.name);
      refuse(`There is no system "${name}" on ${store}. There are: ${names.join(", ")}.`);
    }
    return name;
  });
}

const systemNamed = (name) => SYSTEMS.find((one) => one.name === name);

function refuse(message) {
  throw new UsageError(message);
}
