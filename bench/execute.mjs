import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { debuglog } from "node:util";
import { nodeFor } from "./systems/index.mjs";

const ONE = fileURLToPath(new URL("one.mjs", import.meta.url));
const running = new Set();
/** NODE_DEBUG=bench says how long each run took. */
const debug = debuglog("bench");

/**
 * Runs one plan entry in a fresh process, with a time limit.
 * It never throws: a failure is `{ error }`, in one line.
 *
 * @returns `{ values, n, of?, cpu? }` or `{ error }`
 */
export async function execute({ system, config, program, job }, at) {
  const began = performance.now();
  const limit = program.limit ?? 90;
  const child = spawn(nodeFor(system), ["--expose-gc", "--no-warnings", ONE, JSON.stringify({ ...job, at })], {
    // A separate group, so that a run that hangs is ended with all the processes it has started.
    detached: true,
    // It ends when its standard input does, so that it does not outlive this process either.
    stdio: ["pipe", "pipe", "pipe"],
  });
  running.add(child);
  let out = "";
  let err = "";
  child.stdout.on("data", (text) => (out += text));
  child.stderr.on("data", (text) => {
    err = (err + text).slice(-4_000);
    if (job.profile !== undefined) process.stderr.write(text);
  });
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    endGroup(child);
  }, limit * 1_000);
  const code = await new Promise((resolve) => {
    child.once("error", (error) => resolve(error.message));
    child.once("exit", (status, signal) => resolve(signal ?? status));
  });
  clearTimeout(timer);
  running.delete(child);
  endGroup(child);
  debug("%s %s %s %d s", program.name, system.name, config, ((performance.now() - began) / 1_000).toFixed(1));
  if (late) return { error: `hung: ended after ${limit} s` };
  if (code !== 0) return { error: reasonOf(err) ?? `ended with ${code}` };
  try {
    return JSON.parse(out.trim().split("\n").at(-1));
  } catch {
    return { error: `printed no result: ${out.slice(-200)}` };
  }
}

/** Ends all runs under way. */
export function endAll() {
  for (const child of running) endGroup(child);
}

function endGroup({ pid }) {
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // all ended
  }
}

/** The error's own line out of what Node prints about it. */
function reasonOf(text) {
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  const line = lines.findLast((one) => /^(\w*Error|Uncaught)\b.*:/.test(one))?.replace(/^Error: /, "") ?? lines.at(-1);
  return line?.replaceAll(fileURLToPath(new URL("..", import.meta.url)), "").slice(0, 200);
}
