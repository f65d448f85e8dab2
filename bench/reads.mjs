/**
 * What reads cost that a page or a probe makes, on a store with many jobs in it:
 *
 *   node bench/reads.mjs STORE [JOBS] [DIST…]
 *
 * Fills an empty store (sqlite, postgres or redis) with JOBS (default 200,000) in 10 queues and 20 tasks,
 * ends a fifth of them, every other one badly, and calls each read three times. Each row: milliseconds of the
 * fastest and the slowest call, and the longest time for which the event loop stood still meanwhile. With
 * several folders of builds (default dist/lib) each is measured on the same store, in turn.
 */
import { START } from "./servers/index.mjs";
import { settlePostgres } from "./servers/postgres.mjs";

const [store = "sqlite", count = "200000", ...given] = process.argv.slice(2);
const jobs = Number(count);
const builds = given.length > 0 ? given : [new URL("../dist/lib/", import.meta.url).pathname];

const QUEUES = 10;
const TASKS = 20;
const BATCH = 1_000;

const silent = { log() {}, warn: console.error, error: console.error };

async function opened(build, at) {
  const made = await import(`${build.replace(/\/?$/, "/")}adapters/${store}/index.js`);
  const adapter = store === "sqlite" ? made.sqlite(at.file) : made[store](at.url);
  await adapter.open(silent);
  return adapter;
}

async function fill(adapter) {
  const { broker, workers } = adapter;
  for (let n = 0; n < jobs; n += BATCH) {
    const batch = Array.from({ length: Math.min(BATCH, jobs - n) }, (_, i) => ({
      id: `job${n + i}`,
      task: `t${(n + i) % TASKS}`,
      queue: `q${(n + i) % QUEUES}`,
      payload: '{"to":"ada@example.com"}',
    }));
    await broker.enqueue(batch);
  }
  const worker = "bench";
  await (workers.renew ?? workers.beat)({ id: worker, leaseMs: 3_600_000, info: {} }, []);
  const from = Array.from({ length: QUEUES }, (_, q) => ({ queue: `q${q}`, limit: 100 }));
  for (let ended = 0; ended < jobs / 5;) {
    const { deliveries } = await broker.claim({ worker, from, limit: 1_000 });
    await broker.settle(
      deliveries.map(({ lease }, i) =>
        i % 2 === 0
          ? { lease, as: "succeeded", result: "1" }
          : { lease, as: "failed", cause: "error", error: { name: "Error", message: "boom" } },
      ),
    );
    ended += deliveries.length;
  }
}

const itemsOf = (page) => page.items ?? page;

/** The reads of the contract, which has named two of its parts otherwise before. */
function readsOf({ queues, broker, ...adapter }) {
  const records = adapter.jobs ?? adapter.results;
  const dead = broker.deadLetters ?? { list: (filter) => records.list({ ...filter, dead: true }) };
  const page2 = async () => {
    const page = await records.list({ limit: 50 });
    await records.list({ limit: 50, ...(page.next === undefined ? { cursor: itemsOf(page).at(-1).id } : { from: page.next }) });
  };
  return {
    "queues.list(), a page": () => queues.list(),
    "queues.list(), all pages": async () => {
      for (let from; ;) {
        const { next } = await queues.list(from === undefined ? {} : { from });
        if (next === undefined) return;
        from = next;
      }
    },
    "queues.list({ upTo: 1,000 }), as health asks": () => queues.list({ upTo: 1_000 }),
    "count()": () => records.count(),
    "count({ task })": () => records.count({ task: "t3" }),
    "list({ limit: 50 }), page 2": page2,
    'list({ state: "failed" })': () => records.list({ state: "failed", limit: 50 }),
    "list({ task, state })": () => records.list({ task: "t3", state: "failed", limit: 50 }),
    "list({ task: unknown })": () => records.list({ task: "nope", limit: 50 }),
    "deadLetters.list()": () => dead.list({ limit: 50 }),
    "deadLetters.list({ task })": () => dead.list({ task: "t3", limit: 50 }),
    "deadLetters.list({ task: unknown })": () => dead.list({ task: "nope", limit: 50 }),
  };
}

/** Runs a read, and beside it a loop that notes for how long it was kept from its turn. */
async function timed(read) {
  const under = { way: true };
  let block = 0;
  const beside = (async () => {
    for (let last = performance.now(); under.way; last = performance.now()) {
      await new Promise((done) => setTimeout(done, 1));
      block = Math.max(block, performance.now() - last - 1);
    }
  })();
  const start = performance.now();
  await read();
  const ms = performance.now() - start;
  under.way = false;
  await beside;
  return { ms, block };
}

const server = await START[store]();
try {
  const at = await server.fresh();
  const first = await opened(builds[0], at);
  await fill(first);
  await first.close();
  if (store === "postgres") await settlePostgres(at);
  for (const build of builds) {
    const adapter = await opened(build, at);
    process.stdout.write(`\n${server.about}, ${jobs} jobs, ${build}\n| read | ms | loop blocked, ms |\n|---|--:|--:|\n`);
    for (const [name, read] of Object.entries(readsOf(adapter))) {
      const runs = [];
      for (let i = 0; i < 3; i++) runs.push(await timed(read));
      const of = (key) => runs.map((run) => run[key]).sort((a, b) => a - b);
      process.stdout.write(`| ${name} | ${of("ms")[0].toFixed(1)}–${of("ms")[2].toFixed(1)} | ${of("block")[0].toFixed(1)} |\n`);
    }
    await adapter.close();
  }
} finally {
  await server.stop();
}
