import { randomUUID } from "node:crypto";
import { redis } from "../../lib/adapters/redis/index.js";
import type { Adapter } from "../../lib/contract/index.js";
import { describeShared, sharedRedisCluster } from "../servers/index.js";
import { runLaws } from "./run-laws.js";

describeShared("redis")("Redis Cluster", () => {
  runLaws("redis-cluster", {
    async open() {
      const url = await sharedRedisCluster();
      const namespace = `laws-${randomUUID()}`;
      const opened: Adapter[] = [];
      const open = async (): Promise<Adapter> => {
        const adapter = redis({ cluster: [url] }, { namespace });
        await adapter.open();
        opened.push(adapter);
        return adapter;
      };
      return {
        adapter: await open(),
        other: open,
        async close() {
          for (const adapter of opened) await adapter.close();
        },
      };
    },
  });
});
