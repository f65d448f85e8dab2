import { mkdirSync, readdirSync, readFileSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, resolve } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { COMMON_KINDS, guardTexts, StemError, StoreError } from "../../contract/index.js";
import type { Adapter, Broker, Capabilities, FieldKind, Health } from "../../contract/index.js";
import { broker } from "./broker.js";
import { events } from "./events.js";
import { hints } from "./hints.js";
import { jobs } from "./jobs.js";
import { journal } from "./journal.js";
import { locks } from "./locks.js";
import { queues } from "./queues.js";
import { schedules } from "./schedules.js";
import { codeOf, messageOf, REMEDIES, Store, type Driver } from "./store.js";
import { CallerTransactions } from "./transaction/caller-transactions.js";
import { waitingForLock } from "./transaction/waiting-for-lock.js";
import { workers } from "./workers.js";

/** What `sqlite(file, options)` may be given. */
export interface SqliteOptions {
  /**
   * `"normal"` (default): a crash of the process loses nothing; a power cut may lose the last moments, never
   * the file. `"full"`: not even those, for an fsync per commit.
   */
  readonly synchronous?: "normal" | "full";
  /**
   * How long a verb waits for another process's write before it fails with `STEM_STORE_FAILED`. Default 5,000
   * ms. The wait blocks the event loop.
   */
  readonly busyTimeoutMs?: number;
  /**
   * How often a process that listens for hints looks whether another process has written, where the file
   * system gives no notice of it (the look is a read of one number in shared memory). Default 15 ms.
   */
  readonly watchMs?: number;
}

const APPLICATION_ID = 0x5374656d; // "Stem"
const SCHEMA = readdirSync(new URL("./migrations/", import.meta.url))
  .filter((name) => /^\d{3}-.*\.sql$/.test(name))
  .sort();

/** The version of the schema this code knows: the number of files in migrations/. */
export const SCHEMA_VERSION = SCHEMA.length;

/**
 * 32 MiB of log between checkpoints, in pages of 2 KiB: small pages, because a commit of one job writes three
 * of them whole.
 */
const PAGE_BYTES = 2_048;
const CHECKPOINT_PAGES = 16_384;
const CACHE_KIB = 65_536;
const BUSY_TIMEOUT_MS = 5_000;

/** All the small contracts over one file. */
export class SqliteAdapter implements Adapter {
  readonly name = "sqlite";
  readonly capabilities: Capabilities = { durable: true, shared: true, transactions: true };
  readonly honours: ReadonlySet<FieldKind> = new Set([...COMMON_KINDS, "key"]);
  readonly broker: Broker;
  readonly queues;
  readonly jobs;
  readonly journal;
  readonly events;
  readonly schedules;
  readonly locks;
  readonly hints: ReturnType<typeof hints>;
  readonly workers;

  readonly #store: Store;
  readonly #options: SqliteOptions;
  #users = 0;
  #opening: Promise<void> | undefined;

  constructor(file: string, options: SqliteOptions) {
    const store = new Store(resolve(file));
    this.#store = store;
    this.#options = options;
    const callers = new CallerTransactions(store);
    const waiting = <Part extends object>(part: Part, ...verbs: readonly (keyof Part & string)[]): Part =>
      waitingForLock(store, options.busyTimeoutMs ?? BUSY_TIMEOUT_MS, part, verbs);
    this.broker = waiting(broker(store, this, callers), "enqueue", "claim", "settle");
    this.queues = waiting(queues(store), "change");
    this.jobs = jobs(store, waiting({ write: async <T>(work: () => T): Promise<T> => store.write(work) }, "write").write);
    this.journal = waiting(journal(store, this), "append", "rewrite");
    this.events = waiting(events(store, callers), "emit");
    this.schedules = waiting(schedules(store, this), "put", "fire", "change");
    this.locks = waiting(locks(store), "acquire", "renew", "release");
    this.hints = hints(store, options.watchMs ?? 15);
    this.workers = waiting(workers(store), "renew", "leave", "order");
    guardTexts(this);
  }

