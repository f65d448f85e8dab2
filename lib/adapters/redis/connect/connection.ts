import type { StoreLog } from "../../../contract/index.js";
import { loadDriver, type Reply, type RedisClient } from "./driver.js";
import { failureOf, isNoScript, isRefusal, isStale, messageOf, unreachable } from "./errors.js";
import { GOODBYE_MS, keep, recycle } from "./keep.js";
import { isClient, type RedisCluster, type RedisOptions, type Server } from "./options.js";
import type { Script } from "./scripts.js";

const QUIET: StoreLog = { log: () => undefined, warn: () => undefined, error: () => undefined };

/** Waits between attempts to connect: they grow to 5 s, never end, and differ from process to process. */
export function retryDelay(attempt: number): number {
  return Math.round(Math.min(5_000, 50 * 2 ** Math.min(attempt, 10)) * (0.5 + Math.random() / 2));
}

/** The life of the connection that carries the verbs: made here or given, found dead or alive, never given up. */
export class Connection {
  readonly where: string;
  readonly #server: Server;
  readonly #connectMs: number;
  readonly #commandMs: number;
  /** Told when the connection turns out to be dead: others to the same server may be too. */
  doubted: () => void = () => undefined;
  #client: RedisClient | undefined;
  #log: StoreLog = QUIET;
  #waiting = new Set<() => void>();
  /** Why the last attempt failed. */
  #reason = "no connection yet";
  #refusal: unknown;
  #attempts = 0;

  constructor(server: Server, options: RedisOptions) {
    this.#server = server;
    this.where = whereIs(server);
    this.#connectMs = options.connectTimeoutMs ?? 10_000;
    this.#commandMs = options.commandTimeoutMs ?? 15_000;
  }

  get isCluster(): boolean {
    const server = this.#server;
    return typeof server === "object" && (isClient(server) ? server.isCluster === true : server.cluster !== undefined);
  }

  get given(): boolean {
    return typeof this.#server === "object" && isClient(this.#server);
  }

