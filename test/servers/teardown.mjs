// jest's globalTeardown: tells the guards that the run is over, and waits until they have ended their
// servers. Should this never run, they notice by themselves.
import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";

export default async function teardown() {
  const run = process.env.STEM_TEST_SERVERS;
  if (!existsSync(run)) return;
  rmSync(join(run, "running"), { force: true });
  const late = Date.now() + 5_000;
  while (readdirSync(run, { withFileTypes: true }).some((entry) => entry.isDirectory() && entry.name !== "postgres-template")) {
    if (Date.now() > late) break;
    await pause(50);
  }
  rmSync(run, { recursive: true, force: true, maxRetries: 5 });
}
