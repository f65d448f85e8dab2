import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

/** Built files of the sample and the repository's root, from dist/sample-app/demo/. */
const root = fileURLToPath(new URL("../../../", import.meta.url));
const main = fileURLToPath(new URL("../src/main.js", import.meta.url));
const appModule = `${fileURLToPath(new URL("../src/app.module.js", import.meta.url))}#AppModule`;
const cli = `${root}dist/lib/cli/main.js`;

export interface Process {
  readonly child: ChildProcess;
  /** Everything it printed. */
  output(): string;
  /** Ends it as the operating system would when memory runs out. */
  kill(): Promise<void>;
  /** Asks it to end, and returns its exit code. */
  stop(): Promise<number | null>;
}

const running = new Set<Process>();

function start(args: readonly string[], env: Readonly<Record<string, string>>): Process {
  const child = spawn(process.execPath, args, {
    cwd: root,
    env: { ...process.env, NO_COLOR: "1", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let printed = "";
  child.stdout.on("data", (data: Buffer) => (printed += data.toString()));
  child.stderr.on("data", (data: Buffer) => (printed += data.toString()));
  const ended = once(child, "exit");
  const end = async (signal: NodeJS.Signals): Promise<number | null> => {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal);
    await ended;
    running.delete(one);
    return child.exitCode;
  };
  const one: Process = { child, output: () => printed, kill: async () => void (await end("SIGKILL")), stop: () => end("SIGTERM") };
  running.add(one);
  return one;
}

/**
 * Waits until the process has printed the pattern. Fails with its output if it ends first or takes too long.
 */
async function printed(one: Process, pattern: RegExp, what: string): Promise<RegExpExecArray> {
  for (const deadline = Date.now() + 30_000; Date.now() < deadline;) {
    const match = pattern.exec(one.output());
    if (match) return match;
    if (one.child.exitCode !== null || one.child.signalCode !== null) break;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`${what} did not start:\n${one.output()}`);
}

/** Opens the shop: HTTP, worker and beat in one process. */
export async function openShop(env: Readonly<Record<string, string>>): Promise<Process & { readonly url: string }> {
  const one = start([main], { ...env, PORT: "0" });
  const match = await printed(one, /open at (http:\/\/\S+?);/, "The shop");
  return { ...one, url: match[1]! };
}

/** Starts a process that only works (and beats): `stem worker`. */
export async function startWorker(queues: string, env: Readonly<Record<string, string>>): Promise<Process> {
  const one = start([cli, "worker", "--beat", "--queues", queues, "--app", appModule], env);
  await printed(one, /serves /, "The worker");
  return one;
}

/** Runs a `stem` command against the app and returns what it printed. */
export async function stem(args: readonly string[], env: Readonly<Record<string, string>>, needsApp = true): Promise<string> {
  const all = [cli, ...args, ...(needsApp ? ["--app", appModule] : [])];
  const { stdout } = await promisify(execFile)(process.execPath, all, { cwd: root, env: { ...process.env, NO_COLOR: "1", ...env } });
  return stdout;
}

export async function stopAll(): Promise<void> {
  await Promise.all([...running].map((one) => one.kill()));
}
