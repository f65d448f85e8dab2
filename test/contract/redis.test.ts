import { randomUUID } from "node:crypto";
import { redis } from "../../lib/adapters/redis/index.js";
import type { Adapter } from "../../lib/contract/index.js";
import { describeShared, sharedRedis } from "../servers/index.js";
import { runLaws } from "./run-laws.js";

describeShared("redis")("Redis", () => {
  runLaws("redis", {
    async open() {
      const url = await sharedRedis();
      const namespace = `laws-${randomUUID()}`;
      const opened: Adapter[] = [];
      const open = async (): Promise<Adapter> => {
        const adapter = redis(url, { namespace });
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
