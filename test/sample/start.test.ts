import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "@jest/globals";
import { describeOwn } from "../servers/index.js";

const dist = fileURLToPath(new URL("../../dist/sample-app", import.meta.url));
const home = mkdtempSync(join(tmpdir(), "stem-sample-"));
const env = { ...process.env, NODE_OPTIONS: "", NO_COLOR: "1", SHOP_DATA: home, PORT: "0" };
afterAll(() => rmSync(home, { recursive: true, force: true }));

describe("The sample", () => {
  it.each(["demo.js", "start.js"])("says in one line what it lacks for a store, or that there is no such store (%s)", (file) => {
    const run = (store: string): { status: number | null; said: string } => {
      const { status, stderr } = spawnSync(process.execPath, [join(dist, file), "--store", store], {
        encoding: "utf8",
        env: { ...env, PATH: "/nowhere" },
      });
      return { status, said: stderr.trim() };
    };
    expect(run("redis")).toEqual({
      status: 1,
      said: expect.stringMatching(
        /^.*redis-server is not installed here\. Install it \(Debian: apt-get install redis-server\), or .*STEM_DEMO_REDIS_URL=.*$/,
      ),
    });
    expect(run("mysql")).toEqual({
      status: 1,
      said: expect.stringMatching(/^.*no store "mysql": give --store sqlite, redis or postgres\.$/),
    });
  });
});

for (const kind of ["redis", "postgres"] as const)
  describeOwn(kind)(`npm start -- --store ${kind}`, () => {
    it("opens the shop on a server of its own, which ends with it however it ends", async () => {
      const shop = spawn(process.execPath, [join(dist, "start.js"), "--store", kind], { env, stdio: ["ignore", "pipe", "inherit"] });
      try {
        let printed = "";
        while (!/open at (http:\S+?);/.test(printed)) printed += String((await once(shop.stdout, "data"))[0]);
        const url = /open at (http:\S+?);/.exec(printed)![1]!;
        const where = /jobs are on \w+: \w+:\/\/127\.0\.0\.1:(\d+)/.exec(printed);
        const { job } = (await (await fetch(`${url}/stock`, { method: "POST" })).json()) as { job: string };
        for (let state = ""; state !== "succeeded";) ({ state } = (await (await fetch(`${url}/jobs/${job}`)).json()) as { state: string });
        shop.kill("SIGKILL");
        await once(shop, "exit");
        while (await answers(Number(where![1]))) await new Promise((resolve) => setTimeout(resolve, 20));
      } finally {
        shop.kill("SIGKILL");
      }
    });
  });

async function answers(port: number): Promise<boolean> {
  const socket = connect(port, "127.0.0.1");
  try {
    await once(socket, "connect");
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
