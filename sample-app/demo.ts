// The main job, shown as it happens: a shop takes order files and images, works, loses workers, and keeps
// every promise. npm run demo -- --store sqlite | redis | postgres; servers are started by the demo itself,
// unless STEM_DEMO_REDIS_URL or STEM_DEMO_POSTGRES_URL names one.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { openShop, startWorker, stem, stopAll } from "./demo/processes.js";
import { BrokenPromise, chapter, kept, promise, say, secondsSinceStart, table } from "./demo/say.js";
import { MissingServer, type OwnServer } from "./demo/servers.js";
import { openStore } from "./demo/store.js";

const root = fileURLToPath(new URL("../../", import.meta.url));
const data = join(root, "sample-app/data");
const RUNS = 60;

interface Job {
  readonly state: string;
  readonly attempts: number;
  readonly result?: string;
  readonly error?: { readonly message: string };
}
type Counts = Readonly<Record<"ready" | "active" | "succeeded" | "failed" | "blocked" | "parked", number>>;

let server: OwnServer | undefined;

try {
  await demo();
} catch (error) {
  const expected = error instanceof BrokenPromise || error instanceof MissingServer;
  console.error(`\n✗ ${expected ? error.message : ((error as Error).stack ?? error)}`);
  process.exitCode = 1;
} finally {
  await stopAll();
  await server?.stop();
}

