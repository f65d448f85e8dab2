import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../..", import.meta.url));
const cli = join(root, "dist/lib/cli/main.js");

export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

export interface Started {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  printed(pattern: RegExp): Promise<void>;
}

/** Starts the built `stem` in a folder. */
export function startStem(cwd: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): Started {
  const child = spawn(process.execPath, [cli, ...args], { cwd, env: { ...process.env, NODE_OPTIONS: "", NO_COLOR: "1", ...env } });
  const heard = { out: "", err: "" };
  child.stdout.on("data", (data: Buffer) => (heard.out += data.toString()));
  child.stderr.on("data", (data: Buffer) => (heard.err += data.toString()));
  return {
    child,
    ended: once(child, "close").then(() => ({ code: child.exitCode, ...heard })),
    async printed(pattern) {
      while (!pattern.test(heard.out)) {
        if (child.exitCode !== null) throw new Error(`ended with ${child.exitCode}: ${heard.out}${heard.err}`);
        await once(child.stdout, "data");
      }
    },
  };
}
