import { bareCause, type StoreLog } from "../../../contract/index.js";
import { loadDriver, type Reply, type RedisClient } from "./driver.js";
import { failureOf, isNoScript, isRefusal, isStale, messageOf, unreachable } from "./errors.js";
import { GOODBYE_MS, keep, recycle } from "./keep.js";
import { isClient, isSpread, secretsOf, whereIs, nodeOf, type RedisCluster, type RedisOptions, type Server } from "./options.js";
import type { Script } from "./scripts.js";

/** The message of ioredis for calls that were under way when their connection was cut. */
const CLOSED = "Connection is closed.";

const QUIET: StoreLog = { log: () => undefined, warn: () => undefined, error: () => undefined };

/** Waits between attempts to connect: they grow to 5 s, never end, and differ from process to process. */
export function retryDelay(attempt: number): number {
  return Math.round(Math.min(5_000, 50 * 2 ** Math.min(attempt, 10)) * (0.5 + Math.random() / 2));
}

/**
 * Options that no option of ioredis, URL or client of the application may change.
 * A call that was cut off is never sent once more: the server may have carried it out, and a second claim
 * would lend jobs that no worker learns of. Answers are as scripts return them.
 */
const OURS = {
  protocol: 2,
  stringNumbers: false,
  replyMapping: "legacy",
  autoResendUnfulfilledCommands: false,
  maxRetriesPerRequest: 0,
  reconnectOnError: null,
  enableOfflineQueue: false,
  enableAutoPipelining: false,
  lazyConnect: true,
  monitor: false,
  scripts: {},
  himportFieldsets: [],
} as const;

/**
 * The same for a cluster as a whole, which sends calls once more in another way.
 * Only calls to a node that is being connected are queued: nothing is sent while the cluster as a whole is
 * not ready.
 */
const OURS_SPREAD = {
  enableOfflineQueue: true,
  enableAutoPipelining: false,
  lazyConnect: true,
  scaleReads: "master",
  retryDelayOnFailover: 0,
  scripts: {},
  himportFieldsets: [],
} as const;

