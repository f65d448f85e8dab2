import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, rmdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import { describe, expect, it } from "@jest/globals";
import { Stem, TaskRegistry } from "../../lib/core/index.js";
import { sqlite } from "../../lib/adapters/sqlite/index.js";
import { account } from "./account.js";
import { figures, type Fleet, moment, until, withFleet, SECONDS } from "./rig.js";
import type { StoreDescription } from "./stores.js";

const TIME = 60;
const SIZE_MB = 24;

/**
 * A small file system of its own for the file; where this process may not mount one, there is nothing to be
 * shown.
 */
const mounts = canMount();
if (!mounts) process.stdout.write("!!! SQLite on a full or read-only file system is NOT tested: mounting one needs root.\n");

function canMount(): boolean {
  try {
    execFileSync("sh", ["-c", 'd=$(mktemp -d) && mount -t tmpfs -o size=1m stem "$d" && umount "$d" && rmdir "$d"'], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

const onSmallDisk: StoreDescription = {
  name: "SQLite",
  async place(folder) {
    const disk = diskOf(folder);
    mkdirSync(disk);
    execFileSync("mount", ["-t", "tmpfs", "-o", `size=${SIZE_MB}m`, "stem", disk]);
    const file = join(disk, "stem.db");
    const clear = async (): Promise<void> => void execFileSync("umount", [disk]);
    return { address: { kind: "sqlite", file }, adapter: sqlite(file), clear };
  },
};

const diskOf = (folder: string): string => join(folder, "disk");

/** The file is whole, to SQLite's own eyes. */
function expectSound(fleet: Fleet): void {
  const raw = new Database(join(diskOf(fleet.folder), "stem.db"));
  expect(raw.pragma("integrity_check", { simple: true })).toBe("ok");
  raw.close();
}

/** Producers were told no, and what to do; and the worker at work noticed too, or had nothing to write. */
function expectToldWhy(fleet: Fleet, hint: RegExp): number {
  const trouble = fleet.ledger.of("trouble").filter(({ code }) => code !== undefined);
  expect(trouble.length).toBeGreaterThan(0);
  for (const { code, hint: told } of trouble)
    expect({ code, told }).toEqual({ code: "STEM_STORE_FAILED", told: expect.stringMatching(hint) });
  return trouble.length;
}

(mounts ? describe : describe.skip)("On a file system that refuses to write, SQLite", () => {
  it.concurrent(
    "tells producers that the disk is full, damages nothing, and goes on by itself when there is room again",
    async () => {
      await withFleet(onSmallDisk, TIME, async (fleet) => {
        const ballast = join(diskOf(fleet.folder), "ballast");
        writeFileSync(ballast, Buffer.alloc((SIZE_MB - 6) * 1_048_576));
        const total = 400;
        const producer = fleet.start("producer", { name: "p", total, shapes: ["large"], ahead: total });
        await until("the disk is full", () => fleet.ledger.of("trouble").length > 3);
        const accepted = fleet.ledger.acceptedCount();
        const worker = fleet.worker({ concurrency: 5 });
        await moment(500);
        rmSync(ballast);
        expect(await producer.says("produced")).toBe(total);
        await until("all jobs have ended", async () => (await fleet.unfinished()) === 0);
        for (const member of [producer, worker]) expect((await fleet.stop(member)).code).toBe(0);
        const { extraRuns, ...sums } = await account(fleet);
        expect(extraRuns).toBeLessThanOrEqual(sums.cut + sums.lost);
        figures(onSmallDisk, "disk full", {
          ...sums,
          "accepted before": accepted,
          refusals: expectToldWhy(fleet, /free some space/),
          "extra runs": extraRuns,
        });
        expectSound(fleet);
      });
    },
    SECONDS(TIME),
  );

  it.concurrent("says so when it is read-only, damages nothing, and has everything when it may write again", async () => {
    const disk = mkdtempSync(join(tmpdir(), "stem-crash-"));
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=4m", "stem", disk]);
    try {
      const file = join(disk, "stem.db");
      const remount = (how: "ro" | "rw") => execFileSync("mount", ["-o", `remount,${how}`, disk]);
      const job = (n: number) => ({ id: `j${n}`, task: "t", queue: "work", payload: "{}" });
      const before = sqlite(file);
      await before.open();
      await before.broker.enqueue([job(1), job(2)]);
      await before.close();
      remount("ro");
      const trouble: unknown = await sqlite(file)
        .open()
        .catch((error: unknown) => error);
      expect(trouble).toMatchObject({ code: "STEM_STORE_OPEN", message: expect.stringMatching(/READONLY|CANTOPEN/) });
      expect((trouble as { hint: string }).hint).toMatch(/write/);
      remount("rw");
      const after = sqlite(file);
      await after.open();
      await after.broker.enqueue([job(3)]);
      expect((await after.jobs.count()).ready).toBe(3);
      await after.close();
      figures(onSmallDisk, "disk read-only", { jobs: 3, "told at open": (trouble as { hint: string }).hint });
    } finally {
      execFileSync("umount", [disk]);
      rmdirSync(disk);
    }
  });

  it.concurrent("that its own log has filled goes on by itself, and health tells of refused writes only as long as they are", async () => {
    const disk = mkdtempSync(join(tmpdir(), "stem-crash-"));
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=8m", "stem", disk]);
    const adapter = sqlite(join(disk, "stem.db"));
    try {
      await adapter.open();
      const stem = new Stem({ adapter, registry: new TaskRegistry() });
      await adapter.workers.renew({ id: "ann", leaseMs: 3_600_000, info: {} }, []);
      const round = async (n: number): Promise<void> => {
        await adapter.broker.enqueue([{ id: `r${n}`, task: "t", queue: "work", payload: "x".repeat(100_000), keepResultMs: 0 }]);
        const { deliveries } = await adapter.broker.claim({ worker: "ann", from: [{ queue: "work" }], limit: 10 });
        await adapter.broker.settle(deliveries.map(({ lease }) => ({ lease, as: "succeeded" as const })));
      };
      // The file has room for all of it: whoever closes it moves the log there.
      for (let n = 5_000; n < 5_010; n++) await round(n);
      await adapter.close();
      await adapter.open();
      let refused = 0;
      // Nothing is kept, so what fills the disk is the log.
      for (let n = 0; n < 200; n++)
        await round(n).catch(async (error: unknown) => {
          refused++;
          expect(error).toMatchObject({ code: "STEM_STORE_FAILED" });
          await round(n + 1_000);
        });
      expect(refused).toBeGreaterThan(0);
      expect(await stem.health()).toMatchObject({ ok: true });
      // Now it is full of something that no checkpoint moves, and so again after one has made room.
      const ballast = join(disk, "ballast");
      const fill = (): void => {
        for (let size = 1_000_000; size >= 1_000; size /= 10)
          try {
            for (;;) writeFileSync(ballast, "x".repeat(size), { flag: "a" });
          } catch {
            // As far as that goes.
          }
      };
      for (let n = 2_000; n < 2_200 && (await stem.health()).ok; n++) {
        fill();
        await adapter.broker.enqueue([{ id: `r${n}`, task: "t", queue: "work", payload: "x".repeat(50_000) }]).catch(fill);
      }
      expect(await stem.health()).toMatchObject({
        ok: false,
        code: "STEM_STORE_FAILED",
        error: expect.stringContaining("free some space"),
      });
      rmSync(ballast);
      expect(await stem.health()).toMatchObject({ ok: true });
      await stem.close();
    } finally {
      await adapter.close();
      execFileSync("umount", [disk]);
      rmdirSync(disk);
    }
  });
});
