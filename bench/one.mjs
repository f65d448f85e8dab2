// One run of one workload on one system, in a process of its own: node bench/one.mjs '{ system, config,
// program, at, keep, profile, sizes }'. Its last line is JSON: { values, n, cpu }.
import { openSystem } from "./open.mjs";
import { PROGRAMS } from "./workloads/index.mjs";

process.stdin.once("end", () => process.exit(1)).resume();
const { at, options, ...job } = JSON.parse(process.argv[2]);
const program = PROGRAMS.find(({ name }) => name === job.program);
const system = await openSystem({ ...job, at });
await system.prepare?.();
const result = await program.run({ system, at, job }, options);
console.log(JSON.stringify(result));
// Some systems leave timers and connections behind; the run is over.
process.exit(0);