  /** Makes the client and waits for it, but not for ever. @returns whether the server is there @throws what waiting cannot mend */
  async open(log: StoreLog = QUIET): Promise<boolean> {
    this.#log = log;
    this.#refusal = undefined;
    const client = this.given ? (this.#server as RedisClient) : await this.#make();
    this.#client = client;
    if (!this.given) keep(client, this.#connectMs, () => client === this.#client, retryDelay);
    client.on("error", this.#failed);
    client.on("ready", this.#ready);
    client.on("close", this.#closed);
    if (client.status === "wait") client.connect().catch(() => undefined);
    try {
      await this.ready();
      return true;
    } catch (error) {
      if (this.#refusal !== undefined) throw failureOf(this.#refusal, this.where);
      log.warn(`${messageOf(error).split("\n")[0]} Going on without it until it is there.`);
      return false;
    }
  }

  close(): void {
    const client = this.#client;
    this.#client = undefined;
    if (client === undefined) return;
    client.off("ready", this.#ready);
    client.off("close", this.#closed);
    if (this.given) client.off("error", this.#failed);
    else client.disconnect();
    this.#release();
  }

  /** A second connection of the same kind, for subscriptions, that lives while it is `wanted`. */
  duplicate(wanted: (client: RedisClient) => boolean): RedisClient | undefined {
    // What a lone client of ioredis subscribes to again by itself fails unheard if the connection breaks again, which would end the process. We subscribe ourselves.
    const own = { autoResubscribe: false, disconnectTimeout: GOODBYE_MS };
    const client = this.#client?.isCluster === true ? this.#client.duplicate() : this.#client?.duplicate(own);
    if (client !== undefined) keep(client, this.#connectMs, () => wanted(client), retryDelay);
    return client;
  }

  /** How long an answer may take. */
  get patienceMs(): number {
    return this.#commandMs;
  }

  /** The client, once it is connected. @throws {StoreError} `STEM_STORE_UNREACHABLE` */
  async ready(): Promise<RedisClient> {
    const until = Date.now() + this.#connectMs;
    for (;;) {
      const client = this.#client;
      if (client === undefined) throw unreachable(this.where, "it was closed meanwhile");
      if (client.status === "ready") return client;
      if (this.#refusal !== undefined) throw failureOf(this.#refusal, this.where);
      const left = until - Date.now();
      if (left <= 0) throw unreachable(this.where, this.#reason);
      await this.#change(left);
    }
  }

  /** Runs a script on a shard. @throws {StoreError} */
  run(script: Script, args: readonly (string | number)[]): Promise<Reply> {
    const client = this.#client;
    if (client?.status === "ready") return this.#call(client, script, args);
    return this.ready().then((live) => this.#call(live, script, args));
  }

  /** Any other command, bounded in time as scripts are. */
  async ask<T>(command: (client: RedisClient) => Promise<T>): Promise<T> {
    const client = await this.ready();
    return this.#bounded(client, command(client));
  }

  #call(client: RedisClient, script: Script, args: readonly (string | number)[]): Promise<Reply> {
    const first = client.evalsha(script.sha, 1, ...args);
    return this.#bounded(client, first).catch((error: unknown) => {
      if (!isNoScript((error as { readonly cause?: unknown }).cause ?? error)) throw error;
      return this.#bounded(client, client.eval(script.text, 1, ...args));
    }) as Promise<Reply>;
  }

  /** An answer that never comes would stall whoever waits for it: after a while the connection is taken for dead and made anew. */
  #bounded<T>(client: RedisClient, answer: Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(unreachable(this.where, `no answer within ${this.#commandMs} ms`));
        this.doubted();
        if (!this.given) recycle(client);
      }, this.#commandMs);
      answer.then(
        (value) => {
          clearTimeout(timer);
          resolve(value);
        },
        (error: unknown) => {
          clearTimeout(timer);
          if (isStale(error) && !this.given && client === this.#client && !this.isCluster) recycle(client);
          reject(failureOf(error, this.where));
        },
      );
    });
  }

  async #make(): Promise<RedisClient> {
    const { Redis, Cluster } = await loadDriver();
    const common = {
      protocol: 2,
      connectTimeout: this.#connectMs,
      disconnectTimeout: GOODBYE_MS,
      enableAutoPipelining: false,
      maxRetriesPerRequest: 0,
      autoResendUnfulfilledCommands: false,
      keepAlive: 10_000,
    };
    const server = this.#server;
    if (typeof server === "object" && "cluster" in server && server.cluster !== undefined) {
      const { cluster, redisOptions, clusterOptions } = server as RedisCluster;
      return new Cluster(cluster.map(nodeOf), {
        lazyConnect: true,
        enableOfflineQueue: false,
        clusterRetryStrategy: retryDelay,
        slotsRefreshTimeout: 5_000,
        ...clusterOptions,
        redisOptions: { ...common, ...redisOptions },
      });
    }
    const own = { ...common, lazyConnect: true, enableOfflineQueue: false, retryStrategy: retryDelay };
    return typeof server === "string" ? new Redis(server, own) : new Redis({ ...own, ...(server as object) });
  }

  readonly #failed = (error: Error): void => {
    this.#reason = messageOf(error);
    if (isRefusal(error)) this.#refusal = error;
    if (this.#client?.status !== "ready") this.#log.warn(`Redis at ${this.where}, attempt ${++this.#attempts}: ${this.#reason}`);
    this.#release();
  };

  readonly #ready = (): void => {
    if (this.#attempts > 0) this.#log.log(`Redis at ${this.where} is there again.`);
    this.#attempts = 0;
    this.#refusal = undefined;
    this.#release();
  };

  readonly #closed = (): void => {
    this.doubted();
    this.#release();
  };

  #release(): void {
    const waiting = this.#waiting;
    this.#waiting = new Set();
    for (const go of waiting) go();
  }

  #change(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(go, ms);
      const waiting = this.#waiting;
      function go(): void {
        clearTimeout(timer);
        waiting.delete(go);
        resolve();
      }
      waiting.add(go);
    });
  }
}

function nodeOf(node: string | { readonly host: string; readonly port: number }): unknown {
  if (typeof node !== "string") return node;
  const url = new URL(node.includes("://") ? node : `redis://${node}`);
  return { host: url.hostname, port: Number(url.port || 6379) };
}

/** Where a server is, without secrets. */
function whereIs(server: Server): string {
  if (typeof server === "string") {
    const { hostname, port, pathname } = new URL(server);
    return `${hostname}:${port || 6379}${pathname.length > 1 ? pathname : ""}`;
  }
  if ("cluster" in server && Array.isArray(server.cluster))
    return `cluster ${server.cluster.map((node) => Object.values(nodeOf(node as string) as object).join(":")).join(",")}`;
  const options = (isClient(server) ? (server.options ?? {}) : server) as {
    readonly host?: unknown;
    readonly port?: unknown;
    readonly path?: unknown;
  };
  if (isClient(server) && server.isCluster === true) return "cluster";
  return typeof options.path === "string" ? options.path : `${String(options.host ?? "localhost")}:${String(options.port ?? 6379)}`;
}
