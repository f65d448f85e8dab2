import { spawn } from "node:child_process";
import { closeSync, existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/**
 * Runs a server and watches over it in a session of its own, which no Ctrl-C reaches: says its pid, waits
 * until the process that owns it is gone, however that ended, or the whole run is over, then ends the server
 * and removes its folder. `kill 0` reaches this shell's own process group and nothing else. It leaves by
 * itself when the folder is gone, or when another guard has taken over.
 */
const GUARD = `
owner=$1 folder=$2 run=$STEM_TEST_SERVERS; shift 2
echo $$ >"$folder/guard.$$" && mv "$folder/guard.$$" "$folder/guard"
"$@" >>"$folder/log" 2>&1 </dev/null & server=$!
echo $server
exec >/dev/null 2>&1
while kill -0 "$owner" && { [ -z "$run" ] || [ -e "$run/running" ]; }; do
  sleep 0.3
  [ -d "$folder" ] || break
  read -r guard <"$folder/guard" && [ "$guard" != $$ ] && exit 0
done
trap '' TERM QUIT
[ -e "$folder/frozen" ] && kill -CONT $(cat "$folder/frozen")
kill -TERM 0; kill -QUIT 0
for i in 1 2 3 4 5 6 7 8 9 10; do sleep 0.1; kill -0 $server || break; done
rm -rf "$folder"
[ -n "$run" ] && ! kill -0 "\${run##*-}" && rm -rf "$run"
kill -KILL 0
`;

/** A server process in a temporary folder. It can be killed, started again, and stopped for good. */
export class GuardedServer {
  readonly folder: string;
  readonly #owner: number;
  readonly #command: () => readonly string[];
  readonly #ready: () => Promise<void>;
  #pid = 0;

  /**
   * @param owner the process whose end is the server's end too
   * @param ready resolves when the server answers; rejects while it does not
   */
  constructor(parts: { folder: string; owner?: number; command: () => readonly string[]; ready: () => Promise<void> }) {
    this.folder = parts.folder;
    this.#owner = parts.owner ?? process.pid;
    this.#command = parts.command;
    this.#ready = parts.ready;
  }

  get pid(): number {
    return this.#pid;
  }

  /** Starts the server and waits until it answers. @throws with the end of its log if it does not */
  async start(withinMs = 20_000): Promise<void> {
    const guard = spawn("sh", ["-c", GUARD, "guard", String(this.#owner), this.folder, ...this.#command()], {
      detached: true,
      stdio: ["ignore", "pipe", "ignore"],
    });
    this.#pid = await new Promise<number>((resolve, refuse) => {
      let said = "";
      guard.once("error", refuse);
      guard.stdout!.on("data", (chunk: Buffer) => {
        said += chunk.toString();
        if (said.endsWith("\n")) resolve(Number(said));
      });
    });
    guard.unref();
    guard.stdout!.destroy();
    const late = performance.now() + withinMs;
    for (;;) {
      try {
        return await this.#ready();
      } catch (error) {
        if (gone(this.#pid) || performance.now() > late)
          throw new Error(`${this.#command()[0]} does not come up. Its log ends:\n${this.log().slice(-2_000)}`, { cause: error });
        await pause(20);
      }
    }
  }

  /**
   * Kills the server and what it has forked, all in the same moment, and waits until they are gone. Its
   * folder stays.
   */
  async kill(): Promise<void> {
    const pids = this.#family();
    for (const pid of pids) signal(pid, "SIGSTOP");
    for (const pid of pids) signal(pid, "SIGKILL");
    rmSync(join(this.folder, "frozen"), { force: true });
    while (!pids.every(gone)) await pause(5);
  }

  /** Stops the server's processes where they are; connections stay open and nothing answers. */
  freeze(): void {
    const pids = this.#family();
    writeFileSync(join(this.folder, "frozen"), pids.join(" "));
    for (const pid of pids) signal(pid, "SIGSTOP");
  }

  thaw(): void {
    for (const pid of this.#family()) signal(pid, "SIGCONT");
    rmSync(join(this.folder, "frozen"), { force: true });
  }

  /** Ends the server and removes its folder. */
  async stop(): Promise<void> {
    await this.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** What the server has written. */
  log(): string {
    const file = join(this.folder, "log");
    return existsSync(file) ? readFileSync(file, "utf8") : "";
  }

  #family(): readonly number[] {
    return gone(this.#pid) ? [] : [this.#pid, ...childrenOf(this.#pid)];
  }
}

/**
 * The folder of this run of the tests, as named by setup.mjs; made by the first who needs it. Undefined
 * outside of jest.
 */
export function runFolder(): string | undefined {
  const run = process.env["STEM_TEST_SERVERS"];
  if (run !== undefined) {
    mkdirSync(run, { recursive: true });
    first(join(run, "running"));
  }
  return run;
}

/** A folder of its own for a server. */
export function serverFolder(name: string): string {
  return mkdtempSync(join(runFolder() ?? tmpdir(), `${name}-`));
}

/**
 * A free port, and a free one 10,000 above it (the bus of a Redis Cluster). Below the range from which
 * systems draw the ports of outgoing connections: while a server is down, a client that tries again and again
 * could otherwise be given the very port it calls, and talk to itself.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = 11_000 + Math.floor(Math.random() * 10_000);
    if ((await isFree(port)) && (await isFree(port + 10_000))) return port;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}

function childrenOf(parent: number): readonly number[] {
  const file = `/proc/${parent}/task/${parent}/children`;
  return existsSync(file) ? readFileSync(file, "utf8").split(" ").filter(Boolean).map(Number) : [];
}

/** Whether a process has ended; one that nobody has asked about yet counts as gone. */
function gone(pid: number): boolean {
  if (!signal(pid, 0)) return true;
  try {
    return /^\d+ \(.*\) Z/s.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}

function signal(pid: number, name: NodeJS.Signals | 0): boolean {
  if (pid <= 1) return false;
  try {
    process.kill(pid, name);
    return true;
  } catch {
    return false;
  }
}

/** Whether this process may create the file, as the first. */
export function first(file: string): boolean {
  try {
    closeSync(openSync(file, "wx"));
    return true;
  } catch {
    return false;
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
