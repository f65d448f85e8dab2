import { afterAll, beforeAll, beforeEach, expect, it } from "@jest/globals";
import { postgres } from "../../../lib/adapters/postgres/index.js";
import type { Adapter, Hint } from "../../../lib/contract/index.js";
import { describeOwn, startPostgres, startProxy, type PostgresServer, type Proxy } from "../../servers/index.js";
import { hire, take } from "./bench.js";

/** Asks again and again until it holds. */
async function until<T>(ask: () => Promise<T | undefined> | T | undefined, withinMs = 20_000): Promise<T> {
  const late = performance.now() + withinMs;
  for (;;) {
    const found = await ask();
    if (found !== undefined && found !== false) return found;
    if (performance.now() > late) throw new Error(`not within ${withinMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

/** As whoever calls verbs does: what was lost with its connection is asked again. */
function again<T>(verb: () => Promise<T>): Promise<T> {
  return until(() =>
    verb().then(
      (answer) => ({ answer }),
      () => undefined,
    ),
  ).then(({ answer }) => answer);
}

describeOwn("postgres")("After an outage of Postgres all goes on by itself:", () => {
  let server: PostgresServer;
  let proxy: Proxy;
  let adapter: Adapter;
  let other: Adapter;
  let serial = 0;
  const heard: Hint[] = [];

  beforeAll(async () => {
    server = await startPostgres();
    proxy = await startProxy(server.port);
    const url = server.url.replace(`:${server.port}/`, `:${proxy.port}/`);
    const options = { connectTimeoutMs: 1_000, commandTimeoutMs: 1_500 };
    adapter = postgres(url, options);
    other = postgres(server.url, options);
    await adapter.open();
    await other.open();
    adapter.hints.subscribe((hint) => void heard.push(hint));
    await until(() => heard.some(({ kind }) => kind === "work"));
    await hire(adapter, "ann");
  });

  afterAll(async () => {
    await adapter?.close();
    await other?.close();
    await proxy?.stop();
    await server?.stop();
  });

  // Before the outage: what makes up for it may come at once.
  beforeEach(() => void (heard.length = 0));

  const job = () => ({ id: `job${++serial}`, task: "noop", queue: `q${serial}`, payload: "{}" });

  /** Verbs work again, hints of another process come again, and those that were missed are made up for. */
  async function goesOn(): Promise<void> {
    const first = job();
    await again(() => adapter.broker.enqueue([first]));
    await until(() => heard.some((hint) => hint.kind === "work" && hint.queues === undefined) || undefined);
    await until(() => heard.some((hint) => hint.kind === "done" && hint.ids === undefined) || undefined);
    const second = job();
    await again(() => other.broker.enqueue([second]));
    await until(() => heard.some((hint) => hint.kind === "work" && hint.queues?.includes(second.queue)) || undefined);
    await again(() => hire(adapter, "ann"));
    const [delivery] = await again(() => take(adapter, "ann", 1, first.queue));
    await again(() => adapter.broker.settle([{ lease: delivery!.lease, as: "succeeded" }]));
    expect((await adapter.jobs.get([first.id]))[0]?.state).toBe("succeeded");
  }

  it("connections that are cut", async () => {
    proxy.cut();
    await goesOn();
  });

  it("a server that is killed and comes back, and what was stored is there", async () => {
    const kept = job();
    await adapter.broker.enqueue([kept]);
    await server.kill();
    await expect(adapter.broker.enqueue([job()])).rejects.toMatchObject({ code: "STEM_STORE_UNREACHABLE" });
    await server.restart();
    await goesOn();
    expect((await adapter.jobs.get([kept.id]))[0]?.state).toBe("ready");
  });

  it("a server that shuts down every connection", async () => {
    const ended = server.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'stem'");
    const verbs = Array.from({ length: 20 }, () => adapter.broker.enqueue([job()]).catch((error: unknown) => error));
    await ended;
    for (const error of await Promise.all(verbs))
      if (error instanceof Error) expect(error).toMatchObject({ code: "STEM_STORE_UNREACHABLE" });
    await goesOn();
  });

  it("a connection that stalls half-open: verbs fail in time, and new connections are made", async () => {
    proxy.stall();
    const verbs = Array.from({ length: 12 }, () => adapter.broker.enqueue([job()]).catch((error: unknown) => error));
    for (const error of await Promise.all(verbs)) expect(error).toMatchObject({ code: "STEM_STORE_UNREACHABLE" });
    await proxy.pass();
    await goesOn();
  });

  it("a server that does not answer for a while", async () => {
    server.freeze();
    await expect(adapter.broker.enqueue([job()])).rejects.toMatchObject({ code: "STEM_STORE_UNREACHABLE" });
    server.thaw();
    const later = job();
    await again(() => adapter.broker.enqueue([later]));
    expect((await again(() => adapter.jobs.get([later.id])))[0]?.state).toBe("ready");
  });

  it("a store that is closed while its server is away is closed at once", async () => {
    await server.kill();
    const lone = postgres(server.url, { connectTimeoutMs: 5_000 });
    await Promise.all([
      lone.open().catch(() => undefined),
      new Promise<void>((resolve) => setTimeout(resolve, 50)).then(async () => {
        lone.hints.subscribe(() => undefined);
      }),
    ]);
    const began = performance.now();
    await lone.close();
    expect(performance.now() - began).toBeLessThan(2_000);
    await server.restart();
  });
});
