import { afterEach, beforeAll, expect, it } from "@jest/globals";
import { Injectable } from "@nestjs/common";
import { postgres } from "../../lib/adapters/postgres/index.js";
import { redis } from "../../lib/adapters/redis/index.js";
import type { Adapter } from "../../lib/contract/adapter.js";
import { Stem } from "../../lib/core/client/stem.js";
import { Cron } from "../../lib/nest/decorators/cron.js";
import { Task } from "../../lib/nest/decorators/task.js";
import { StemModule } from "../../lib/nest/module.js";
import { describeShared, type Proxy, sharedPostgres, sharedRedis, startProxy } from "../servers/index.js";
import { appOf, closeAfterEach, gate } from "./apps.js";

const CONNECT_MS = 500;

const stores = {
  redis: { url: sharedRedis, open: (url: string, name: string): Adapter => redis(url, { namespace: name, connectTimeoutMs: CONNECT_MS }) },
  postgres: {
    url: sharedPostgres,
    open: (url: string, name: string): Adapter => postgres(url, { schema: name, connectTimeoutMs: CONNECT_MS }),
  },
} as const;

for (const kind of ["redis", "postgres"] as const)
  describeShared(kind)(`An app whose ${kind} server is away when it starts`, () => {
    let proxy: Proxy | undefined;
    let url: URL;

    beforeAll(async () => {
      url = new URL(await stores[kind].url());
    });
    closeAfterEach();
    afterEach(() => proxy?.stop());

    it("comes up without it, says why producers fail, and works, beats and waits for results by itself once it is there", async () => {
      const { opened: ticked, open: tick } = gate();

      @Task()
      class Quick {
        run(): string {
          return "done";
        }
      }

      @Injectable()
      class Ticks {
        @Cron("* * * * * *")
        tick(): void {
          tick();
        }
      }
      proxy = await startProxy(Number(url.port));
      await proxy.refuse();
      const through = new URL(url);
      through.port = String(proxy.port);
      const adapter = stores[kind].open(through.href, `arrival_${process.pid}`);
      const app = await appOf({ imports: [StemModule.forRoot({ adapter })], providers: [Quick, Ticks] });
      const stem = app.get(Stem);
      await expect(stem.enqueue(Quick)).rejects.toMatchObject({ code: "STEM_STORE_UNREACHABLE" });
      expect(await stem.health()).toMatchObject({ ok: false, adapter: kind, code: "STEM_STORE_UNREACHABLE" });
      await proxy.pass();
      // The pause between two attempts may have grown to some seconds by now.
      for (let health = await stem.health(); !health.ok; health = await stem.health()) expect(health.code).toBe("STEM_STORE_UNREACHABLE");
      expect(await (await stem.enqueue(Quick)).result({ timeout: "20s" })).toBe("done");
      await ticked;
      expect(await stem.health()).toMatchObject({ ok: true, workers: [expect.objectContaining({ alive: true })] });
    });
  });
