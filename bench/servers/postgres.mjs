import { execFileSync } from "node:child_process";
import { chownSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { Client } from "pg";
import { freePort, guarded, untilItAnswers } from "./guard.mjs";

/**
 * A PostgreSQL cluster on a free port, with the configuration that initdb makes.
 * That is fsync on, and synchronous_commit on unless `asyncCommit`. As root it runs as the user postgres,
 * since PostgreSQL refuses root.
 */
export async function startPostgres({ asyncCommit = false } = {}) {
  const bin = binaries();
  const folder = mkdtempSync(join(tmpdir(), "stem-bench-postgres-"));
  const user = unprivileged();
  if (user.uid !== undefined) chownSync(folder, user.uid, user.gid);
  const data = join(folder, "data");
  const options = { ...user, cwd: folder };
  execFileSync(join(bin, "initdb"), ["-D", data, "-U", "bench", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"], {
    ...options,
    stdio: "pipe",
  });
  const port = await freePort();
  const settings = {
    listen_addresses: "127.0.0.1",
    unix_socket_directories: "",
    // For the workloads that run side by side.
    max_connections: "400",
    // Loaded for the idle workload, which counts queries; it tracks nothing else.
    shared_preload_libraries: "pg_stat_statements",
    "pg_stat_statements.track": "none",
    synchronous_commit: asyncCommit ? "off" : "on",
  };
  const args = ["-D", data, "-p", String(port), ...Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`])];
  const server = guarded(join(bin, "postgres"), args, { ...options, signal: "INT" });
  const url = (database) => `postgres://bench@127.0.0.1:${port}/${database}`;
  let databases = 0;
  const stop = async () => {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const [{ version }] = await untilItAnswers("postgres", server, () =>
      query(url("postgres"), "SELECT split_part(version(), ' ', 2) AS version"),
    );
    const pid = Number(readFileSync(join(data, "postmaster.pid"), "utf8").split("\n")[0]);
    return {
      about: `PostgreSQL ${version}, fsync on, synchronous_commit ${settings.synchronous_commit}`,
      /** Where a run finds an empty store. The databases of earlier runs are dropped, unless `keep`. */
      async fresh({ keep = false } = {}) {
        if (!keep && databases > 0) {
          for (let i = 1; i <= databases; i++) await query(url("postgres"), `DROP DATABASE IF EXISTS bench${i} WITH (FORCE)`);
        }
        const database = `bench${++databases}`;
        await query(url("postgres"), `CREATE DATABASE ${database}`);
        return { store: "postgres", url: url(database), pid };
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/**
 * Does what autovacuum would have done by the time a real queue has that many rows.
 * It also takes a checkpoint, so that none falls into a measurement.
 */
export async function settlePostgres({ url }) {
  await query(url, "VACUUM ANALYZE");
  await query(url, "CHECKPOINT");
}

/**
 * Counts the statements of all clients of this database that connect after this call. `since()` begins to
 * count; what it resolves to ends it.
 */
export async function countQueries({ url }) {
  await query(url, "CREATE EXTENSION IF NOT EXISTS pg_stat_statements");
  const database = new URL(url).pathname.slice(1);
  await query(url, `ALTER DATABASE ${database} SET pg_stat_statements.track = 'top'`);
  const calls = async () => {
    const [{ sum }] = await query(
      url,
      `SELECT coalesce(sum(calls), 0)::int AS sum FROM pg_stat_statements
        WHERE query NOT LIKE '%pg_stat_statements%' AND dbid = (SELECT oid FROM pg_database WHERE datname = current_database())`,
    );
    return sum;
  };
  return {
    async since() {
      const before = await calls();
      return async () => (await calls()) - before;
    },
  };
}

export async function query(url, text, values) {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(text, values)).rows;
  } finally {
    await client.end();
  }
}

function binaries() {
  const debian = "/usr/lib/postgresql";
  const versions = existsSync(debian) ? readdirSync(debian).sort((a, b) => Number(b) - Number(a)) : [];
  const places = [...(process.env.PATH ?? "").split(delimiter), ...versions.map((version) => join(debian, version, "bin"))];
  const found = places.find((place) => existsSync(join(place, "postgres")) && existsSync(join(place, "initdb")));
  if (found === undefined)
    throw new Error("PostgreSQL's server is not installed (initdb and postgres are neither on PATH nor in /usr/lib/postgresql).");
  return found;
}

function unprivileged() {
  if (process.getuid?.() !== 0) return {};
  const id = (flag) => Number(execFileSync("id", [flag, "postgres"], { encoding: "utf8" }));
  return { uid: id("-u"), gid: id("-g") };
}
