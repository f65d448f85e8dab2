// Measures this project beside the bare store and other queues. Nothing here is a test. See options.mjs or
// --help.
import { mkdirSync } from "node:fs";
import { endAll, execute } from "./execute.mjs";
import { linesOf } from "./lines.mjs";
import { readOptions, USAGE, UsageError } from "./options.mjs";
import { installPeers } from "./peers.mjs";
import { missingOf, planOf } from "./plan.mjs";
import { progressOf } from "./progress.mjs";
import { report } from "./report.mjs";
import { save } from "./results.mjs";
import { START } from "./servers/index.mjs";
import { tableOf } from "./table.mjs";

/** A run that failed so often is not tried again. */
const PATIENCE = 2;

const options = optionsOrEnd();
const complain = (line) => process.stderr.write(`${line}\n`);
if (options.peers) installPeers(complain);
for (const { system, why } of missingOf(options)) complain(`${system.name} ${why}: left out.`);
const missing = new Set(missingOf(options).map(({ system }) => system));
const groups = planOf(options)
  .map((group) => group.filter(({ system }) => !missing.has(system)))
  .filter((group) => group.length > 0);
if (groups.length === 0) end(2, "No system that can be measured here has these workloads.");
if (options.prof) mkdirSync(new URL("profiles/", import.meta.url), { recursive: true });

const server = await START[options.store](options.server);
const done = [];
const progress = progressOf(groups);
let interrupted = false;
for (const signal of ["SIGINT", "SIGTERM"]) {
  process.once(signal, () => {
    interrupted = true;
    endAll();
  });
}
try {
  for (const [index, group] of groups.entries()) {
    if (interrupted) break;
    await progress.during(index, () => (group.length === 1 ? alone(group[0]) : Promise.all(group.map(beside))));
  }
} finally {
  progress.end();
  await server.stop();
}
const lines = linesOf(done, options);
if (options.json) for (const line of lines) console.log(JSON.stringify(line));
else console.log(`${server.about}\n\n${tableOf(lines, { colour: process.stdout.isTTY && !process.env.NO_COLOR })}`);
if (interrupted) end(130, "Interrupted: the figures are of what had been measured by then.");
if (options.save) {
  save(options.store, lines, server.about);
  for (const file of report()) complain(`Wrote ${file}.`);
}
process.exit(lines.some((line) => line.failed > 0 && line.system.startsWith("stem-")) ? 1 : 0);

async function alone(run) {
  const failures = done.filter(
    ({ system, config, program, result }) => same(run, { system, config, program }) && result.error !== undefined,
  );
  const result =
    failures.length >= PATIENCE ? { error: `${failures.at(-1).result.error} (not tried again)` } : await execute(run, await server.fresh());
  record(run, result);
}

/** Each in a store of its own beside the others. */
async function beside(run) {
  record(run, await execute(run, await server.fresh({ keep: true })));
}

function record(run, result) {
  if (interrupted) return;
  done.push({ ...run, result });
  if (result.error === undefined) return;
  progress.say(`${run.program.name} of ${run.system.name} (${run.config}) failed: ${result.error}`);
}

function same(a, b) {
  return a.system === b.system && a.config === b.config && a.program === b.program;
}

function optionsOrEnd() {
  try {
    const read = readOptions(process.argv.slice(2));
    if (read.help) end(0, USAGE, process.stdout);
    if (read.report)
      end(
        0,
        report()
          .map((file) => `Wrote ${file}.`)
          .join("\n"),
        process.stdout,
      );
    return read;
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    return end(2, `${error.message}\nSee npm run bench -- --help.`);
  }
}

function end(code, text, stream = process.stderr) {
  stream.write(`${text.trimEnd()}\n`);
  process.exit(code);
}
