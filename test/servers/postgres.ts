import { execFileSync, spawnSync } from "node:child_process";
import { chownSync, existsSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Client } from "pg";
import { binFolder } from "./available.js";
import { first, freePort, GuardedServer, pause, runFolder, serverFolder } from "./guarded.js";

export interface PostgresServerOptions {
  /** Settings, given as `-c name=value`. fsync is on unless turned off here. */
  readonly settings?: Readonly<Record<string, string | number | boolean>>;
  /** The process whose end ends the server too. Default: this one. */
  readonly owner?: number;
}

/**
 * A PostgreSQL of one's own on a free port of the loopback interface. It dies with the process that started
 * it.
 */
export interface PostgresServer {
  /** As superuser `stem`, to the database `stem`; everybody on the loopback interface is trusted. */
  readonly url: string;
  readonly port: number;
  /** Of the postmaster. */
  readonly pid: number;
  readonly folder: string;
  /** Runs statements as superuser. @returns the rows of the last */
  sql(text: string, values?: readonly unknown[]): Promise<readonly Record<string, unknown>[]>;
  /**
   * SIGKILL to the postmaster and all its children; waits until they are gone. The next start recovers from
   * the log.
   */
  kill(): Promise<void>;
  /** Starts it again on the same port and data; kills it first if it runs. Waits until it has recovered. */
  restart(): Promise<void>;
  /**
   * Starts it again as a standby, as after a failover to a replica that nobody has promoted yet: it can be
   * read and refuses every write.
   */
  restartAsStandby(): Promise<void>;
  /** Lets the standby take writes. */
  promote(): Promise<void>;
  /** SIGSTOP: connections stay open, nothing answers. */
  freeze(): void;
  thaw(): void;
  /** Ends it and removes its folder. */
  stop(): Promise<void>;
  /** What it has logged. */
  log(): string;
}

export async function startPostgres(options: PostgresServerOptions = {}): Promise<PostgresServer> {
  // Two starts can draw one port; the second does not come up and draws again.
  for (let tries = 1; ; tries++) {
    try {
      return await start(options, await freePort());
    } catch (error) {
      if (tries === 3) throw error;
    }
  }
}

async function start({ settings = {}, owner }: PostgresServerOptions, port: number): Promise<PostgresServer> {
  const bin = binFolder("postgres");
  if (bin === undefined) throw new Error("PostgreSQL is not installed here.");
  const user = unprivileged();
  const folder = serverFolder("postgres");
  const data = join(folder, "data");
  if (user !== undefined) chownSync(folder, user.uid, user.gid);
  execFileSync("cp", ["-a", await template(bin, user), data]);
  const all = {
    listen_addresses: "127.0.0.1",
    unix_socket_directories: folder,
    fsync: "on",
    max_connections: 200,
    log_min_messages: "fatal",
    ...settings,
  };
  const url = `postgres://stem@127.0.0.1:${port}/stem`;
  const sql: PostgresServer["sql"] = async (text, values) => {
    const client = new Client({ connectionString: url, connectionTimeoutMillis: 2_000, query_timeout: 20_000 });
    client.on("error", () => {});
    await client.connect();
    try {
      const result: unknown = await client.query(text, values as unknown[]);
      return ((Array.isArray(result) ? result.at(-1) : result) as { rows: Record<string, unknown>[] }).rows;
    } finally {
      await client.end().catch(() => {});
    }
  };
  const server = new GuardedServer({
    folder,
    ...(owner !== undefined && { owner }),
    command: () => [
      ...as(user),
      join(bin, "postgres"),
      "-D",
      data,
      "-p",
      String(port),
      ...Object.entries(all).flatMap(([name, value]) => ["-c", `${name}=${value}`]),
    ],
    ready: async () => void (await sql("SELECT 1")),
  });
  try {
    await server.start(60_000);
  } catch (error) {
    await server.stop();
    throw error;
  }
  return {
    url,
    port,
    folder,
    get pid() {
      return server.pid;
    },
    sql,
    kill: () => server.kill(),
    restart: async () => {
      await server.kill();
      await server.start(60_000);
    },
    restartAsStandby: async () => {
      await server.kill();
      writeFileSync(join(data, "standby.signal"), "");
      await server.start(60_000);
    },
    promote: async () => void (await sql("SELECT pg_promote()")),
    freeze: () => server.freeze(),
    thaw: () => server.thaw(),
    stop: () => server.stop(),
    log: () => server.log(),
  };
}

interface User {
  readonly uid: number;
  readonly gid: number;
}

/** Whom the server runs as when we are root, which it refuses. */
function unprivileged(): User | undefined {
  if (process.getuid?.() !== 0) return undefined;
  for (const name of ["postgres", "nobody"]) {
    const [uid, gid] = ["-u", "-g"].map((of) => spawnSync("id", [of, name], { encoding: "utf8" }));
    if (uid!.status === 0) return { uid: Number(uid!.stdout), gid: Number(gid!.stdout) };
  }
  throw new Error("PostgreSQL refuses to run as root, and there is no user postgres or nobody.");
}

function as(user: User | undefined): readonly string[] {
  return user === undefined ? [] : ["setpriv", `--reuid=${user.uid}`, `--regid=${user.gid}`, "--clear-groups"];
}

/**
 * A fresh data folder that is copied for each server: making one takes a second, copying it a tenth. One per
 * run of the tests.
 */
async function template(bin: string, user: User | undefined): Promise<string> {
  const run = runFolder() ?? serverFolder("template");
  const made = join(run, "postgres-template");
  const [lock, failed] = [`${made}.lock`, `${made}.failed`];
  if (!first(lock)) {
    while (!existsSync(made)) {
      if (existsSync(failed)) throw new Error("Another test could not make PostgreSQL's data folder.");
      await pause(50);
    }
    return made;
  }
  const making = serverFolder("initdb");
  try {
    if (user !== undefined) chownSync(making, user.uid, user.gid);
    const data = join(making, "data");
    const [command, ...args] = [
      ...as(user),
      join(bin, "initdb"),
      "-D",
      data,
      "-U",
      "stem",
      "-A",
      "trust",
      "-E",
      "UTF8",
      "--locale=C",
      "-N",
    ];
    execFileSync(command!, args, { stdio: ["ignore", "ignore", "pipe"] });
    const bootstrap = [...as(user), join(bin, "postgres"), "--single", "-D", data, "-c", "fsync=off", "postgres"];
    execFileSync(bootstrap[0]!, bootstrap.slice(1), { input: "CREATE DATABASE stem\n", stdio: ["pipe", "ignore", "pipe"] });
    execFileSync("mv", [data, `${made}.part`]);
    renameSync(`${made}.part`, made);
    return made;
  } catch (error) {
    first(failed);
    throw error;
  } finally {
    rmSync(making, { recursive: true, force: true });
  }
}
