import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { givenUrl } from "./available.js";
import { first, pause, runFolder } from "./guarded.js";
import { startPostgres } from "./postgres.js";
import { startRedisCluster } from "./redis-cluster.js";
import { startRedis } from "./redis.js";

/**
 * The one Redis of this run of the tests, started by the first test that asks; or the one given as
 * `STEM_TEST_REDIS_URL`. For tests that keep to a namespace of their own and harm nobody. @returns its url
 */
export function sharedRedis(): Promise<string> {
  return once("redis", givenUrl("redis"), async (owner) => (await startRedis({ owner, appendonly: false })).url);
}

/** The one Redis Cluster (three masters) of this run of the tests. @returns the url of one node */
export function sharedRedisCluster(): Promise<string> {
  return once("cluster", undefined, async (owner) => (await startRedisCluster({ owner, appendonly: false })).url);
}

/**
 * The one PostgreSQL of this run of the tests, or the one given as `STEM_TEST_POSTGRES_URL`. Nothing kills
 * it, so it need not wait for the disk.
 * @returns its url
 */
export function sharedPostgres(): Promise<string> {
  return once("postgres", givenUrl("postgres"), async (owner) => (await startPostgres({ owner, settings: { fsync: "off" } })).url);
}

const known = new Map<string, Promise<string>>();

/**
 * Among all of jest's processes only the first to ask starts the server; it belongs to jest's main process
 * and ends with it. The others read its address.
 */
function once(name: string, given: string | undefined, start: (owner: number) => Promise<string>): Promise<string> {
  if (given !== undefined) return Promise.resolve(given);
  let url = known.get(name);
  if (url === undefined) known.set(name, (url = find(name, start)));
  return url;
}

async function find(name: string, start: (owner: number) => Promise<string>): Promise<string> {
  const run = runFolder();
  if (run === undefined) return start(process.pid);
  const [lock, address, failed] = [join(run, `${name}.lock`), join(run, `${name}.url`), join(run, `${name}.failed`)];
  if (first(lock)) {
    try {
      const url = await start(Number(/\d+$/.exec(run)![0]));
      writeFileSync(`${address}.part`, url);
      renameSync(`${address}.part`, address);
      return url;
    } catch (error) {
      writeFileSync(failed, String(error));
      throw error;
    }
  }
  const late = performance.now() + 60_000;
  while (!existsSync(address)) {
    if (existsSync(failed)) throw new Error(`Another test could not start the shared ${name}: ${readFileSync(failed, "utf8")}`);
    if (performance.now() > late) throw new Error(`The shared ${name} did not come up within a minute.`);
    await pause(50);
  }
  return readFileSync(address, "utf8");
}
