import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { accessSync, chownSync, constants, existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";

/** A server that the demo started: on a free port of this host, its data in a temporary folder. */
export interface OwnServer {
  readonly url: string;
  /** Ends it as a power cut would, with all its child processes. */
  kill(): Promise<void>;
  /** Starts it again where it was. */
  restart(): Promise<void>;
  /** Ends it and removes its data. */
  stop(): Promise<void>;
}

/** Why a server cannot be started here, with what to do. */
export class MissingServer extends Error {}

const PLACES = [
  ...(process.env["PATH"] ?? "").split(delimiter),
  ...folders("/usr/lib/postgresql"),
  ...folders("/opt/homebrew/opt"),
  "/usr/local/pgsql/bin",
];

/** A Redis that keeps its data: appendonly, and no eviction. */
export async function startRedis(): Promise<OwnServer> {
  const binary = find("redis-server", "Redis", "STEM_DEMO_REDIS_URL", "apt-get install redis-server");
  const folder = mkdtempSync(join(tmpdir(), "stem-demo-redis-"));
  const port = await freePort();
  const options = [
    "--port",
    port,
    "--bind",
    "127.0.0.1",
    "--dir",
    folder,
    "--appendonly",
    "yes",
    "--save",
    "",
    "--maxmemory-policy",
    "noeviction",
  ];
  return own(`redis://127.0.0.1:${port}`, folder, [binary, ...options], /Ready to accept connections/);
}

/** A PostgreSQL with its defaults (fsync and all), on TCP alone. */
export async function startPostgres(): Promise<OwnServer> {
  const initdb = find("initdb", "PostgreSQL", "STEM_DEMO_POSTGRES_URL", "apt-get install postgresql");
  const binary = join(initdb, "..", "postgres");
  const folder = mkdtempSync(join(tmpdir(), "stem-demo-postgres-"));
  const user = unprivileged();
  if (user !== undefined) chownSync(folder, user.uid, user.gid);
  const data = join(folder, "data");
  execFileSync(initdb, ["-D", data, "-U", "stem", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"], {
    ...user,
    cwd: folder,
    stdio: "ignore",
  });
  const port = await freePort();
  const command = [binary, "-D", data, "-p", port, "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="];
  return own(`postgres://stem@127.0.0.1:${port}/postgres`, folder, command, /ready to accept connections/, user);
}

/**
 * A shell that ends the server when this process ends, in any way: it waits for the end of its pipe. Both run
 * in their own process group, which no Ctrl-C reaches. The shell also removes the folder. If the server ends
 * by itself, so does the shell. (`kill 0` reaches this group and nothing else.)
 */
const GUARD = `
folder=$1; shift
{ "$@" </dev/null; kill -KILL 0; } &
cat >/dev/null
trap '' TERM QUIT
kill -TERM 0; kill -QUIT 0
sleep 0.3
rm -rf "$folder"
kill -KILL 0`;

async function own(
  url: string,
  folder: string,
  command: readonly string[],
  ready: RegExp,
  user: User | undefined = undefined,
): Promise<OwnServer> {
  let guard: ChildProcess | undefined;
  const start = async (): Promise<void> => {
    const child = spawn("sh", ["-c", GUARD, "guard", folder, ...command], {
      ...user,
      cwd: folder,
      detached: true,
      stdio: ["pipe", "pipe", "pipe"],
    });
    guard = child;
    let printed = "";
    await new Promise<void>((resolve, reject) => {
      const hear = (data: Buffer): void => {
        printed = `${printed}${data.toString()}`.slice(-4_000);
        if (ready.test(printed)) resolve();
      };
      child.stdout.on("data", hear);
      child.stderr.on("data", hear);
      child.once("error", reject);
      child.once("exit", () => reject(new Error(`${command[0]} did not start:\n${printed}`)));
      setTimeout(() => reject(new Error(`${command[0]} is not ready after 30 s:\n${printed}`)), 30_000).unref();
    });
    // The server must not keep the demo from ending.
    child.unref();
    for (const pipe of [child.stdin, child.stdout, child.stderr]) (pipe as unknown as { unref?(): void }).unref?.();
  };
  const kill = async (): Promise<void> => {
    const child = guard;
    guard = undefined;
    if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    child.ref();
    process.kill(-child.pid, "SIGKILL");
    // Until the last process of the group is gone: one that is left could still write.
    while (isThere(-child.pid)) await pause(5);
  };
  await start();
  return {
    url,
    kill,
    restart: start,
    stop: async () => {
      await kill();
      rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
    },
  };
}

function isThere(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

interface User {
  readonly uid: number;
  readonly gid: number;
}

/** PostgreSQL refuses to run as root; its package has brought a user for it. */
function unprivileged(): User | undefined {
  if (process.getuid?.() !== 0) return undefined;
  for (const name of ["postgres", "nobody"]) {
    try {
      const id = (flag: string): number =>
        Number(execFileSync("id", [flag, name], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }));
      return { uid: id("-u"), gid: id("-g") };
    } catch {
      // No such user; the next.
    }
  }
  throw new MissingServer("PostgreSQL does not run as root, and there is no user postgres or nobody to run it as.");
}

function find(binary: string, what: string, variable: string, install: string): string {
  for (const place of PLACES) {
    const path = join(place, binary);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // Not here.
    }
  }
  throw new MissingServer(
    `The demo wants to start a ${what} of its own, but ${binary} is not installed here. Install it (Debian: ${install}), or name a server that runs: ${variable}=…`,
  );
}

/** The `bin` folders of versions under `parent`, the newest first. */
function folders(parent: string): readonly string[] {
  if (!existsSync(parent)) return [];
  return readdirSync(parent)
    .filter((name) => /^(\d+|postgresql(@\d+)?)$/.test(name))
    .toSorted((a, b) => b.localeCompare(a, "en", { numeric: true }))
    .map((name) => join(parent, name, "bin"));
}

async function freePort(): Promise<string> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { readonly port: number };
  server.close();
  await once(server, "close");
  return String(port);
}