async function demo(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "stem-demo-"));
  const store = await openStore(process.argv.slice(2), folder);
  server = store.server;
  const env = { SHOP_DATA: folder, SHOP_COOL_OFF: "1500", ...store.env };

  chapter("1 · The typed client, and the shop");
  say(lastLine(await stem(["generate", "--project", "sample-app/tsconfig.json"], env, false)));
  execFileSync(process.execPath, [join(root, "node_modules/typescript/bin/tsc"), "-p", join(root, "sample-app/tsconfig.json")], {
    stdio: "inherit",
  });
  // The shop leaves the queue "runs" to separate workers, which this demo will kill.
  const shop = await openShop({ ...env, STEM_QUEUES: "orders,images,default" });
  say(`A Nest app is open at ${shop.url}, with worker and beat, on ${store.name}: ${store.where}`);

  const get = async <T>(path: string): Promise<T> => answer<T>(await fetch(shop.url + path), path);
  const post = async <T>(path: string, body: string | Uint8Array<ArrayBuffer> = "", type = "application/json"): Promise<T> =>
    answer<T>(
      await fetch(shop.url + path, {
        method: "POST",
        body: body === "" ? null : body,
        ...(body !== "" && { headers: { "content-type": type } }),
      }),
      path,
    );
  const ended = (id: string): Promise<Job> =>
    until(
      `job ${id} to end`,
      () => get<Job>(`/jobs/${id}`),
      (job) => job.state === "succeeded" || job.state === "failed",
    );

  chapter("2 · An order file and images, over HTTP");
  const csv = readFileSync(join(data, "orders.csv"), "utf8");
  const upload = await post<{ report: string; batches: number; lines: number }>("/orders", csv, "text/csv");
  say(`Posted orders.csv: ${upload.lines} lines, read in ${upload.batches} batches side by side`);
  const images = readdirSync(join(data, "drawings"));
  const uploads: { sizes: string[]; notice: string }[] = [];
  for (const name of images)
    uploads.push(
      await post(
        `/images/${name}`,
        new Uint8Array(readFileSync(join(data, "drawings", name))),
        name.endsWith("png") ? "image/png" : "image/jpeg",
      ),
    );
  say(`Posted ${images.length} drawings`);

  chapter("3 · Chord, group and chain");
  const report = JSON.parse((await ended(upload.report)).result ?? "null") as {
    file: string;
    orders: number;
    bad: number;
    doubled: number;
    cents: number;
  };
  promise(
    report.orders + report.bad + report.doubled === upload.lines,
    `The chord totals every line once: ${report.orders} orders worth ${(report.cents / 100).toFixed(2)}, ${report.bad} bad lines, ${report.doubled} sent twice`,
    () => JSON.stringify(report),
  );
  for (const { sizes, notice } of uploads)
    for (const id of [...sizes, notice]) promiseQuietly((await ended(id)).state === "succeeded", `image job ${id}`);
  const made = readdirSync(join(folder, "pictures"));
  promise(
    made.filter((name) => !name.startsWith("published-")).length === images.length * 3,
    `The groups made three sizes of each image: ${images.length * 3} pictures`,
    () => made.join(" "),
  );
  const mails = readdirSync(join(folder, "outbox")).filter((name) => name.endsWith(".eml"));
  promise(
    mails.length === images.length,
    `The chains resized, stored and sent ${mails.length} notices (into ${join(folder, "outbox")})`,
    () => mails.join(" "),
  );

  chapter("4 · Retry, dead letters, replay");
  const sync = await ended((await post<{ job: string }>("/stock")).job);
  promise(
    sync.state === "succeeded" && sync.attempts === 3,
    `A task that failed twice succeeded at attempt 3, after waits that grow (${sync.result})`,
    () => JSON.stringify(sync),
  );
  const books = await post<{ job: string }>("/books/2026-10");
  const dead = await ended(books.job);
  promise(dead.state === "failed", `A task that always fails is dead after ${dead.attempts} attempts: ${dead.error?.message}`, () =>
    JSON.stringify(dead),
  );
  const listed = JSON.parse(await stem(["dlq", "list", "--json"], env)) as readonly { id: string }[];
  promise(
    listed.some(({ id }) => id === books.job),
    `"stem dlq list" shows it`,
    () => JSON.stringify(listed),
  );
  writeFileSync(join(folder, "books.open"), "");
  say(`The cause is mended; ${lastLine(await stem(["dlq", "retry", books.job], env))}`);
  const replayed = await until(
    "the replay",
    () => get<Job>(`/jobs/${books.job}`),
    (job) => job.state === "succeeded",
  );
  promise(replayed.state === "succeeded", `The replay succeeded: ${replayed.result}`);

  chapter("5 · A workflow per order, while workers are killed");
  let worker = await startWorker("runs=15", env);
  say(`Worker ${worker.child.pid} serves the runs, with a beat of its own`);
  const good = csv.split("\n").filter((line) => /^A-\d{5},\w+@example.com,[\w-]+,[1-5],\d+\.\d\d$/.test(line));
  const orders = [...new Map(good.map((line) => [line.slice(0, 7), line])).values()].slice(0, RUNS);
  const { started } = await post<{ started: number }>("/orders/runs", JSON.stringify({ lines: orders }));
  say(`Started ${started} runs: validate → charge → sleep 1.5 s → ship`);
  const audit = (): Promise<{ requests: number; charges: number; orders: number }> => get("/orders/audit");
  const sleeping = async (): Promise<number> =>
    (await get<{ queue: string; delayed: number }[]>("/queues")).find(({ queue }) => queue === "runs")?.delayed ?? 0;
  const counts = (): Promise<Counts> => get("/counts?task=order.process");

  await until("charges in flight", audit, ({ requests }) => requests >= 5);
  const first = worker.child.pid;
  await worker.kill();
  say(`Killed worker ${first} (SIGKILL) while steps ran: ${(await audit()).requests} charges had been asked for`);
  worker = await startWorker("runs=15", env);
  say(`Worker ${worker.child.pid} takes over when the lease of the dead one runs out (2 s here, 10 s by default)`);
  await until("runs to sleep", sleeping, (runs) => runs >= RUNS / 3);
  const second = worker.child.pid;
  await worker.kill();
  say(`Killed worker ${second} (SIGKILL) while ${await sleeping()} runs slept`);
  worker = await startWorker("runs=15", env);
  say(`Worker ${worker.child.pid} takes over`);
  if (store.server !== undefined) {
    await store.server.kill();
    say(`Killed ${store.name} itself (SIGKILL), under shop and worker`);
    await store.server.restart();
    say(`${store.name} runs again; shop and worker are not restarted`);
  }
  const done = await until("all runs to complete", counts, ({ succeeded }) => succeeded >= RUNS, 40_000);
  promise(done.succeeded === RUNS && done.failed === 0, `All ${RUNS} runs completed`, () => JSON.stringify(done));
  const money = await audit();
  promise(
    money.charges === RUNS && money.orders === RUNS,
    `No order was charged twice: ${money.charges} charges for ${RUNS} orders (${money.requests} requests, ${money.requests - money.charges} of them repeats with the same key)`,
    () => JSON.stringify(money),
  );

  chapter("6 · A schedule and two beats");
  const ticks = (): string[] => readFileSync(join(folder, "ticks.txt"), "utf8").trimEnd().split("\n");
  const slots = await until(
    "two slots",
    async () => ticks(),
    (all) => all.length >= 2,
  );
  promise(new Set(slots).size === slots.length, `The schedule fired ${slots.length} slots, each once, although two processes beat`, () =>
    slots.join(" "),
  );

  const paused = await post<{ next: string | null }>("/ticks/pause");
  const resumed = await post<{ next: string | null }>("/ticks/resume");
  promise(
    paused.next === null && resumed.next !== null,
    `The generated client paused the schedule for both, and let it go on at ${resumed.next}`,
    () => JSON.stringify([paused, resumed]),
  );

  const all = await get<Counts>("/counts");
  const retried = await get<{ jobs: number }>("/retried");
  const code = await worker.stop();
  promise(code === 0, "The worker left in good order when asked to", () => worker.output());
  await shop.stop();

  table([
    ["enqueued", Object.values(all).reduce((sum, n) => sum + n, 0)],
    ["succeeded", all.succeeded],
    ["retried", `${retried.jobs} jobs needed more than one attempt`],
    ["dead, then replayed", 1],
    ["dead now", all.failed],
    ["runs completed", done.succeeded],
    ["workers killed", 2],
    ["slots fired", slots.length],
    ["wall time", `${secondsSinceStart().toFixed(1)} s`],
    ...(store.server === undefined ? [] : [[`${store.name} killed`, 1] as const]),
    [store.name, store.where],
    ["report", report.file],
  ]);
  promise(all.failed === 0, "Nothing is left dead", () => JSON.stringify(all));
  kept("Every promise was kept.");
}

async function answer<T>(response: Response, path: string): Promise<T> {
  if (!response.ok) throw new BrokenPromise(`${path} answered ${response.status}: ${await response.text()}`);
  return (await response.json()) as T;
}

/** Asks again every 50 ms until the answer is as wanted. */
async function until<T>(what: string, ask: () => Promise<T>, wanted: (answer: T) => boolean, withinMs = 20_000): Promise<T> {
  for (const deadline = Date.now() + withinMs; ; await new Promise((resolve) => setTimeout(resolve, 50))) {
    const got = await ask();
    if (wanted(got)) return got;
    if (Date.now() > deadline)
      throw new BrokenPromise(`Waited ${withinMs / 1_000} s for ${what}; last seen: ${JSON.stringify(got).slice(0, 500)}`);
  }
}

function promiseQuietly(holds: boolean, what: string): void {
  if (!holds) throw new BrokenPromise(`${what} did not succeed`);
}

function lastLine(text: string): string {
  return text.trimEnd().split("\n").at(-1) ?? "";
}
