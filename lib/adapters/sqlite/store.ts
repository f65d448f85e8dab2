import { mkdirSync, readdirSync, readFileSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, resolve } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { StemError, StoreError, type Hint, type Lease } from "../../contract/index.js";

/** What `sqlite(file, options)` may be given. */
export interface SqliteOptions {
  /**
   * `"normal"` (default): a crash of the process loses nothing; a power cut may lose the last moments, never the file. `"full"`: not even
   * those, for an fsync per commit.
   */
  readonly synchronous?: "normal" | "full";
  /** How long a verb waits for another process's write before it fails with `STEM_STORE_FAILED`. Default 5,000 ms. The wait blocks the event loop. */
  readonly busyTimeoutMs?: number;
  /** How often a process that listens for hints asks whether another process has written (a read of one number in shared memory). Default 15 ms. */
  readonly watchMs?: number;
}

/** The part of better-sqlite3 that is used; the same in its versions 11, 12 and 13. */
export interface Driver {
  prepare(sql: string): Statement;
  exec(sql: string): unknown;
  pragma(text: string, options?: { readonly simple?: boolean }): unknown;
  close(): unknown;
  readonly inTransaction: boolean;
}

/** Lists that statements return may come from the realm the module was first loaded in: `Array.from` makes ours of those that leave the adapter. */
export interface Statement {
  run(...values: readonly unknown[]): { readonly changes: number };
  get(...values: readonly unknown[]): unknown;
  all(...values: readonly unknown[]): unknown[];
  raw(on?: boolean): this;
  pluck(on?: boolean): this;
}

/** What this handle remembers of a job it lent, so that settling needs no look-up. Good as long as number, fence and links still match the row in `active`. */
export interface Loan {
  readonly seq: number;
  readonly fence: number;
  /** This attempt's number. */
  readonly attempt: number;
  readonly startedAt: number;
  readonly links: number;
  readonly lane: number;
  readonly keepResult: number | null;
  readonly keepFailed: number | null;
}

/** Priorities per queue in the numbering of lanes. */
export const LEVELS = 10;

const APPLICATION_ID = 0x5374656d; // "Stem"
const SCHEMA = readdirSync(new URL("./sql/", import.meta.url))
  .filter((name) => /^\d{3}-.*\.sql$/.test(name))
  .sort();

/** The version of the schema this code knows: the number of files in sql/. */
export const SCHEMA_VERSION = SCHEMA.length;

/** 8 MiB of log between checkpoints, in pages of 2 KiB: small pages, because a commit of one job writes three of them whole. */
const PAGE_BYTES = 2_048;
const CHECKPOINT_PAGES = 4_096;
const CACHE_KIB = 65_536;

/** Loans remembered at most; it is only a cache. */
const LOANS = 50_000;

/** One connection to one file: opening, statements, transactions, errors, and the hints that a transaction gives once it has committed. */
export class Store {
  readonly file: string;
  readonly watchMs: number;
  /** Jobs lent through this handle, by id. */
  readonly loans = new Map<string, Loan>();
  /** Told of every commit's hints, at once. */
  readonly listeners = new Set<(hint: Hint) => void>();

  readonly #synchronous: string;
  readonly #busyTimeoutMs: number;
  readonly #statements = new Map<string, Statement>();
  readonly #queueNumbers = new Map<string, number>();
  readonly #queueNames = new Map<number, string>();
  #driver: Driver | undefined;
  #work = new Set<string>();
  #done: string[] = [];

  constructor(file: string, options: SqliteOptions) {
    this.file = resolve(file);
    this.watchMs = options.watchMs ?? 15;
    this.#synchronous = options.synchronous ?? "normal";
    this.#busyTimeoutMs = options.busyTimeoutMs ?? 5_000;
  }

  get isOpen(): boolean {
    return this.#driver !== undefined;
  }