  async open(): Promise<void> {
    this.#users++;
    try {
      await (this.#opening ??= this.#connect());
    } catch (error) {
      this.#users--;
      this.#opening = undefined;
      throw error;
    }
    this.hints.start();
  }

  async close(): Promise<void> {
    if (this.#users === 0) return;
    // Whoever is opening still must be done before anything is closed.
    await this.#opening?.catch(() => undefined);
    if (--this.#users > 0) return;
    this.#opening = undefined;
    this.hints.stop();
    this.#store.close();
  }

  async ping(): Promise<Health> {
    const start = performance.now();
    const [schema, version] = this.#store.read(() => [
      this.#store.value("PRAGMA user_version").get() as number,
      this.#store.value("SELECT sqlite_version()").get() as string,
    ]);
    return { store: this.#store.file, ms: performance.now() - start, server: `SQLite ${version}`, schema };
  }

  async #connect(): Promise<void> {
    this.#store.attach(await openFile(this.#store.file, this.#options));
  }
}

/** Opens the file, making it and its folder where they are missing, and brings its schema up to date. */
async function openFile(file: string, options: SqliteOptions): Promise<Driver> {
  const Database = await loadDriver();
  const timeout = options.busyTimeoutMs ?? BUSY_TIMEOUT_MS;
  let driver: Driver | undefined;
  try {
    mkdirSync(dirname(file), { recursive: true });
    driver = new Database(file, { timeout });
    await prepare(driver, file, options.synchronous ?? "normal", timeout);
    return driver;
  } catch (error) {
    driver?.close();
    throw error instanceof StemError ? error : cannotOpen(file, error);
  }
}

async function prepare(driver: Driver, file: string, synchronous: string, patience: number): Promise<void> {
  driver.pragma(`page_size = ${PAGE_BYTES}`);
  await patiently(() => driver.pragma("journal_mode = WAL"), patience);
  driver.pragma(`synchronous = ${synchronous}`);
  driver.pragma("foreign_keys = OFF");
  driver.pragma("temp_store = MEMORY");
  driver.pragma(`cache_size = -${CACHE_KIB}`);
  driver.pragma(`wal_autocheckpoint = ${CHECKPOINT_PAGES}`);
  await patiently(() => migrate(driver, file), patience);
}

/**
 * The switch to WAL ignores the busy timeout, so several processes that open a fresh file at once have to ask
 * again.
 */
async function patiently(step: () => unknown, patience: number): Promise<void> {
  const until = Date.now() + patience;
  for (;;) {
    try {
      step();
      return;
    } catch (error) {
      if (!codeOf(error).startsWith("SQLITE_BUSY") || Date.now() > until) throw error;
      await pause(5 + Math.random() * 20);
    }
  }
}

/**
 * Brings the schema from its version to ours, each file of migrations/ once, whichever process comes first.
 */
function migrate(driver: Driver, file: string): void {
  const versionOf = (): number => driver.pragma("user_version", { simple: true }) as number;
  const isOurs = (): boolean => driver.pragma("application_id", { simple: true }) === APPLICATION_ID;
  if (isOurs() && versionOf() === SCHEMA_VERSION) return;
  driver.exec("BEGIN IMMEDIATE");
  try {
    const tables = driver.prepare("SELECT count(*) FROM sqlite_master").pluck().get() as number;
    if (!isOurs() && tables > 0)
      throw new StoreError("STEM_STORE_OPEN", `${file} is the database of something else.`, "Give Stem a file of its own.");
    const version = versionOf();
    if (version > SCHEMA_VERSION)
      throw new StoreError(
        "STEM_SCHEMA_NEWER",
        `${file} has schema ${version}; this version of nestjs-stem knows ${SCHEMA_VERSION}.`,
        "Update nestjs-stem in this process, or open another file.",
      );
    for (const name of SCHEMA.slice(version)) driver.exec(readFileSync(new URL(`./migrations/${name}`, import.meta.url), "utf8"));
    driver.pragma(`application_id = ${APPLICATION_ID}`);
    driver.pragma(`user_version = ${SCHEMA_VERSION}`);
    driver.exec("COMMIT");
  } catch (error) {
    if (driver.inTransaction) driver.exec("ROLLBACK");
    throw error;
  }
}

type Constructor = new (file: string, options: { readonly timeout: number }) => Driver;

/** Loads better-sqlite3 when it is first needed. */
async function loadDriver(): Promise<Constructor> {
  let found: { readonly default: unknown };
  try {
    refuseUnloadable();
    found = (await import("better-sqlite3")) as { readonly default: unknown };
  } catch (error) {
    if (error instanceof StemError || !["ERR_MODULE_NOT_FOUND", "MODULE_NOT_FOUND"].includes(codeOf(error))) throw error;
    throw new StoreError(
      "STEM_MISSING_PEER",
      "The SQLite store needs the package better-sqlite3, which is not installed.",
      "Run `npm install better-sqlite3`.",
      {
        cause: error,
      },
    );
  }
  return found.default as Constructor;
}

/** Version 13 is built for Node-API 10 and crashes the process of an older Node instead of throwing. */
function refuseUnloadable(): void {
  let version: string;
  try {
    version = (createRequire(import.meta.url)("better-sqlite3/package.json") as { readonly version: string }).version;
  } catch (error) {
    if (codeOf(error) === "ERR_PACKAGE_PATH_NOT_EXPORTED") return;
    throw error;
  }
  checkDriver(version, process.versions.napi);
}

/** @throws {StoreError} `STEM_MISSING_PEER` if this version of better-sqlite3 cannot run on this Node-API */
export function checkDriver(version: string, napi: string | undefined): void {
  if (Number.parseInt(version, 10) >= 13 && Number(napi) < 10)
    throw new StoreError(
      "STEM_MISSING_PEER",
      `better-sqlite3 ${version} needs Node-API 10; Node ${process.versions.node} has ${napi ?? "none"}.`,
      "Run `npm install better-sqlite3@12`, or use a newer Node (22.14 and up).",
    );
}

/** What keeps a file from being opened, in one line, with its remedy. */
export function cannotOpen(file: string, error: unknown): StoreError {
  const code = codeOf(error);
  const remedy = isFolder(file)
    ? "It is a folder: name a file inside it."
    : code === "SQLITE_NOTADB"
      ? "It is not an SQLite database: name another file, or move it away."
      : code === "ERR_DLOPEN_FAILED" || messageOf(error).includes("bindings file")
        ? "better-sqlite3 was not built for this Node: allow its install script, then run: npm rebuild better-sqlite3"
        : (Object.entries(REMEDIES).find(([start]) => code.startsWith(start))?.[1] ??
          "Check that the folder exists, that this process may write to it, and that the path is right.");
  return new StoreError("STEM_STORE_OPEN", `The SQLite file ${file} cannot be opened (${reasonOf(code, messageOf(error))}).`, remedy, {
    cause: error,
  });
}

/**
 * Node begins its messages with the code, SQLite does not; a driver that was not built lists a dozen places
 * where it looked.
 */
function reasonOf(code: string, message: string): string {
  const reason = message
    .replace(/\s*Tried:[^]*$/, "")
    .replace(/\s*\n\s*/g, " ")
    .replace(/\.$/, "");
  return code === "" || reason.startsWith(code) ? reason : `${code}: ${reason}`;
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}
