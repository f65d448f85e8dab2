import { setTimeout as pause } from "node:timers/promises";
import { StemError, StoreError, type StoreLog } from "../../../contract/index.js";
import { loadDriver, TYPES, type Pg, type PgClient, type PgPool, type PgPoolClient } from "./driver.js";
import { isLocked, isOutage, messageOf, toStoreError } from "./errors.js";
import { refuseUnreadable } from "./fitness.js";
import { List, toBinary, type Value } from "./values.js";

/** What a connection is made from. */
export interface Target {
  /** A pool of the application: neither reconfigured nor closed. */
  readonly pool?: PgPool;
  /** Otherwise: the options of pg's `Pool`. */
  readonly config: Readonly<Record<string, unknown>>;
  /** The address of the store, without secrets. */
  readonly where: string;
  /** Passwords, which must not be printed. */
  readonly secrets: readonly string[];
  readonly connectTimeoutMs: number;
  readonly commandTimeoutMs: number;
  /** Named prepared statements and session settings may be used: no transaction pooler is in between. */
  readonly session: boolean;
}

export interface Statement {
  readonly text: string;
  readonly name: string;
}

export type Run = (statement: Statement, values: readonly Value[]) => Promise<(readonly unknown[])[]>;

/** Most between two attempts to connect. */
const LONGEST_WAIT_MS = 5_000;

/** The pool and its life: making it, waiting for a server that is away, ending it. */
export class Connection {
  readonly target: Target;
  onReconnect: () => void = () => undefined;
  /** Called for every new connection of the pool. */
  onConnect: () => void = () => undefined;

  #pg: Pg | undefined;
  #pool: PgPool | undefined;
  /** Settled once the store was found good, or unusable for good. */
  #ready: Promise<void> | undefined;
  #isReady = false;
  #stop = new AbortController();
  readonly #ignore = (): void => undefined;
  readonly #connected = (): void => this.onConnect();
  /** Clients whose errors have a listener. */
  readonly #watched = new WeakSet<PgPoolClient>();

  constructor(target: Target) {
    this.target = target;
  }

  get isOpen(): boolean {
    return this.#pool !== undefined;
  }

  /** True once the server was reached and its schema found good. */
  get isReady(): boolean {
    return this.#isReady;
  }

