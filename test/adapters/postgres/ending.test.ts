import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { expect, it } from "@jest/globals";
import { describeShared, startProxy } from "../../servers/index.js";
import { PostgresBench } from "./bench.js";

describeShared("postgres")("A process whose connections have all gone silent", () => {
  it("closes its store to the end: it does not stop in the middle because nothing keeps it alive", async () => {
    const bench = await PostgresBench.start("ending");
    await (await bench.open()).close();
    const proxy = await startProxy(Number(new URL(bench.url).port));
    const url = new URL(bench.url);
    url.port = String(proxy.port);
    const child = spawn(process.execPath, [fileURLToPath(new URL("child.mjs", import.meta.url)), url.href, bench.schema], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    let said = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (text) => (said += String(text)));
    while (!said.includes("up\n")) {
      if (child.exitCode !== null) throw new Error(said);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    // The pool has let its connection go by then.
    await new Promise((resolve) => setTimeout(resolve, 200));
    proxy.stall();
    const ended = once(child, "exit");
    child.kill("SIGTERM");
    expect([(await ended)[0], said]).toEqual([0, "up\nclosed\n"]);
    await proxy.stop();
    await bench.stop();
  });
});
