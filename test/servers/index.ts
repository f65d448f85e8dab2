/*
 * Servers for tests: private ones on free ports of the loopback interface with a temporary folder for their
 * data, never those of the machine.
 *
 * - `startRedis`, `startRedisCluster`, `startPostgres`: one's own, to be killed, frozen, restarted.
 * - `sharedRedis`, `sharedRedisCluster`, `sharedPostgres`: one for the whole run of the tests, started when
 *   the first test asks, so that runs that need none start none. `STEM_TEST_REDIS_URL` and
 *   `STEM_TEST_POSTGRES_URL` give others instead.
 * - `startProxy`: connections that can be cut, stalled and refused.
 * - `describeOwn`, `describeShared`: suites that are skipped, loudly, where a server cannot be had.
 *
 * Each server has a guard, a small shell process that ends it and removes its folder as soon as the process
 * that owns it is gone, however that ended: a test's process for its own servers, jest's main process for
 * shared ones.
 */
export { canStart, describeOwn, describeShared, givenUrl, type ServerKind } from "./available.js";
export { type PostgresServer, type PostgresServerOptions, startPostgres } from "./postgres.js";
export { type Pooler, startPooler } from "./pooler.js";
export { type Proxy, startProxy } from "./proxy.js";
export { type RedisCluster, type RedisClusterOptions, startRedisCluster } from "./redis-cluster.js";
export { type RedisServer, type RedisServerOptions, startRedis } from "./redis.js";
export { sharedPostgres, sharedRedis, sharedRedisCluster } from "./shared.js";
