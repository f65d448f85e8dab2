import { spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "@jest/globals";
import { redis } from "../../lib/adapters/redis/index.js";
import type { Adapter } from "../../lib/contract/index.js";
import { runLaws } from "./run-laws.js";

let server: ChildProcess | undefined;
let folder = "";
let url: string | undefined;
async function start(): Promise<string> {
  const port = await new Promise<number>((resolve) => {
    const probe = createServer().listen(0, "127.0.0.1", () => {
      const { port } = probe.address() as { port: number };
      probe.close(() => resolve(port));
    });
  });
  folder = mkdtempSync(join(tmpdir(), "stem-redis-"));
  server = spawn("redis-server", ["--port", String(port), "--bind", "127.0.0.1", "--save", "", "--dir", folder], { stdio: "ignore" });
  return `redis://127.0.0.1:${port}`;
}
afterAll(() => {
  server?.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
});

let spaces = 0;
runLaws("redis", {
  async open() {
    url ??= await start();
    const namespace = `laws${++spaces}`;
    const opened: Adapter[] = [];
    const open = async (): Promise<Adapter> => {
      const adapter = redis(url!, { namespace });
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