  /** Opens the file, making it and its folder where they are missing, and brings its schema up to date. */
  async open(): Promise<void> {
    const Database = await loadDriver();
    let driver: Driver | undefined;
    try {
      mkdirSync(dirname(this.file), { recursive: true });
      driver = new Database(this.file, { timeout: this.#busyTimeoutMs });
      await this.#prepare(driver);
    } catch (error) {
      driver?.close();
      throw error instanceof StemError ? error : cannotOpen(this.file, error);
    }
    this.#driver = driver;
  }

  close(): void {
    const driver = this.#driver;
    this.#driver = undefined;
    this.#statements.clear();
    this.#queueNumbers.clear();
    this.#queueNames.clear();
    this.loans.clear();
    driver?.close();
  }

  /** The statement for this text, prepared once per connection. */
  sql(text: string): Statement {
    let statement = this.#statements.get(text);
    if (statement === undefined) this.#statements.set(text, (statement = this.#live().prepare(text)));
    return statement;
  }

  /** As `sql`, for rows as arrays. */
  rows(text: string): Statement {
    let statement = this.#statements.get(text);
    if (statement === undefined) this.#statements.set(text, (statement = this.#live().prepare(text).raw()));
    return statement;
  }

  /** As `sql`, for the first column alone. */
  value(text: string): Statement {
    let statement = this.#statements.get(text);
    if (statement === undefined) this.#statements.set(text, (statement = this.#live().prepare(text).pluck()));
    return statement;
  }

  /** Runs `work` on one unchanging view of the file; takes no write lock. */
  read<T>(work: () => T): T {
    return this.#transact("BEGIN", work);
  }

  /**
   * Runs `work` as one transaction that has the write lock from the start (a lock taken half-way could be refused), commits, and then gives the hints
   * that `work` asked for. Whatever it throws undoes all of it.
   */
  write<T>(work: () => T): T {
    const result = this.#transact("BEGIN IMMEDIATE", work);
    if (this.#work.size > 0 || this.#done.length > 0) this.#giveHints();
    return result;
  }

  /** After the commit: there may be work in this queue. */
  hintWork(queue: string): void {
    if (this.listeners.size > 0) this.#work.add(queue);
  }

  /** After the commit: this job may have ended. */
  hintDone(id: string): void {
    if (this.listeners.size > 0) this.#done.push(id);
  }

  tell(hint: Hint): void {
    for (const listener of this.listeners) listener(hint);
  }

  remember(id: string, loan: Loan): void {
    if (this.loans.size >= LOANS) this.loans.clear();
    this.loans.set(id, loan);
  }

  /** The loan of a lease as this handle remembers it, if it is this very delivery. */
  recall(lease: Lease): Loan | undefined {
    const loan = this.loans.get(lease.jobId);
    return loan?.fence === lease.fence ? loan : undefined;
  }

  /** Number of a queue; made when it is new, so only inside `write`. */
  queueNumber(name: string): number {
    let number = this.#queueNumbers.get(name);
    if (number === undefined) {
      number = this.value("INSERT INTO queues (name) VALUES (?) ON CONFLICT (name) DO UPDATE SET name = name RETURNING no").get(
        name,
      ) as number;
      this.#queueNumbers.set(name, number);
    }
    return number;
  }

  /** Name of the queue a lane belongs to. */
  queueOf(lane: number): string {
    const number = Math.floor(lane / LEVELS);
    let name = this.#queueNames.get(number);
    if (name === undefined) {
      name = this.value("SELECT name FROM queues WHERE no = ?").get(number) as string;
      this.#queueNames.set(number, name);
    }
    return name;
  }

  /** Puts a statement's failure into our words; ours pass unchanged. */
  failure(error: unknown): unknown {
    const code = codeOf(error);
    if (error instanceof StemError || !code.startsWith("SQLITE_")) return error;
    const remedy = Object.entries(REMEDIES).find(([start]) => code.startsWith(start))?.[1];
    return new StoreError(
      "STEM_STORE_FAILED",
      `The SQLite file ${this.file} refused a statement (${code}: ${messageOf(error)}).`,
      `${remedy ?? "Look at the cause."} Nothing of this call was stored.`,
      { cause: error },
    );
  }

  #live(): Driver {
    if (this.#driver === undefined)
      throw new StoreError(
        "STEM_STORE_CLOSED",
        `The SQLite store ${this.file} is not open.`,
        "Call open() first, and keep it open until the last verb has answered.",
      );
    return this.#driver;
  }

  #transact<T>(begin: string, work: () => T): T {
    const driver = this.#live();
    try {
      this.sql(begin).run();
      const result = work();
      this.sql("COMMIT").run();
      return result;
    } catch (error) {
      // SQLite has rolled back by itself after a full disk or an I/O error.
      if (driver.inTransaction) this.sql("ROLLBACK").run();
      this.#queueNumbers.clear();
      this.#queueNames.clear();
      this.#work.clear();
      this.#done = [];
      throw this.failure(error);
    }
  }

  #giveHints(): void {
    const [work, done] = [this.#work, this.#done];
    if (work.size > 0) {
      this.#work = new Set();
      this.tell({ kind: "work", queues: [...work] });
    }
    if (done.length > 0) {
      this.#done = [];
      this.tell({ kind: "done", ids: done });
    }
  }

  async #prepare(driver: Driver): Promise<void> {
    driver.pragma(`page_size = ${PAGE_BYTES}`);
    await this.#patiently(() => driver.pragma("journal_mode = WAL"));
    driver.pragma(`synchronous = ${this.#synchronous}`);
    driver.pragma("foreign_keys = OFF");
    driver.pragma("temp_store = MEMORY");
    driver.pragma(`cache_size = -${CACHE_KIB}`);
    driver.pragma(`wal_autocheckpoint = ${CHECKPOINT_PAGES}`);
    await this.#patiently(() => migrate(driver, this.file));
  }

  /** The switch to WAL ignores the busy timeout, so several processes that open a fresh file at once have to ask again. */
  async #patiently(step: () => unknown): Promise<void> {
    const until = Date.now() + this.#busyTimeoutMs;
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
}

/** Milliseconds since the epoch: of the test, else of this host, which all processes on the file share. */
export function clock(options?: { readonly now?: number }): number {
  return options?.now ?? Date.now();
}

const REMEDIES: Readonly<Record<string, string>> = {
  SQLITE_BUSY: "Another process held the write lock for longer than busyTimeoutMs: look for a long transaction, or raise it.",
  SQLITE_FULL: "The disk or the quota is full: free some space and try again.",
  SQLITE_READONLY: "The file or its folder is read-only for this process: give it write permission.",
  SQLITE_IOERR: "The file system failed: check the disk; SQLite files do not belong on network shares.",
  SQLITE_CORRUPT: "The file is damaged: restore a backup, or let `sqlite3 FILE .recover` save what it can.",
};

/** Brings the schema from its version to ours, each file of sql/ once, whichever process comes first. */
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
    for (const name of SCHEMA.slice(version)) driver.exec(readFileSync(new URL(`./sql/${name}`, import.meta.url), "utf8"));
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

function cannotOpen(file: string, error: unknown): StoreError {
  const code = codeOf(error);
  const isFolder = statSync(file, { throwIfNoEntry: false })?.isDirectory() ?? false;
  const remedy = isFolder
    ? "It is a folder: name a file inside it."
    : code === "SQLITE_NOTADB"
      ? "It is not an SQLite database: name another file, or move it away."
      : code === "ERR_DLOPEN_FAILED" || messageOf(error).includes("bindings file")
        ? "better-sqlite3 was not built for this Node: run `npm rebuild better-sqlite3`."
        : (Object.entries(REMEDIES).find(([start]) => code.startsWith(start))?.[1] ??
          "Check that the folder exists, that this process may write to it, and that the path is right.");
  return new StoreError(
    "STEM_STORE_OPEN",
    `The SQLite file ${file} cannot be opened (${code === "" ? "" : `${code}: `}${messageOf(error)}).`,
    remedy,
    {
      cause: error,
    },
  );
}

/** Codes tell errors apart; classes do not, since a native module may have come from another realm. */
function codeOf(error: unknown): string {
  const code = typeof error === "object" && error !== null ? (error as { readonly code?: unknown }).code : undefined;
  return typeof code === "string" ? code : "";
}

function messageOf(error: unknown): string {
  const message = typeof error === "object" && error !== null ? (error as { readonly message?: unknown }).message : undefined;
  return typeof message === "string" ? message : String(error);
}