/** The life of the connection that carries the verbs: made here, checked, and never given up. */
export class Connection {
  readonly where: string;
  readonly isCluster: boolean;
  readonly #server: Server;
  readonly #secrets: readonly string[];
  readonly #connectMs: number;
  readonly #commandMs: number;
  /** Called when the connection turns out to be dead: others to the same server may be too. */
  doubted: () => void = () => undefined;
  /** Called when the server refused a call because a right is missing. */
  refused: () => void = () => undefined;
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
    this.isCluster = isSpread(server);
    this.#secrets = secretsOf(server);
    this.#connectMs = options.connectTimeoutMs ?? 10_000;
    this.#commandMs = options.commandTimeoutMs ?? 15_000;
  }

  /**
   * Makes the client and waits for it, but not for ever.
   * @returns whether the server is there @throws a fault that waiting cannot mend
   */
  async open(log: StoreLog = QUIET): Promise<boolean> {
    this.#log = log;
    this.#refusal = undefined;
    const client = await this.#make();
    this.#client = client;
    keep(client, this.#connectMs, () => client === this.#client, retryDelay, this.#unready);
    client.on("error", this.#failed);
    client.on("ready", this.#ready);
    client.on("reconnecting", this.#again);
    client.on("close", this.#closed);
    if (client.status === "wait") client.connect().catch(() => undefined);
    try {
      await this.ready();
      return true;
    } catch (error) {
      if (this.#refusal !== undefined) throw this.#failure(this.#refusal);
      log.warn(`${messageOf(error).split("\n")[0]} Going on without it until it is there.`);
      return false;
    }
  }

  close(): void {
    const client = this.#client;
    this.#client = undefined;
    if (client === undefined) return;
    client.off("ready", this.#ready);
    client.off("reconnecting", this.#again);
    client.off("close", this.#closed);
    client.disconnect();
    this.#release();
  }

  /** A second connection of the same kind, for subscriptions, that lives while it is `wanted`. */
  duplicate(wanted: (client: RedisClient) => boolean): RedisClient | undefined {
    // A single client of ioredis subscribes again by itself; if the connection breaks then, the error has no
    // listener and would end the process. So Stem subscribes itself.
    const own = { autoResubscribe: false, disconnectTimeout: GOODBYE_MS };
    const client = this.#client?.isCluster === true ? this.#client.duplicate() : this.#client?.duplicate(own);
    if (client !== undefined) keep(client, this.#connectMs, () => wanted(client), retryDelay);
    return client;
  }

  /**
   * Subscribes for a moment, on a separate connection: only that shows whether this user may.
   * @throws {StoreError} `STEM_STORE_RIGHTS`
   */
  async tryListening(channel: string): Promise<void> {
    const client = await this.ready();
    const one = this.isCluster ? client.nodes?.("master")[0] : client;
    const listening = one?.duplicate({ ...OURS, retryStrategy: null, connectTimeout: this.#connectMs, disconnectTimeout: GOODBYE_MS });
    if (listening === undefined) return;
    listening.on("error", () => undefined);
    try {
      await listening.connect();
      await this.#bounded(listening, listening.subscribe(channel));
      await this.#bounded(listening, listening.unsubscribe(channel));
    } catch (error) {
      const failure = this.#failure(error);
      if (isRefusal((failure.cause as unknown) ?? error)) throw failure;
    } finally {
      listening.disconnect();
    }
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
      if (this.#refusal !== undefined) throw this.#failure(this.#refusal);
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

  /**
   * Bounds the wait for an answer, which may never come.
   * After a while the connection is given up and made anew.
   */
  #bounded<T>(client: RedisClient, answer: Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(unreachable(this.where, `no answer within ${this.#commandMs} ms`));
        this.doubted();
        recycle(client);
      }, this.#commandMs);
      answer.then(
        (value) => {
          clearTimeout(timer);
          resolve(value);
        },
        (error: unknown) => {
          clearTimeout(timer);
          if (isRefusal(error)) this.refused();
          if (isStale(error) && client === this.#client && !this.isCluster) recycle(client);
          // A node may have gone for good: the others know by now which node has its slots.
          if (this.isCluster && messageOf(error) === CLOSED) client.refreshSlotsCache?.(() => undefined);
          reject(this.#failure(error));
        },
      );
    });
  }

  #failure(error: unknown): Error {
    return failureOf(error, this.where, this.#secrets);
  }

  /**
   * Makes a new client in each case: one of the application's behaves otherwise after a cut, and is left
   * alone.
   */
  async #make(): Promise<RedisClient> {
    const server = this.#server;
    if (typeof server === "object" && isClient(server)) {
      if (server.isCluster !== true) return server.duplicate({ ...OURS, disconnectTimeout: GOODBYE_MS });
      const { redisOptions } = (server.options ?? {}) as RedisCluster;
      return server.duplicate([], { ...OURS_SPREAD, redisOptions: { ...redisOptions, ...OURS } });
    }
    const { Redis, Cluster } = await loadDriver();
    const common = { connectTimeout: this.#connectMs, disconnectTimeout: GOODBYE_MS, keepAlive: 10_000 };
    if (typeof server === "object" && "cluster" in server && server.cluster !== undefined) {
      const { cluster, redisOptions, clusterOptions } = server as RedisCluster;
      return new Cluster(cluster.map(nodeOf), {
        clusterRetryStrategy: retryDelay,
        slotsRefreshTimeout: 5_000,
        ...clusterOptions,
        ...OURS_SPREAD,
        redisOptions: { ...common, ...redisOptions, ...OURS },
      });
    }
    const own = { ...common, retryStrategy: retryDelay };
    // Of several the first that names an option counts; a URL may name some.
    return typeof server === "string" ? new Redis({ ...OURS }, server, own) : new Redis({ ...own, ...(server as object), ...OURS });
  }

  readonly #failed = (error: Error): void => {
    const bare = bareCause(error, this.#secrets);
    this.#reason = messageOf(bare);
    if (isRefusal(bare)) this.#refusal = bare;
    if (this.#client?.status !== "ready") this.#attempts++;
    this.#release();
  };

  readonly #unready = (ms: number, spoke: boolean): void =>
    this.#failed(
      new Error(
        spoke
          ? `it answers, but was not ready for ${ms} ms; it may be loading its data`
          : `it accepts connections, but has not said a word for ${ms} ms`,
      ),
    );

  /** One line for each attempt, as all stores have it. */
  readonly #again = (waitMs?: number): void => {
    if (this.#client === undefined || this.#attempts === 0) return;
    const how = this.#refusal === undefined ? "cannot be reached" : "refuses";
    const when = typeof waitMs === "number" ? `in ${waitMs} ms` : "soon";
    this.#log.warn(`Redis at ${this.where} ${how} (attempt ${this.#attempts}: ${this.#reason}); trying again ${when}.`);
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
