import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import type { Adapter } from "../../lib/contract/adapter.js";
import { sqlite } from "../../lib/adapters/sqlite/index.js";
import { type Ended, root, type Started, startStem } from "./run.js";

const app = join(root, "dist/sample-app/src/app.module.js#AppModule");
const home = mkdtempSync(join(tmpdir(), "stem-cli-"));

let shop: string;
let store: Adapter;
let count = 0;
/** What a test has started; a test that fails leaves nothing running. */
const children: ChildProcess[] = [];

beforeEach(() => {
  shop = join(home, String(count++));
  mkdirSync(shop);
  store = sqlite(join(shop, "stem.db"));
});
afterEach(async () => {
  for (const child of children.splice(0)) if (child.exitCode === null) child.kill("SIGKILL");
  await store.close();
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

function start(args: readonly string[]): Started {
  const started = startStem(shop, args, { SHOP_DATA: shop });
  children.push(started.child);
  return started;
}

const stem = (...args: string[]): Promise<Ended> => start(args).ended;

/** Leaves a dead letter of the shop in its store. */
async function leaveDead(id: string, task = "shop.exportBooks"): Promise<void> {
  await store.open();
  await store.workers.renew({ id: "w", leaseMs: 60_000, info: {} }, []);
  await store.broker.enqueue([{ id, task, queue: "default", payload: '{"month":"2026-10"}' }]);
  const { deliveries } = await store.broker.claim({ worker: "w", from: [{ queue: "default" }], limit: 1 });
  await store.broker.settle([
    { lease: deliveries[0]!.lease, as: "failed", cause: "error", error: { name: "Error", message: "The books are closed" } },
  ]);
  await store.workers.leave("w");
}

describe("The exit code", () => {
  it("is 2 for a command that does not exist, with a suggestion", async () => {
    const { code, err } = await stem("genrate");
    expect({ code, suggests: err.includes("generate") }).toEqual({ code: 2, suggests: true });
  });

  it("is 2 when no app is named, and says how to name one", async () => {
    const { code, err } = await stem("tasks");
    expect({ code, says: err.includes("--app dist/app.module.js#AppModule") }).toEqual({ code: 2, says: true });
  });

  it("is 2 when the named file or class does not exist", async () => {
    expect(await stem("tasks", "--app", "dist/nowhere.js#AppModule")).toMatchObject({
      code: 2,
      err: expect.stringContaining("no file dist/nowhere.js"),
    });
    expect(await stem("tasks", "--app", app.replace("#AppModule", "#Nothing"))).toMatchObject({
      code: 2,
      err: expect.stringContaining("exports: AppModule"),
    });
  });

  it("is 3 when the app throws while it is loaded", async () => {
    writeFileSync(join(shop, "bad.mjs"), "throw new Error('no configuration');");
    expect(await stem("tasks", "--app", "bad.mjs#X")).toMatchObject({ code: 3, err: expect.stringContaining("no configuration") });
  });

  it("is 2 when an option has a value it cannot have, before the app boots", async () => {
    for (const [args, says] of [
      [["worker", "-c", "many"], 'The --concurrency is "many"'],
      [["worker", "-q", "mail=0"], 'share of queue "mail" in --queues is "0"'],
      [["health", "--workers", "two"], '--workers is a whole number, not "two"'],
      [["tasks", "--config", "nowhere.js"], "no file nowhere.js. It is to say: export default"],
      [["tasks", "--instance", "billing"], 'no instance "billing" of Stem'],
      [["generate", "--out", "stem.json"], "not a TypeScript file"],
    ] as const) {
      const { code, out, err } = await stem(...args, ...(args[0] === "generate" || args[1] === "--config" ? [] : ["--app", app]));
      expect({ args, code, out, says: err.includes(says) ? says : err }).toEqual({ args, code: 2, out: "", says });
    }
  }, 120_000);

  it("is 2 when a source is named in place of the built app, 3 when the app has no Stem", async () => {
    writeFileSync(join(shop, "app.module.ts"), "export class AppModule {}");
    expect(await stem("tasks", "--app", "app.module.ts")).toMatchObject({ code: 2, err: expect.stringContaining("Name the built file") });
    const common = pathToFileURL(join(root, "node_modules/@nestjs/common/index.js")).href;
    writeFileSync(join(shop, "bare.mjs"), `import { Module } from "${common}"; export class AppModule {} Module({})(AppModule);`);
    expect(await stem("tasks", "--app", "bare.mjs")).toMatchObject({
      code: 3,
      err: expect.stringContaining("import StemModule.forRoot({ adapter })"),
    });
  });

  it("is 3 when the store cannot be opened, with code and remedy and no stack trace", async () => {
    writeFileSync(join(shop, "stem.db"), "this is not a database, whatever its name says".repeat(100));
    const { code, err } = await stem("health", "--app", app);
    expect({ code, coded: err.includes("[STEM_STORE_OPEN]"), stack: /^\s+at /m.test(err.slice(err.indexOf("stem:"))) }).toEqual({
      code: 3,
      coded: true,
      stack: false,
    });
  });
});

describe("stem tasks", () => {
  it("lists tasks, workflows and schedules as JSON when piped", async () => {
    const { code, out } = await stem("tasks", "--app", app);
    const { tasks, schedules } = JSON.parse(out) as { tasks: { name: string; kind: string; queue: string }[]; schedules: { id: string }[] };
    expect(code).toBe(0);
    expect(tasks).toContainEqual(
      expect.objectContaining({ name: "order.process", kind: "workflow", queue: "runs", where: "ProcessOrder.run" }),
    );
    expect(tasks).toContainEqual(expect.objectContaining({ name: "images.store", kind: "task", where: "PublishImage.store" }));
    expect(schedules).toContainEqual(expect.objectContaining({ id: "shop.tick" }));
  });

  it("prints a table when asked to", async () => {
    const { out } = await stem("tasks", "--table", "--app", app);
    expect(out).toMatch(/^NAME +KIND +QUEUE/);
  });

  it.each([
    ["stem.config.mjs", `export default { app: ${JSON.stringify(app)} };`],
    ["stem.config.json", `{ "app": ${JSON.stringify(app)} }`],
    ["stem.config.ts", `const app: string = ${JSON.stringify(app)};\nexport default { app };`],
  ])("takes the app from %s", async (file, text) => {
    writeFileSync(join(shop, file), text);
    expect(await stem("tasks")).toMatchObject({ code: 0 });
  });
});

describe("stem jobs", () => {
  it("lists what is stored, by filters, and removes it once it is told to", async () => {
    await leaveDead("books-1");
    await store.broker.enqueue([
      { id: "books-2", task: "shop.exportBooks", queue: "default", payload: '{"month":"2026-11"}', delayMs: 3_600_000 },
      { id: "stock-1", task: "shop.syncStock", queue: "default", payload: "{}" },
    ]);
    await store.workers.renew({ id: "w2", leaseMs: 600_000, info: {} }, []);
    await store.broker.enqueue([{ id: "runs-1", task: "shop.syncStock", queue: "runs", payload: "{}" }]);
    await store.broker.claim({ worker: "w2", from: [{ queue: "runs" }], limit: 1 });
    const listed = async (...filter: string[]): Promise<readonly string[]> =>
      (JSON.parse((await stem("jobs", "list", ...filter, "--app", app)).out) as { id: string }[]).map(({ id }) => id);
    expect(await listed()).toEqual(["runs-1", "stock-1", "books-2", "books-1"]);
    expect(await listed("-l", "2", "--cursor", "stock-1")).toEqual(["books-2", "books-1"]);
    expect(await listed("--state", "failed", "-t", "shop.exportBooks")).toEqual(["books-1"]);
    const { out: shown } = await stem("jobs", "list", "--delayed", "-q", "default", "--table", "--app", app);
    expect(shown).toMatch(/ID +TASK +QUEUE +STATE/);
    expect(shown).toMatch(/books-2 +shop\.exportBooks +default +delayed .*\{"month":"2026-11"\}/);
    expect(shown.trim().split("\n")).toHaveLength(2);

    const remove = (...args: string[]): Promise<Ended> => stem("jobs", "remove", ...args, "--app", app);
    expect(await remove("books-1")).toMatchObject({ code: 2, err: expect.stringContaining("--yes") });
    expect(await remove("books-1", "runs-1", "nobody", "--yes")).toMatchObject({
      code: 1,
      out: expect.stringMatching(/Removed 1 of 3 jobs\.\n {2}runs-1: it runs\. .*\n {2}nobody: no job of that id/),
    });
    expect(await remove("--delayed", "-y")).toMatchObject({ code: 0, out: "Removed 1 job.\n" });
    expect(await listed()).toEqual(["runs-1", "stock-1"]);
    const { code, out } = await remove("--all", "--yes", "--json");
    expect([code, JSON.parse(out)]).toEqual([
      0,
      [
        { id: "runs-1", as: "running", was: "active" },
        { id: "stock-1", as: "removed", was: "ready" },
      ],
    ]);
  });

  it("refuses filters that it does not understand, and to remove what was not chosen", async () => {
    for (const [args, says] of [
      [["list", "-s", "faild"], 'Did you mean "failed"?'],
      [["list", "-l", "0"], "--limit"],
      [["remove", "--yes"], "Name the jobs"],
      [["remove", "a", "--all", "--yes"], "Name the jobs"],
      [["remove", "--all", "-q", "mail", "--yes"], "Name the jobs"],
      [["remove", "-s", "gone", "--yes"], "The state of a filter"],
    ] as const) {
      const { code, err } = await stem("jobs", ...args, "--app", app);
      expect({ args, code, err }).toEqual({ args, code: 2, err: expect.stringContaining(says) });
    }
  });
});

describe("stem dlq", () => {
  it("lists, retries and purges dead letters", async () => {
    await leaveDead("books-1");
    await leaveDead("books-2");
    await leaveDead("stock-1", "shop.syncStock");
    const listed = JSON.parse((await stem("dlq", "list", "--app", app)).out) as { id: string }[];
    expect(listed.map(({ id }) => id).sort()).toEqual(["books-1", "books-2", "stock-1"]);

    expect(await stem("dlq", "retry", "books-1", "--app", app)).toMatchObject({ code: 0, out: expect.stringContaining("Retried 1 of 1") });
    expect((await store.jobs.get(["books-1"]))[0]).toMatchObject({ state: "ready", attempts: 0 });

    expect(await stem("dlq", "retry", "-t", "shop.syncStock", "--app", app)).toMatchObject({
      code: 0,
      out: expect.stringContaining("Retried 1 of all"),
    });
    expect(await stem("dlq", "retry", "nothing-of-that-name", "--app", app)).toMatchObject({ code: 1 });

    expect(await stem("dlq", "purge", "--all", "--app", app)).toMatchObject({ code: 2, err: expect.stringContaining("--yes") });
    expect((await store.jobs.get(["books-2"]))[0]?.state).toBe("failed");
    expect(await stem("dlq", "purge", "--all", "--yes", "--app", app)).toMatchObject({ code: 0, out: expect.stringContaining("Purged 1") });
    expect((await store.jobs.get(["books-2"]))[0]).toBeUndefined();
  });

  it("shows what a dead letter carried: in the list, whole in JSON, and one by one", async () => {
    const note = "x".repeat(300);
    await store.open();
    await store.workers.renew({ id: "w", leaseMs: 60_000, info: {} }, []);
    await store.broker.enqueue([
      {
        id: "books-1",
        task: "shop.exportBooks",
        queue: "default",
        payload: JSON.stringify({ month: "2026-10", note }),
        headers: { tenant: "acme" },
      },
    ]);
    const { deliveries } = await store.broker.claim({ worker: "w", from: [{ queue: "default" }], limit: 1 });
    const error = { name: "Error", message: "The books are closed", stack: "Error: The books are closed\n    at Books.open" };
    await store.broker.settle([{ lease: deliveries[0]!.lease, as: "failed", cause: "error", error }]);
    await store.workers.leave("w");

    expect(JSON.parse((await stem("dlq", "list", "--app", app)).out)).toMatchObject([
      { id: "books-1", payload: { month: "2026-10", note }, headers: { tenant: "acme" }, enqueuedAt: expect.any(Number) },
    ]);
    const { out: table } = await stem("dlq", "list", "--table", "--app", app);
    expect(table).toContain('{"month":"2026-10"');
    expect(Math.max(...table.split("\n").map((line) => line.length))).toBeLessThan(300);

    const shown = await stem("dlq", "show", "books-1", "nope", "--app", app);
    expect(shown.code).toBe(1);
    expect(JSON.parse(shown.out)).toMatchObject([{ id: "books-1", state: "failed", payload: { note }, error: { stack: error.stack } }]);
    const { out: text } = await stem("dlq", "show", "books-1", "nope", "--table", "--app", app);
    for (const part of [
      "state: failed",
      'headers: {"tenant":"acme"}',
      note,
      "at Books.open",
      "nope: no job of that id is stored",
      /enqueuedAt: 20\d\d-/,
    ])
      expect(text).toMatch(part);
  });

  it("says why a job that was named is not retried", async () => {
    await leaveDead("books-1");
    await store.broker.enqueue([{ id: "books-2", task: "shop.exportBooks", queue: "later", payload: "{}", delayMs: 600_000 }]);
    const { code, out } = await stem("dlq", "retry", "books-1", "books-2", "nope", "--app", app);
    expect({ code, out: out.split("\n").filter(Boolean) }).toEqual({
      code: 1,
      out: ["Retried 1 of 3 dead letters.", "  books-2: it is ready, not dead.", "  nope: no job of that id is stored (any more)."],
    });
    expect(JSON.parse((await stem("dlq", "retry", "nope", "--json", "--app", app)).out)).toEqual({
      retried: [],
      left: [{ id: "nope", why: "no job of that id is stored (any more)." }],
    });
  });

  it("answers in full, however slowly it is read, and outlives a reader that has seen enough", async () => {
    const letters = 400;
    await store.open();
    await store.workers.renew({ id: "w", leaseMs: 60_000, info: {} }, []);
    await store.broker.enqueue(
      Array.from({ length: letters }, (_, n) => ({
        id: `books-${n}`,
        task: "shop.exportBooks",
        queue: "default",
        payload: JSON.stringify({ n, note: "x".repeat(500) }),
      })),
    );
    const { deliveries } = await store.broker.claim({ worker: "w", from: [{ queue: "default" }], limit: letters });
    const error = { name: "Error", message: "The books are closed" };
    await store.broker.settle(deliveries.map(({ lease }) => ({ lease, as: "failed", cause: "error", error })));
    await store.workers.leave("w");

    const slow = start(["dlq", "list", "--limit", "1000", "--app", app]);
    slow.child.stdout!.pause();
    await once(slow.child.stdout!, "readable");
    await new Promise((resolve) => setTimeout(resolve, 500));
    slow.child.stdout!.resume();
    const { code, out } = await slow.ended;
    expect(out.length).toBeGreaterThan(3 * 65_536);
    expect([code, (JSON.parse(out) as unknown[]).length]).toEqual([0, letters]);

    const cut = start(["dlq", "list", "--limit", "1000", "--app", app]);
    cut.child.stdout!.once("data", () => cut.child.stdout!.destroy());
    expect(await cut.ended).toMatchObject({ code: 0, err: "" });
    // A long complaint, too.
    const wrong = await start(["dlq", "y".repeat(100_000)]).ended;
    expect([wrong.code, wrong.err.length > 100_000, wrong.err.startsWith("stem: unknown command")]).toEqual([2, true, true]);
  });

  it("refuses to act on everything unless told to", async () => {
    expect(await stem("dlq", "retry", "--app", app)).toMatchObject({ code: 2 });
    expect(await stem("dlq", "purge", "--yes", "--app", app)).toMatchObject({ code: 2 });
    expect(await stem("dlq", "list", "-l", "many", "--app", app)).toMatchObject({ code: 2 });
  });
});

describe("stem worker", () => {
  it("works until it is asked to stop, then exits 0", async () => {
    const worker = start(["worker", "--app", app]);
    await worker.printed(/serves default, images, orders, runs/);
    await store.open();
    await store.broker.enqueue([
      { id: "parse-1", task: "orders.parse", queue: "orders", payload: '{"first":2,"lines":["A-00001,ada@example.com,honey,1,8.40"]}' },
    ]);
    while ((await store.jobs.get(["parse-1"]))[0]?.state !== "succeeded") await new Promise((resolve) => setTimeout(resolve, 10));
    worker.child.kill("SIGTERM");
    expect((await worker.ended).code).toBe(0);
    expect((await store.workers.list()).items.filter(({ leaseUntil }) => leaseUntil > Date.now())).toEqual([]);
  });

  it("exits 3 and says so when a handler ends the process, which no supervisor may take for a worker that was done", async () => {
    const [lib, adapter, common] = ["dist/lib/index.js", "dist/lib/adapters/sqlite/index.js", "node_modules/@nestjs/common/index.js"].map(
      (file) => pathToFileURL(join(root, file)).href,
    );
    writeFileSync(
      join(shop, "exits.mjs"),
      `import { Module } from "${common}"; import { StemModule, Task } from "${lib}"; import { sqlite } from "${adapter}";
       class Leave { run() { process.exit(0); } } Task("leave")(Leave);
       export class AppModule {} Module({ imports: [StemModule.forRoot({ adapter: sqlite("stem.db") })], providers: [Leave] })(AppModule);`,
    );
    await store.open();
    await store.broker.enqueue([{ id: "leave-1", task: "leave", queue: "default", payload: "{}" }]);
    expect(await stem("worker", "--app", "exits.mjs")).toMatchObject({
      code: 3,
      err: expect.stringContaining("ended from within (exit code 0)"),
    });
  });

  it("serves only the queues it is given, with their shares", async () => {
    const worker = start(["worker", "--app", app, "--queues", "images=2,orders", "-c", "7"]);
    await worker.printed(/serves images, orders \(up to 7 jobs at once\)/);
    worker.child.kill("SIGTERM");
    expect((await worker.ended).code).toBe(0);
  });
});

describe("stem beat", () => {
  it("warns of a queue that nothing goes to, and says once what it serves", async () => {
    const worker = start(["worker", "-q", "imagse", "--app", app]);
    await worker.printed(/serves imagse/);
    worker.child.kill("SIGTERM");
    const { code, out, err } = await worker.ended;
    expect({ code, times: `${out}${err}`.match(/serves imagse/g)?.length }).toEqual({ code: 0, times: 1 });
    expect(`${out}${err}`).toMatch(/Queue "imagse" is served, and no task of this app goes there by itself → Did you mean "images"\?/);
  });

  it("fires schedules without working on anything", async () => {
    const beat = start(["beat", "--app", app]);
    await beat.printed(/Beat fires 1 schedule/);
    await store.open();
    while ((await store.jobs.count({ task: "upkeep.tick" })).ready === 0) {
      if (beat.child.exitCode !== null) throw new Error("the beat has ended");
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    beat.child.kill("SIGTERM");
    expect((await beat.ended).code).toBe(0);
    expect(existsSync(join(shop, "ticks.txt"))).toBe(false);
  });
});

describe("stem health", () => {
  it("tells the store, the queues and the workers, and exits 1 when too few are alive", async () => {
    await leaveDead("books-1");
    const healthy = await stem("health", "--app", app);
    expect(healthy.code).toBe(0);
    expect(JSON.parse(healthy.out)).toMatchObject({
      ok: true,
      adapter: "sqlite",
      queues: [expect.objectContaining({ queue: "default", dead: 1 })],
    });
    expect(await stem("health", "--workers", "1", "--app", app)).toMatchObject({ code: 1 });
  });
});

describe("stem generate", () => {
  it("finds the sample's client up to date", async () => {
    const { code, out } = await stem("generate", "--check", "--project", join(root, "sample-app/tsconfig.json"));
    expect({ code, out }).toMatchObject({ code: 0, out: expect.stringContaining("up to date") });
  });
});
