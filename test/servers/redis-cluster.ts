import { pause } from "./guarded.js";
import { type RedisServer, type RedisServerOptions, startRedis } from "./redis.js";

export interface RedisClusterOptions extends Omit<RedisServerOptions, "replicaOf" | "password"> {
  /** Masters, which share the slots evenly. Default 3. */
  readonly nodes?: number;
  /** Replicas of each master. Default 0. */
  readonly replicas?: number;
}

/** A Redis Cluster of one's own. It dies with the process that started it. */
export interface RedisCluster {
  /** Of the first master; a client finds the others from there. */
  readonly url: string;
  readonly masters: readonly RedisServer[];
  readonly replicas: readonly RedisServer[];
  /** Waits until every living node says that the cluster is whole. */
  settled(): Promise<void>;
  stop(): Promise<void>;
}

const SLOTS = 16_384;

export async function startRedisCluster({
  nodes = 3,
  replicas = 0,
  config = [],
  ...rest
}: RedisClusterOptions = {}): Promise<RedisCluster> {
  const lines = ["cluster-enabled yes", "cluster-config-file nodes.conf", "cluster-node-timeout 1000", ...config];
  const servers = await Promise.all(Array.from({ length: nodes * (1 + replicas) }, () => startRedis({ ...rest, config: lines })));
  const stop = async (): Promise<void> => void (await Promise.all(servers.map((server) => server.stop())));
  try {
    const [masters, followers] = [servers.slice(0, nodes), servers.slice(nodes)];
    await Promise.all(
      masters.map(async (master, i) => {
        const [from, to] = [Math.floor((i * SLOTS) / nodes), Math.floor(((i + 1) * SLOTS) / nodes)];
        await master.call("CLUSTER", "ADDSLOTS", ...Array.from({ length: to - from }, (_, slot) => from + slot));
        await master.call("CLUSTER", "SET-CONFIG-EPOCH", i + 1);
      }),
    );
    for (const server of servers.slice(1)) await server.call("CLUSTER", "MEET", "127.0.0.1", masters[0]!.port);
    await eventually(async () => {
      for (const server of servers) if ((await known(server)) < servers.length) return false;
      return true;
    });
    for (const [i, follower] of followers.entries())
      await eventually(async () => {
        await follower.call("CLUSTER", "REPLICATE", String(await masters[i % nodes]!.call("CLUSTER", "MYID")));
        return true;
      });
    const settled = () =>
      eventually(async () => {
        for (const server of servers) if (!(await whole(server))) return false;
        return true;
      });
    await settled();
    return { url: masters[0]!.url, masters, replicas: followers, settled, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function known(server: RedisServer): Promise<number> {
  return Number(/cluster_known_nodes:(\d+)/.exec(String(await server.call("CLUSTER", "INFO")))![1]);
}

/**
 * Whether a node knows the cluster to be whole and, if it is a replica, has its master's data. A node that is
 * down has no say.
 */
async function whole(server: RedisServer): Promise<boolean> {
  try {
    if (!String(await server.call("CLUSTER", "INFO")).includes("cluster_state:ok")) return false;
    const replication = String(await server.call("INFO", "replication"));
    return /role:master|master_link_status:up/.test(replication);
  } catch (error) {
    return (error as { code?: string }).code === "ECONNREFUSED" || String(error).includes("closed");
  }
}

async function eventually(holds: () => Promise<boolean>, withinMs = 20_000): Promise<void> {
  const late = performance.now() + withinMs;
  for (;;) {
    let trouble: unknown;
    if (await holds().catch((error: unknown) => void (trouble = error))) return;
    if (performance.now() > late) throw new Error(`The Redis Cluster is not whole within ${withinMs} ms.`, { cause: trouble });
    await pause(50);
  }
}
