import { randomUUID } from "node:crypto";
import { Redis } from "ioredis";
import { redis, type RedisOptions } from "../../../lib/adapters/redis/index.js";
import type { Adapter, Claimed, NewJob, StoreLog } from "../../../lib/contract/index.js";

/**
 * A namespace of its own on a server, with handles that are closed together and a plain client to look behind
 * them.
 */
export interface Space {
  readonly namespace: string;
  readonly raw: Redis;
  open(options?: RedisOptions, log?: StoreLog): Promise<Adapter>;
  /** Keys of the namespace, without it, in order. */
  keys(): Promise<readonly string[]>;
  close(): Promise<void>;
}

export function space(url: string): Space {
  // Without an address ioredis would go to the Redis of the machine.
  if (!url.startsWith("redis://")) throw new Error(`No address of a server: ${url}`);
  const namespace = `t-${randomUUID().slice(0, 8)}`;
  const raw = new Redis(url, { protocol: 2, disconnectTimeout: 100 });
  raw.on("error", () => undefined);
  const opened: Adapter[] = [];
  return {
    namespace,
    raw,
    async open(options = {}, log) {
      const adapter = redis(url, { namespace, ...options });
      await adapter.open(log);
      opened.push(adapter);
      return adapter;
    },
    async keys() {
      const found: string[] = [];
      for await (const keys of raw.scanStream({ match: `*${namespace}*`, count: 1_000 })) found.push(...(keys as string[]));
      return found.sort();
    },
    async close() {
      for (const adapter of opened) await adapter.close();
      raw.disconnect();
    },
  };
}

export function job(id: string, over: Partial<NewJob> = {}): NewJob {
  return { id, task: "t", queue: "q", payload: "{}", ...over };
}

/** Claims for a worker that is given an hour's lease first. */
export async function claim(
  adapter: Adapter,
  over: { worker?: string; queue?: string; limit?: number; now?: number } = {},
): Promise<Claimed> {
  const { worker = "ann", queue = "q", limit = 1_000, now } = over;
  const at = now === undefined ? undefined : { now };
  await adapter.workers.renew({ id: worker, leaseMs: 3_600_000, info: {} }, [], at);
  return adapter.broker.claim({ worker, from: [{ queue }], limit }, at);
}

/**
 * Waits until something holds, looking often; fails after `withinMs`. For what other processes do in their
 * own time.
 */
export async function until(holds: () => boolean | Promise<boolean>, withinMs = 15_000): Promise<void> {
  const late = performance.now() + withinMs;
  while (!(await holds())) {
    if (performance.now() > late) throw new Error(`It does not hold within ${withinMs} ms.`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
