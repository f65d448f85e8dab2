import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { Redis } from "ioredis";
import { freePort, guarded, untilItAnswers } from "./guard.mjs";

/**
 * A redis-server on a free port, without persistence unless `appendonly`.
 * Then it has an fsync per second, Redis's default.
 */
export async function startRedis({ appendonly = false } = {}) {
  const folder = mkdtempSync(join(tmpdir(), "stem-bench-redis-"));
  const port = await freePort();
  const args = [
    "--port",
    port,
    "--bind",
    "127.0.0.1",
    "--save",
    "",
    "--appendonly",
    appendonly ? "yes" : "no",
    "--dir",
    folder,
    "--databases",
    64,
  ];
  const server = guarded("redis-server", args.map(String), { signal: "TERM", cwd: folder });
  let db = 0;
  const client = new Redis({ port, host: "127.0.0.1", maxRetriesPerRequest: 0, lazyConnect: true, retryStrategy: () => null });
  client.on("error", () => {});
  const stop = async () => {
    client.disconnect();
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await untilItAnswers("redis-server", server, async () => {
      if (client.status !== "ready") await client.connect();
      await client.ping();
    });
  } catch (error) {
    await stop();
    throw error;
  }
  const info = await client.info("server");
  const field = (name) => new RegExp(`${name}:(\\S+)`).exec(info)[1];
  return {
    about: `Redis ${field("redis_version")}, ${appendonly ? "appendonly yes, appendfsync everysec" : "no persistence"}`,
    /** Where a run finds an empty store. What earlier runs left is flushed, unless `keep`. */
    async fresh({ keep = false } = {}) {
      if (!keep) await client.flushall();
      db = keep ? db + 1 : 0;
      const url = `redis://127.0.0.1:${port}${db === 0 ? "" : `/${db}`}`;
      return { store: "redis", url, host: "127.0.0.1", port, db, pid: Number(field("process_id")) };
    },
    stop,
  };
}

/**
 * Counts the commands that clients of this database send, those inside of scripts left out.
 * The call of what it resolves to ends the count.
 */
export async function countCommands({ host, port, db }) {
  const socket = connect({ host, port });
  await once(socket, "connect");
  socket.write("MONITOR\r\n");
  let count = 0;
  // A line per command: +1700000000.123456 [db client] "COMMAND" …, with "lua" as the client of those inside
  // of scripts.
  createInterface({ input: socket }).on("line", (line) => {
    const [, database, source] = /^\+[\d.]+ \[(\d+) (\S+)\]/.exec(line) ?? [];
    if (source !== "lua" && Number(database) === db) count++;
  });
  return () => {
    socket.destroy();
    return count;
  };
}
