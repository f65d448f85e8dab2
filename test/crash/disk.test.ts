import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import { describe, expect, it } from "@jest/globals";
import { sqlite } from "../../lib/adapters/sqlite/index.js";
import { account } from "./account.js";
import { figures, type Fleet, moment, until, withFleet, SECONDS } from "./rig.js";
import type { StoreDescription } from "./stores.js";

const TIME = 60;
const SIZE_MB = 24;

/** A small file system of its own for the file; where this process may not mount one, there is nothing to be shown. */
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
      expect((await after.results.count()).ready).toBe(3);
      await after.close();
      figures(onSmallDisk, "disk read-only", { jobs: 3, "told at open": (trouble as { hint: string }).hint });
    } finally {
      execFileSync("umount", [disk]);
      rmdirSync(disk);
    }
  });
});
