import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { within } from "../measure.mjs";

const CHILD = fileURLToPath(new URL("../other.mjs", import.meta.url));

/** Another process with the same system open. `what`: "fill", "work" or "hold"; see other.mjs. */
export function other(what, { job, at }, options = {}) {
  const child = fork(CHILD, [JSON.stringify({ ...job, at, what, ...options })]);
  const ended = once(child, "exit");
  return {
    /** Called with everything it sends. */
    onMessage: (listener) => child.on("message", listener),
    ready: () =>
      within(
        30_000,
        `the ${what} process's start`,
        Promise.race([
          once(child, "message"),
          ended.then(([code, signal]) => Promise.reject(new Error(`the ${what} process ended with ${signal ?? code}`))),
        ]),
      ),
    /** Resolves when it has ended by itself. */
    async done() {
      const [code, signal] = await ended;
      if (code !== 0) throw new Error(`the ${what} process ended with ${signal ?? code}`);
    },
    async kill() {
      child.kill("SIGKILL");
      await ended;
    },
    /** Asks it to close in order, and does not wait for ever. */
    async stop() {
      if (child.connected) child.send("stop");
      const timer = setTimeout(() => child.kill("SIGKILL"), 5_000);
      await ended;
      clearTimeout(timer);
    },
  };
}
