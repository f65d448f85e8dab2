import { mkdirSync, writeFileSync } from "node:fs";
import { Session } from "node:inspector/promises";
import { dirname } from "node:path";

/**
 * Runs `work` under V8's CPU profiler and writes `file`; without a file it only runs it.
 * Chrome and VS Code can show the file.
 */
export async function profiled(file, work) {
  if (file === undefined) return work();
  const session = new Session();
  session.connect();
  await session.post("Profiler.enable");
  await session.post("Profiler.setSamplingInterval", { interval: 200 });
  await session.post("Profiler.start");
  const result = await work();
  const { profile } = await session.post("Profiler.stop");
  session.disconnect();
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, JSON.stringify(profile));
  console.error(`${file}\n${hottest(profile)}`);
  return result;
}

/** The 25 functions with the most time of their own. */
function hottest({ nodes, samples, timeDeltas }) {
  const self = new Map();
  let total = 0;
  const byId = new Map(nodes.map((node) => [node.id, node]));
  samples.forEach((id, i) => {
    const { functionName, url, lineNumber } = byId.get(id).callFrame;
    const name = `${functionName || "(anonymous)"} ${url.replace(/^.*\/(node_modules|dist|bench)\//, "$1/")}${url === "" ? "" : `:${lineNumber + 1}`}`;
    self.set(name, (self.get(name) ?? 0) + timeDeltas[i]);
    total += timeDeltas[i];
  });
  const rows = [...self].sort(([, a], [, b]) => b - a).slice(0, 25);
  return rows.map(([name, us]) => `${((us / total) * 100).toFixed(1).padStart(6)} %  ${name}`).join("\n");
}
