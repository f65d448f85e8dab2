import { spawn } from "node:child_process";
import { createServer } from "node:net";
import { sleep } from "../measure.mjs";

/**
 * Starts a server under a shell that ends it when this process is gone.
 * The shell waits for the end of its standard input, which this process holds open. Then it removes the
 * folder `cwd`.
 *
 * @returns `stop()`, which resolves when the server has ended, and `trouble()`, what it last wrote
 */
export function guarded(command, args, { signal, ...options }) {
  const script = `folder=$1; shift; "$@" & child=$!; cat > /dev/null; kill -${signal} "$child" 2> /dev/null; wait "$child"; cd /; rm -rf "$folder"`;
  const shell = spawn("sh", ["-c", script, "sh", options.cwd, command, ...args], { ...options, stdio: ["pipe", "pipe", "pipe"] });
  let tail = "";
  for (const stream of [shell.stdout, shell.stderr]) stream.on("data", (text) => (tail = (tail + text).slice(-2_000)));
  shell.stdin.on("error", () => {});
  const ended = new Promise((resolve) => shell.once("close", resolve));
  return {
    trouble: () => tail.trim(),
    stop() {
      shell.stdin.end();
      return ended;
    },
  };
}

/** A TCP port of the loopback that is free now. */
export function freePort() {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once("error", reject);
    probe.listen(0, "127.0.0.1", () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}

/** Tries until it succeeds; gives up after 20 s with what the server wrote. */
export async function untilItAnswers(name, server, attempt) {
  const until = Date.now() + 20_000;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (Date.now() > until) throw new Error(`${name} does not start: ${error.message}\n${server.trouble()}`, { cause: error });
      await sleep(50);
    }
  }
}
