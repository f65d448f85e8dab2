import { describe, expect, it } from "@jest/globals";
import { Injectable, Logger } from "@nestjs/common";
import { memory } from "../../lib/adapters/memory/index.js";
import type { Adapter } from "../../lib/contract/adapter.js";
import { StoreError } from "../../lib/contract/errors.js";
import { Stem } from "../../lib/core/client/stem.js";
import { Cron } from "../../lib/nest/decorators/cron.js";
import { Task } from "../../lib/nest/decorators/task.js";
import { StemModule } from "../../lib/nest/module.js";
import { AwayStore } from "./away.js";
import { appOf, closeAfterEach, gate } from "./apps.js";

closeAfterEach();

@Task()
class Quick {
  run(): string {
    return "done";
  }
}

/** A schedule that tells when it has fired. */
function ticking(): { readonly Ticks: new () => object; readonly ticked: Promise<void> } {
  const { opened, open } = gate();

  @Injectable()
  class Ticks {
    @Cron("* * * * * *")
    tick(): void {
      open();
    }
  }
  return { Ticks, ticked: opened };
}

/** What is warned of while `work` runs. */
async function warnings(work: () => Promise<void>): Promise<readonly string[]> {
  const lines: string[] = [];
  const { warn } = Logger.prototype;
  Logger.prototype.warn = (message: unknown) => void lines.push(String(message));
  try {
    await work();
  } finally {
    Logger.prototype.warn = warn;
  }
  return lines;
}

describe("An app whose store is away", () => {
  it("comes up after connectTimeoutMs all the same; worker, beat and producer go on by themselves when the store is there", async () => {
    const book: string[] = [];
    const away = new AwayStore(300, book);
    const { Ticks, ticked } = ticking();
    const began = performance.now();
    const app = await appOf({ imports: [StemModule.forRoot({ adapter: away.adapter })], providers: [Quick, Ticks] });
    const took = performance.now() - began;
    expect(took).toBeGreaterThanOrEqual(290);
    // Once for opening, once for the first calls of worker and beat, side by side. What they try again by
    // themselves nobody waits for.
    expect(book.slice(0, 6)).toEqual(["waits", "over", "waits", "waits", "waits", "over"]);
    expect(book.filter((line) => line === "over").length).toBeLessThanOrEqual(4);
    const stem = app.get(Stem);
    await expect(stem.enqueue(Quick)).rejects.toMatchObject({ code: "STEM_STORE_UNREACHABLE" });
    away.arrive();
    const job = await stem.enqueue(Quick);
    expect(await job.result({ timeout: "10s" })).toBe("done");
    await ticked;
  });

  it("waits for the stores of several instances side by side", async () => {
    const book: string[] = [];
    const [one, other] = [new AwayStore(400, book), new AwayStore(400, book)];
    await appOf({ imports: [StemModule.forRoot({ adapter: one.adapter }), StemModule.forRoot({ name: "other", adapter: other.adapter })] });
    expect(book.slice(0, 2)).toEqual(["waits", "waits"]);
  });

  it("comes up without waiting for worker and beat once more, however long they wait for the store", async () => {
    const away = new AwayStore(3_600_000);
    const slowOpen: Adapter = { ...away.adapter, open: async () => void away.adapter.open() };
    const { Ticks, ticked } = ticking();
    const lines = await warnings(async () => {
      const app = await appOf({ imports: [StemModule.forRoot({ adapter: slowOpen })], providers: [Quick, Ticks] });
      away.arrive();
      expect(await (await app.get(Stem).enqueue(Quick)).result({ timeout: "10s" })).toBe("done");
      await ticked;
    });
    expect(lines).toEqual(["The store does not answer yet; worker and beat begin by themselves when it does"]);
  });

  it("says with its health that it is, and why, within the time it is given", async () => {
    const away = new AwayStore(100);
    const app = await appOf({ imports: [StemModule.forRoot({ adapter: away.adapter })] });
    const stem = app.get(Stem);
    expect(await stem.health()).toEqual({
      ok: false,
      adapter: "away",
      code: "STEM_STORE_UNREACHABLE",
      error: expect.stringContaining("refuses connections"),
    });
    expect(await stem.health({ timeout: 1 })).toMatchObject({ ok: false, error: expect.stringContaining("not answered within 1 ms") });
    away.arrive();
    expect(await stem.health()).toMatchObject({ ok: true, adapter: "away", workers: [], queues: [] });
  });

  it("stops at once when asked to while it is away", async () => {
    const away = new AwayStore(300);
    const app = await appOf({
      imports: [StemModule.forRoot({ adapter: away.adapter, worker: { grace: 10, abortGrace: 10 } })],
      providers: [Quick, ticking().Ticks],
    });
    const began = performance.now();
    await app.close();
    expect(performance.now() - began).toBeLessThan(10_000);
    expect(away.waiting).toBeLessThanOrEqual(1);
  });
});

describe("The log of an app", () => {
  it("has what the store says while it connects, and what it finds wrong with its own set-up, one line each", async () => {
    const away = new AwayStore(50);
    const told = gate();
    away.findings = async () => {
      setImmediate(told.open);
      return [{ code: "STEM_REDIS_EVICTS", message: "maxmemory-policy is allkeys-lru.", hint: "Set noeviction." }];
    };
    away.arrive();
    const sound: Adapter = {
      ...away.adapter,
      open: async (log) => {
        log?.warn("attempt 1");
        await away.adapter.open(log);
      },
    };
    const lines = await warnings(async () => {
      await appOf({ imports: [StemModule.forRoot({ adapter: sound })] });
      await told.opened;
    });
    expect(lines).toEqual(["attempt 1", "maxmemory-policy is allkeys-lru. → Set noeviction.  [STEM_REDIS_EVICTS]"]);
  });

  it("does not wait for what the store finds, and does not mind if it cannot look", async () => {
    for (const diagnose of [
      () => new Promise<never>(() => {}),
      () => Promise.reject(new Error("no right to look")),
      () => undefined as never,
    ]) {
      const app = await appOf({ imports: [StemModule.forRoot({ adapter: { ...memory(), diagnose } })], providers: [Quick] });
      expect(await (await app.get(Stem).enqueue(Quick)).result({ timeout: "10s" })).toBe("done");
    }
  });
});

describe("A store that no waiting can mend", () => {
  it("stops the boot with its own error: the message alone, no stack", async () => {
    const behind = new StoreError("STEM_SCHEMA_BEHIND", "The schema is at 1, this version needs 3.", "Run stem migrate.");
    const adapter: Adapter = { ...memory(), open: () => Promise.reject(behind) };
    await expect(appOf({ imports: [StemModule.forRoot({ adapter })] })).rejects.toBe(behind);
    expect(behind.stack).toBe(`StoreError: ${behind.message}`);
  });
});
