import { expect, it } from "@jest/globals";
import { describeOwn, type RedisCluster, type RedisServer, startPostgres, startRedis, startRedisCluster } from "../servers/index.js";
import { Load } from "./load.js";
import { between, figures, LONG, moment, until, withFleet, SECONDS } from "./rig.js";
import { adapterAt, harmed, postgresAt, redisAt, type StoreAddress, type StoreDescription } from "./stores.js";

const [JOBS, TIMES, TIME] = LONG ? [10_000, 20, 600] : [500, 2, 90];
const PATIENCE = { connectTimeoutMs: 2_000, commandTimeoutMs: 2_000 };

describeOwn("redis")("When a replica of Redis is promoted", () => {
  it.concurrent(
    "workers and producers that are still connected to the one that was demoted find the new master by themselves, and nothing is lost",
    async () => {
      let master: RedisServer | undefined;
      let replica: RedisServer | undefined;
      const replicated: StoreDescription = {
        name: "Redis",
        async place() {
          const first = (master = await startRedis());
          const second = (replica = await startRedis({ replicaOf: first }));
          const place = await harmed(first, redisAt, { patience: PATIENCE });
          const clear = async (): Promise<void> => {
            await place.clear();
            await second.stop();
          };
          return { ...place, clear };
        },
      };
      await withFleet(replicated, TIME, async (fleet) => {
        const load = await Load.on(fleet, JOBS, TIMES);
        for (let i = 0; i < TIMES; i++) {
          const [old, next] = i % 2 === 0 ? [master!, replica!] : [replica!, master!];
          await until("the replica follows", async () => String(await old.call("INFO", "replication")).includes("state=online"));
          await load.nextPart();
          await moment(between(0, 50));
          // Nothing that was acknowledged is lost in such a change: Redis holds writes back until the replica
          // has everything.
          await old.call("FAILOVER", "TO", "127.0.0.1", next.port);
          await until("it is the master", async () => String(await next.call("INFO", "replication")).includes("role:master"));
          // As a name service or a proxy does: whoever connects anew comes to the new one, and nobody is cut
          // off.
          fleet.proxy.target(next.port);
          await load.goesOn();
        }
        figures(replicated, "replica promoted under load", { ...(await load.finish()), times: TIMES });
      });
    },
    SECONDS(TIME),
  );
});

/** A cluster of three masters, each with a replica. */
function onCluster(keep: (cluster: RedisCluster) => void): StoreDescription {
  return {
    name: "Redis Cluster",
    async place() {
      const cluster = await startRedisCluster({ replicas: 1 });
      keep(cluster);
      const urls = cluster.masters.map(({ url }) => url);
      const at = (patience: object): StoreAddress => ({ kind: "cluster", urls, options: { namespace: "crash", ...patience } });
      return { address: at(PATIENCE), adapter: adapterAt(at({ connectTimeoutMs: 2_000 })), clear: () => cluster.stop() };
    },
  };
}

describeOwn("redis")("When a shard of a Redis Cluster moves", () => {
  it.concurrent(
    "to its replica, one shard after the other, under load, nothing is lost, and every worker goes on by itself",
    async () => {
      let cluster: RedisCluster | undefined;
      const store = onCluster((made) => (cluster = made));
      await withFleet(store, TIME, async (fleet) => {
        const { masters, replicas } = cluster!;
        const load = await Load.on(fleet, JOBS, masters.length);
        for (const replica of replicas) {
          await load.nextPart();
          await replica.call("CLUSTER", "FAILOVER");
          await until("it is the master", async () => String(await replica.call("INFO", "replication")).includes("role:master"));
          await load.goesOn();
        }
        figures(store, "each shard to its replica, under load", { ...(await load.finish()), times: masters.length });
      });
    },
    SECONDS(TIME),
  );

  it.concurrent(
    "because its master was killed, the replica's workers go on by themselves, and nothing is lost of what had reached it",
    async () => {
      let cluster: RedisCluster | undefined;
      const store = onCluster((made) => (cluster = made));
      await withFleet(store, TIME, async (fleet) => {
        const { masters, replicas } = cluster!;
        const load = await Load.on(fleet, 300, 1);
        await load.nextPart();
        // A master that dies takes along what it had acknowledged and not yet passed on, so this waits until
        // there is no such thing.
        await load.quiet();
        const sizes = await Promise.all(masters.map(async (master) => Number(await master.call("DBSIZE"))));
        const victim = masters[sizes.indexOf(Math.max(...sizes))]!;
        const heir = replicas[masters.indexOf(victim)]!;
        const offset = async (server: RedisServer) =>
          /(?:master|slave)_repl_offset:(\d+)/.exec(String(await server.call("INFO", "replication")))![1];
        await until("the replica has everything", async () => (await offset(victim)) === (await offset(heir)));
        await victim.kill();
        await load.goesOn();
        expect(String(await heir.call("INFO", "replication"))).toContain("role:master");
        figures(store, "master killed", await load.finish());
      });
    },
    SECONDS(TIME),
  );
});

describeOwn("postgres")("When Postgres fails over to a standby", () => {
  it.concurrent(
    "that takes no writes until it is promoted, nothing is lost, and every worker goes on by itself",
    async () => {
      let server: Awaited<ReturnType<typeof startPostgres>> | undefined;
      const store: StoreDescription = {
        name: "Postgres",
        place: async () => harmed((server = await startPostgres()), postgresAt, { patience: PATIENCE }),
      };
      await withFleet(store, TIME, async (fleet) => {
        const load = await Load.on(fleet, JOBS, TIMES);
        for (let i = 0; i < TIMES; i++) {
          await load.nextPart();
          const before = fleet.ledger.of("trouble").length;
          await server!.restartAsStandby();
          await until(
            "everybody was refused",
            () =>
              new Set(
                fleet.ledger
                  .of("trouble")
                  .slice(before)
                  .map(({ pid }) => pid),
              ).size === 3,
          );
          await moment(1_000);
          await server!.promote();
          await load.goesOn();
        }
        figures(store, "standby promoted under load", { ...(await load.finish()), times: TIMES });
      });
    },
    SECONDS(TIME),
  );
});