  /** The driver, once open. */
  get driver(): Pg {
    if (this.#pg === undefined) throw this.#closed();
    return this.#pg;
  }

  /** The pool, once open. */
  get pool(): PgPool {
    if (this.#pool === undefined) throw this.#closed();
    return this.#pool;
  }

  /**
   * Makes the pool and lets `prepare` check the store.
   * Returns when that is done, or after `connectTimeoutMs` without a server, and then goes on trying.
   *
   * @throws a fault that waiting cannot mend
   */
  async open(log: StoreLog | undefined, prepare: () => Promise<void>): Promise<void> {
    this.#pg = await loadDriver();
    if (this.target.pool === undefined) refuseUnreadable(new this.#pg.Client(this.target.config), this.target.where);
    this.#pool = this.target.pool ?? new this.#pg.Pool(this.target.config);
    // A client that is cut while it idles reports here; without a listener, that would end the process.
    this.#pool.on("error", this.#ignore);
    // At once: before the next turn of the event loop a lent client may get the error that its server shuts
    // down.
    this.#pool.on("acquire", this.#watch);
    this.#pool.on("connect", this.#connected);
    this.#stop = new AbortController();
    const ready = this.#prepare(prepare, log, this.#stop.signal);
    this.#ready = ready;
    ready.catch(() => undefined);
    // This wait keeps the process alive: there may be nothing else yet that does.
    const done = new AbortController();
    const signal = AbortSignal.any([done.signal, this.#stop.signal]);
    try {
      await Promise.race([ready, pause(this.target.connectTimeoutMs, undefined, { signal }).catch(this.#ignore)]);
    } finally {
      done.abort();
    }
  }

  async close(): Promise<void> {
    const pool = this.#pool;
    this.#pool = undefined;
    this.#isReady = false;
    this.#stop.abort();
    if (pool === undefined) return;
    if (this.target.pool === undefined) await keptAlive(pool.end());
    pool.removeListener("error", this.#ignore);
    pool.removeListener("acquire", this.#watch);
    pool.removeListener("connect", this.#connected);
  }

  /** One statement that commits by itself. */
  async run(statement: Statement, values: readonly Value[]): Promise<(readonly unknown[])[]> {
    const client = await this.lease();
    let fault: unknown;
    try {
      return await this.#query(client, statement, values);
    } catch (error) {
      fault = error;
      throw error;
    } finally {
      client.release(isUnusable(fault));
    }
  }

  /** Runs `work` between BEGIN and COMMIT. */
  async transact<T>(work: (run: Run) => Promise<T>): Promise<T> {
    const client = await this.lease();
    let broken = false;
    try {
      await this.#query(client, BEGIN, []);
      const result = await work((statement, values) => this.#query(client, statement, values));
      await this.#query(client, COMMIT, []);
      return result;
    } catch (error) {
      broken = isUnusable(error);
      if (!broken)
        await this.#query(client, ROLLBACK, []).catch(() => {
          broken = true;
        });
      throw error;
    } finally {
      client.release(broken);
    }
  }

  /** A client of the pool, once the store is known to be good. */
  async lease(): Promise<PgPoolClient> {
    if (!this.#isReady) await this.#wait();
    return this.lend();
  }

  /** A client of the pool, whether the store is known to be good or not. */
  async lend(): Promise<PgPoolClient> {
    return this.#take();
  }

  /**
   * Listens to a lent client, since a pool listens to its idle clients only.
   * An error between two queries of a loan would end the process without a listener; its next query fails
   * anyhow.
   */
  readonly #watch = (client: PgPoolClient): void => {
    if (!this.#watched.has(client)) client.on("error", this.#ignore);
    this.#watched.add(client);
  };

  async #take(): Promise<PgPoolClient> {
    if (this.target.pool === undefined) return this.pool.connect();
    // The application's pool may not bound its waits.
    const asked = this.pool.connect();
    const late = new AbortController();
    try {
      return await Promise.race([
        asked,
        pause(this.target.connectTimeoutMs, undefined, { signal: late.signal }).then(() => {
          void asked.then((client) => client.release(), this.#ignore);
          throw new Error("timeout exceeded when trying to connect: the pool has lent all its clients");
        }),
      ]);
    } finally {
      late.abort();
    }
  }

  /** Runs `work` with a separate client, whether this is open or not. */
  async apart<T>(work: (client: PgClient) => Promise<T>): Promise<T> {
    if (this.target.pool !== undefined) {
      const client = await this.target.pool.connect();
      this.#watch(client);
      try {
        return await work(client);
      } finally {
        client.release();
      }
    }
    const client = new (await loadDriver()).Client(this.target.config);
    client.on("error", this.#ignore);
    await client.connect();
    try {
      return await work(client);
    } finally {
      await client.end();
    }
  }

  /** As an error of Stem. */
  failure(error: unknown): unknown {
    return toStoreError(error, this.target.where, this.target.secrets);
  }

  async #query(client: PgPoolClient, { text, name }: Statement, values: readonly Value[]): Promise<(readonly unknown[])[]> {
    const { rows } = await client.query({
      text,
      ...(this.target.session && name !== "" && { name }),
      ...(values.length > 0 && { values: values.map((value) => (value instanceof List ? toBinary(value) : value)) }),
      rowMode: "array",
      types: TYPES,
      query_timeout: this.target.commandTimeoutMs,
    });
    return rows as (readonly unknown[])[];
  }

  async #wait(): Promise<void> {
    if (this.#ready === undefined || this.#pool === undefined) throw this.#closed();
    const late = new AbortController();
    try {
      await Promise.race([
        this.#ready,
        pause(this.target.connectTimeoutMs, undefined, { signal: late.signal }).then(() => {
          throw new StoreError(
            "STEM_STORE_UNREACHABLE",
            `The Postgres server at ${this.target.where} has not been reached yet.`,
            "It is tried again by itself. Check that the server runs and that host, port and network are right.",
          );
        }),
      ]);
    } finally {
      late.abort();
    }
  }

  async #prepare(prepare: () => Promise<void>, log: StoreLog | undefined, signal: AbortSignal): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        await prepare();
        this.#isReady = !signal.aborted;
        if (attempt > 1) log?.log(`Postgres at ${this.target.where} is reached (attempt ${attempt}).`);
        this.onReconnect();
        return;
      } catch (error) {
        if (signal.aborted) throw this.#closed();
        const { cause = error } = error as { cause?: unknown };
        const isUsed = isLocked(cause);
        if (!isOutage(error) && !isOutage(cause) && !isUsed) throw this.failure(error);
        // Twice as long each time, up to 5 s, and drawn, so that processes do not come back together.
        const waitMs = Math.min(LONGEST_WAIT_MS, 250 * 2 ** (attempt - 1)) * (0.5 + Math.random() / 2);
        const reason = messageOf(cause).replace(/\s*\n\s*/g, " ");
        const what = isUsed
          ? messageOf(error).replace(/\.$/, "")
          : `Postgres at ${this.target.where} cannot be reached (attempt ${attempt}: ${reason})`;
        log?.warn(`${what}; trying again in ${Math.round(waitMs)} ms.`);
        await pause(waitMs, undefined, { ref: false, signal }).catch(this.#ignore);
        if (signal.aborted) throw this.#closed();
      }
    }
  }

  #closed(): StoreError {
    return new StoreError(
      "STEM_STORE_CLOSED",
      `The Postgres store at ${this.target.where} is not open.`,
      "Call open() first, and keep it open until the last verb has answered.",
    );
  }
}

/** Each statement must see what has committed before it, with any default of the database. */
const BEGIN = { text: "BEGIN ISOLATION LEVEL READ COMMITTED", name: "" };
const COMMIT = { text: "COMMIT", name: "" };
const ROLLBACK = { text: "ROLLBACK", name: "" };

/** After such an error the state of the connection is unknown. */
function isUnusable(error: unknown): boolean {
  return error !== undefined && !(error instanceof StemError) && isOutage(error);
}

/**
 * Keeps the process alive until `work` ends.
 * Its sockets and timers may not, and the process would end before later steps.
 */
export async function keptAlive<T>(work: Promise<T>): Promise<T> {
  const timer = setInterval(() => undefined, 60_000);
  try {
    return await work;
  } finally {
    clearInterval(timer);
  }
}
