import { Cluster, Redis } from "ioredis";
import { Client } from "pg";
import type { Adapter } from "../../lib/contract/index.js";
import type { LawStore, LawSubject } from "../../lib/testing/laws/index.js";
import { sharedPostgres, sharedRedis, sharedRedisCluster } from "../servers/index.js";

/** Makes an adapter, not open yet, on the server at `url`, in a namespace or schema of that name. */
export type MakeAdapter = (url: string, name: string) => Adapter;

/**
 * Stores on the run's one Redis (or the given one), each law in a namespace of its own; its keys are removed
 * behind it.
 */
export function redisSubject(make: MakeAdapter): LawSubject {
  return { open: async () => store(await sharedRedis(), make, forgetKeys) };
}

/** Stores on the run's one Redis Cluster, each law in a namespace of its own. */
export function redisClusterSubject(make: MakeAdapter): LawSubject {
  // The cluster ends with the run, so nothing is cleared away.
  return { open: async () => store(await sharedRedisCluster(), make, async () => {}) };
}

/**
 * Stores on the run's one PostgreSQL (or the given one), each law in a schema of its own, which is dropped
 * behind it.
 */
export function postgresSubject(make: MakeAdapter): LawSubject {
  return { open: async () => store(await sharedPostgres(), make, dropSchema) };
}

let names = 0;

async function store(url: string, make: MakeAdapter, clear: (url: string, name: string) => Promise<void>): Promise<LawStore> {
  const name = `law_${process.pid}_${Date.now().toString(36)}_${++names}`;
  const opened: Adapter[] = [];
  const open = async (): Promise<Adapter> => {
    const adapter = make(url, name);
    opened.push(adapter);
    await adapter.open();
    return adapter;
  };
  return {
    adapter: await open(),
    other: open,
    async close() {
      for (const adapter of opened) await adapter.close();
      await clear(url, name);
    },
  };
}

/** Keys carry their namespace somewhere, so that those of one law can be told from all others. */
async function forgetKeys(url: string, name: string): Promise<void> {
  const redis = new Redis(url, { protocol: 2 });
  try {
    for await (const keys of redis.scanStream({ match: `*${name}*`, count: 1_000 }) as AsyncIterable<string[]>)
      if (keys.length > 0) await redis.unlink(keys);
  } finally {
    redis.disconnect();
  }
}

async function dropSchema(url: string, name: string): Promise<void> {
  const client = new Client(url);
  await client.connect();
  try {
    await client.query("SET client_min_messages = warning");
    await client.query(`DROP SCHEMA IF EXISTS "${name}" CASCADE`);
  } finally {
    await client.end();
  }
}

/** A client of the run's cluster, for tests that look into it; the caller disconnects it. */
export async function clusterClient(): Promise<Cluster> {
  return new Cluster([await sharedRedisCluster()], { redisOptions: { protocol: 2 } });
}
