import { describe, expect, it } from "@jest/globals";
import { Injectable, type BeforeApplicationShutdown, type OnApplicationShutdown, type OnModuleInit } from "@nestjs/common";
import { Stem } from "../../lib/core/client/stem.js";
import { memory } from "../../lib/adapters/memory/index.js";
import type { Adapter } from "../../lib/contract/adapter.js";
import { Cron } from "../../lib/nest/decorators/cron.js";
import { InjectStem } from "../../lib/nest/decorators/inject-stem.js";
import { Task } from "../../lib/nest/decorators/task.js";
import { StemModule } from "../../lib/nest/module.js";
import { StemRuntime } from "../../lib/nest/runtime.js";
import { appOf, closeAfterEach, compiled, gate, stemOn } from "./apps.js";

closeAfterEach();

@Task()
class Quick {
  run(): string {
    return "done";
  }
}

/**
 * An adapter that writes down when it is opened and closed, and stays readable: somebody else has it open
 * too.
 */
async function recorded(log: string[]): Promise<Adapter> {
  const adapter = memory();
  await adapter.open();
  return {
    ...adapter,
    open: async () => {
      log.push("store opens");
      await adapter.open();
    },
    close: async () => {
      log.push("store closes");
      await adapter.close();
    },
  };
}

describe("The life of an app", () => {
  it("opens the store first and closes it last, so that every hook of others can enqueue", async () => {
    const log: string[] = [];
    const adapter = await recorded(log);

    @Injectable()
    class Other implements OnModuleInit, BeforeApplicationShutdown, OnApplicationShutdown {
      constructor(@InjectStem() private readonly stem: Stem) {}

      async onModuleInit(): Promise<void> {
        log.push("init");
        await this.stem.enqueue(Quick, undefined, { id: "init" });
      }

      async beforeApplicationShutdown(): Promise<void> {
        log.push("before shutdown");
        await this.stem.enqueue(Quick, undefined, { id: "before" });
      }

      async onApplicationShutdown(): Promise<void> {
        log.push("shutdown");
        await this.stem.enqueue(Quick, undefined, { id: "shutdown" });
      }
    }
    const app = await appOf({ imports: [StemModule.forRoot({ adapter })], providers: [Quick, Other] });
    await app.get(Stem).handle("init").result({ timeout: "5s" });
    await app.close();
    expect(log).toEqual(["store opens", "init", "before shutdown", "shutdown", "store closes"]);
    const [before, shutdown] = await adapter.jobs.get(["before", "shutdown"]);
    // The worker takes nothing new by then; another process will.
    expect([before?.state, shutdown?.state]).toEqual(["ready", "ready"]);
  });

  it("waits at its end for a running job, which can still enqueue", async () => {
    const adapter = await recorded([]);
    const goOn = gate();
    const started = gate();

    @Task()
    class Slow {
      constructor(@InjectStem() private readonly stem: Stem) {}

      async run(): Promise<string> {
        started.open();
        await goOn.opened;
        return (await this.stem.enqueue(Quick, undefined, { id: "from slow" })).id;
      }
    }
    const app = await appOf({ imports: [StemModule.forRoot({ adapter })], providers: [Quick, Slow] });
    await app.get(Stem).enqueue(Slow, undefined, { id: "slow" });
    await started.opened;
    const closing = app.close();
    goOn.open();
    await closing;
    const [slow, from] = await adapter.jobs.get(["slow", "from slow"]);
    expect([slow?.state, from?.state]).toEqual(["succeeded", "ready"]);
  });

  it("is the same for an app that was never initialised: closing it is harmless", async () => {
    const log: string[] = [];
    const app = await compiled({ imports: [StemModule.forRoot({ adapter: await recorded(log) })], providers: [Quick] });
    await app.close();
    expect(log).toEqual([]);
  });

  it("closes the stores it opened when a later one does not open", async () => {
    const log: string[] = [];
    const broken: Adapter = { ...memory(), open: () => Promise.reject(new Error("no such disk")) };
    const boot = appOf({
      imports: [StemModule.forRoot({ adapter: await recorded(log) }), StemModule.forRoot({ name: "broken", adapter: broken })],
    });
    await expect(boot).rejects.toThrow("no such disk");
    expect(log).toEqual(["store opens", "store closes"]);
  });

  it("does not start by itself with autoStart: false, but when it is told", async () => {
    const app = await appOf({ imports: [stemOn({ autoStart: false })], providers: [Quick] });
    const job = await app.get(Stem).enqueue(Quick);
    await expect(job.result({ timeout: 50 })).rejects.toThrow(/STEM_RESULT_TIMEOUT/);
    await app.get(StemRuntime).start();
    expect(await job.result({ timeout: "5s" })).toBe("done");
  });
});

