import type { Adapter } from "../../contract/index.js";
import { RedisAdapter } from "./adapter.js";
import { check, type RedisOptions, type Server } from "./connect/options.js";

export type { RedisCluster, RedisOptions, RedisServer } from "./connect/options.js";

/**
 * Stores everything in Redis 6.2 or newer, or in a Redis Cluster, shared by any number of processes.
 * Needs the package ioredis, which is loaded when the adapter is opened, unless you pass your own client.
 * Nothing is touched before that.
 *
 * @param server a URL (`redis://` or `rediss://`), options of ioredis, `{ cluster: [nodes] }`, or a `Redis`
 * or `Cluster` of ioredis. Your own client is neither configured nor closed; for subscriptions it is
 * duplicated
 * @throws {OptionError} `STEM_OPTION_INVALID`, `STEM_OPTION_UNKNOWN`
 * @example
 * StemModule.forRoot({ adapter: redis("redis://localhost:6379") })
 */
export function redis(server: Server, options: RedisOptions = {}): Adapter {
  check(server, options);
  return new RedisAdapter(server, options);
}
