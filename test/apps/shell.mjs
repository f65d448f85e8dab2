// Runs commands of a scratch app, as a person would in its folder.
import { spawn } from "node:child_process";
import { appendFileSync } from "node:fs";
import { delimiter } from "node:path";

/** A command that failed, with the end of what it said. */
export class Failed extends Error {}

/** The environment of an app: no flags of ours, no colours, the wanted Node first. */
export function environment(node, more = {}) {
  const env = { ...process.env, NO_COLOR: "1", FORCE_COLOR: "0", CI: "1", ...more };
  for (const name of Object.keys(env)) if (/^(NODE_OPTIONS|npm_|JEST_|STEM_)/.test(name) && !(name in more)) delete env[name];
  if (node !== undefined) env.PATH = node + delimiter + env.PATH;
  return env;
}

/**
 * Runs a command to its end.
 * @throws {Failed} it ended with another code than `code` (one, or a list), or not within `seconds`
 */
export async function run(command, args, { cwd, env, log, code = 0, seconds = 240 }) {
  const child = begin(command, args, { cwd, env, log });
  const timer = setTimeout(() => child.stop("SIGKILL"), seconds * 1000);
  const ended = await child.ended;
  clearTimeout(timer);
  if (![code].flat().includes(ended)) throw new Failed(`${command} ${args.join(" ")} ended with ${ended}\n${child.output().slice(-3000)}`);
  return child.output();
}

/** Starts a command, and lets it be watched and stopped. */
export function begin(command, args, { cwd, env, log }) {
  if (log !== undefined) appendFileSync(log, `\n$ ${command} ${args.join(" ")}\n`);
  const child = spawn(command, args, { cwd, env, stdio: ["ignore", "pipe", "pipe"], detached: true });
  let output = "";
  const waiting = new Set();
  const hear = (chunk) => {
    output += chunk;
    if (log !== undefined) appendFileSync(log, chunk);
    for (const look of waiting) look();
  };
  child.stdout.setEncoding("utf8").on("data", hear);
  child.stderr.setEncoding("utf8").on("data", hear);
  const ended = new Promise((resolve) => {
    child.on("error", (error) => resolve(`error ${error.message}`));
    child.on("close", (status, signal) => resolve(signal ?? status));
  });
  return {
    ended,
    output: () => output,
    /**
     * Waits for a text.
     * @throws {Failed} it did not come within `seconds`, or the command ended without it
     */
    async says(text, seconds = 60) {
      const come = new Promise((resolve) => {
        const look = () => output.includes(text) && resolve(true);
        waiting.add(look);
        look();
      });
      const timer = new Promise((resolve) => setTimeout(resolve, seconds * 1000, false).unref());
      if ((await Promise.race([come, timer, ended.then(() => output.includes(text))])) !== true)
        throw new Failed(`${command} ${args.join(" ")} never said "${text}"\n${output.slice(-3000)}`);
    },
    /** To the command and what it started. */
    stop(signal) {
      try {
        process.kill(-child.pid, signal);
      } catch {}
    },
    signal: (signal) => child.kill(signal),
  };
}