describe("A runtime that was stopped", () => {
  const ticks: number[] = [];

  @Injectable()
  class Ticks {
    @Cron("* * * * * *", { name: "again" })
    tick(): void {
      ticks.push(Date.now());
    }
  }

  it("works and fires again when it is started again, with a worker and a beat of its own each time", async () => {
    const app = await appOf({ imports: [stemOn()], providers: [Quick, Ticks] });
    const [stem, runtime] = [app.get(Stem), app.get(StemRuntime)];
    for (let round = 0; round < 2; round++) {
      const { worker, beat } = runtime;
      await runtime.stop();
      const job = await stem.enqueue(Quick);
      await expect(job.result({ timeout: 50 })).rejects.toThrow(/STEM_RESULT_TIMEOUT/);
      await Promise.all([runtime.start(), runtime.start()]);
      expect(await job.result({ timeout: "5s" })).toBe("done");
      expect(runtime.worker).not.toBe(worker);
      expect(runtime.beat).not.toBe(beat);
      expect((await stem.adapter.workers.list()).items).toHaveLength(1);
    }
    ticks.length = 0;
    while (ticks.length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
    await runtime.stop();
    expect((await stem.adapter.workers.list()).items).toHaveLength(0);
  });

  it("begins again when the jobs of before have ended, and stops for good when the app does", async () => {
    const [started, goOn] = [gate(), gate()];

    @Task()
    class Slow {
      async run(): Promise<void> {
        started.open();
        await goOn.opened;
      }
    }
    const app = await appOf({ imports: [stemOn()], providers: [Quick, Slow] });
    const [stem, runtime] = [app.get(Stem), app.get(StemRuntime)];
    const slow = await stem.enqueue(Slow);
    await started.opened;
    const stopping = runtime.stop();
    const starting = runtime.start();
    const quick = await stem.enqueue(Quick);
    await expect(quick.result({ timeout: 50 })).rejects.toThrow(/STEM_RESULT_TIMEOUT/);
    goOn.open();
    await Promise.all([stopping, starting]);
    expect(await quick.result({ timeout: "5s" })).toBe("done");
    expect(await slow.status()).toMatchObject({ state: "succeeded" });
    const last = runtime.worker!;
    await app.close();
    await expect(last.start()).rejects.toMatchObject({ code: "STEM_CLOSED" });
    await expect(runtime.start()).rejects.toMatchObject({ code: "STEM_CLOSED" });
  });

  it("has not been worn by a stop or a start that came too early", async () => {
    const app = await compiled({ imports: [stemOn({ autoStart: false })], providers: [Quick] });
    const runtime = app.get(StemRuntime);
    await expect(runtime.start()).rejects.toMatchObject({ code: "STEM_NOT_READY" });
    await app.init();
    await runtime.stop();
    await runtime.start();
    expect(await (await app.get(Stem).enqueue(Quick)).result({ timeout: "5s" })).toBe("done");
    await runtime.stop();
    expect((await app.get(Stem).adapter.workers.list()).items).toHaveLength(0);
  });
});

describe("A process", () => {
  const rolesWith = async (role: string | undefined, options: Parameters<typeof stemOn>[0] = {}) => {
    if (role !== undefined) process.env["STEM_ROLE"] = role;
    try {
      const app = await appOf({ imports: [stemOn(options)], providers: [Quick] });
      return app.get(StemRuntime).worker !== undefined;
    } finally {
      delete process.env["STEM_ROLE"];
    }
  };

  it("that only produces never has a worker: worker: false, or STEM_ROLE", async () => {
    expect(await rolesWith(undefined)).toBe(true);
    expect(await rolesWith(undefined, { worker: false })).toBe(false);
    expect(await rolesWith("producer")).toBe(false);
    expect(await rolesWith("beat")).toBe(false);
  });

  it("is what STEM_ROLE says rather than what forRoot says", async () => {
    expect(await rolesWith("worker", { worker: false })).toBe(true);
    expect(await rolesWith("producer, worker", { worker: false })).toBe(true);
    expect(await rolesWith("all", { worker: false })).toBe(true);
    expect(await rolesWith("producer", { worker: { concurrency: 5 } })).toBe(false);
  });

  it("without handlers starts no worker", async () => {
    const app = await appOf({ imports: [stemOn()] });
    expect(app.get(StemRuntime).worker).toBeUndefined();
  });
});
