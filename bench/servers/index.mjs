import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startPostgres } from "./postgres.mjs";
import { startRedis } from "./redis.mjs";

/** Starts what a store needs. Each has `about`, `fresh()` (where a run finds an empty store) and `stop()`. */
export const START = { redis: startRedis, postgres: startPostgres, sqlite: startSqlite, memory: startMemory };

function startSqlite() {
  const folder = mkdtempSync(join(tmpdir(), "stem-bench-"));
  const { version } = createRequire(import.meta.url)("better-sqlite3/package.json");
  let files = 0;
  return {
    about: `better-sqlite3 ${version}, WAL, synchronous NORMAL`,
    fresh({ keep = false } = {}) {
      if (!keep)
        for (let i = 1; i <= files; i++) for (const end of ["", "-wal", "-shm"]) rmSync(join(folder, `${i}.db${end}`), { force: true });
      return { store: "sqlite", file: join(folder, `${++files}.db`) };
    },
    stop: () => rmSync(folder, { recursive: true, force: true }),
  };
}

function startMemory() {
  return { about: "this process", fresh: () => ({ store: "memory" }), stop: () => {} };
}
