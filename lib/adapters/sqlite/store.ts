import { StemError, StoreError, type Hint } from "../../contract/index.js";
import { queueIn } from "../relational/codes.js";
import type { DeadEnd } from "../relational/ends.js";
import { Loans } from "../relational/loans.js";

/** The part of better-sqlite3 that is used; the same in its versions 11, 12 and 13. */
export interface Driver {
  prepare(sql: string): Statement;
  exec(sql: string): unknown;
  pragma(text: string, options?: { readonly simple?: boolean }): unknown;
  close(): unknown;
  readonly inTransaction: boolean;
}

/**
 * A prepared statement. `Array.from` copies the lists that leave the adapter.
 * Lists that statements return may come from the realm in which the module was first loaded.
 */
export interface Statement {
  run(...values: readonly unknown[]): { readonly changes: number };
  get(...values: readonly unknown[]): unknown;
  all(...values: readonly unknown[]): unknown[];
  iterate(...values: readonly unknown[]): IterableIterator<unknown>;
  raw(on?: boolean): this;
  pluck(on?: boolean): this;
}

/**
 * What this handle remembers of a job it lent, so that settling needs no look-up.
 * Valid as long as number, fence and links still match the row in `active`.
 */
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

/**
 * A caller's transaction in this process holds the write lock; nothing was done. Never leaves the adapter.
 */
export class HeldError extends Error {}

/** One connection to one file: statements, transactions, errors, and hints after each commit. */
export class Store {
  readonly file: string;
  /** Jobs lent through this handle. */
  readonly loans = new Loans<Loan>();
  /** Called with the hints of each commit, right after it. */
  readonly listeners = new Set<(hint: Hint) => void>();
  /**
   * Connections of callers in this process whose transactions have jobs of Stem.
   * They hold the write lock until they end.
   */
  readonly heldBy = new Set<Driver>();
  /** Jobs that the transaction under way has ended without success, other than by their own settlement. */
  ended: DeadEnd[] = [];

  readonly #statements = new Map<string, Statement>();
  readonly #queueNumbers = new Map<string, number>();
  readonly #queueNames = new Map<number, string>();
  #driver: Driver | undefined;
  #work = new Set<string>();
  #done: string[] = [];
  #stopped: string[] = [];

  constructor(file: string) {
    this.file = file;
  }

  get isOpen(): boolean {
    return this.#driver !== undefined;
  }

  /** From now on statements go to this connection. */
  attach(driver: Driver): void {
    this.#driver = driver;
  }

  close(): void {
    const driver = this.#driver;
    this.#driver = undefined;
    this.#statements.clear();
    this.forgetQueues();
    this.loans.clear();
    driver?.close();
  }

  /** @throws {StoreError} `STEM_STORE_CLOSED` */
  demandOpen(): void {
    this.#live();
  }

  /** Forgets the numbers of queues, which may have been rolled back. */
  forgetQueues(): void {
    this.#queueNumbers.clear();
    this.#queueNames.clear();
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

  /**
   * Milliseconds since the epoch: of the test, else of this host as SQLite reads it.
   * All processes on the file share that clock, also if one has faked its `Date`.
   */
  clock(options?: { readonly now?: number }): number {
    return options?.now ?? (this.value("SELECT CAST(round(unixepoch('subsec') * 1000) AS INTEGER)").get() as number);
  }

  /** Runs `work` on one unchanging view of the file; takes no write lock. */
  read<T>(work: () => T): T {
    return this.#transact("BEGIN", work);
  }

  /**
   * Runs `work` as one transaction, commits, and then sends the hints that `work` asked for.
   * It has the write lock from the start (a lock taken half-way could be refused). An error undoes all of it.
   *
   * @throws {HeldError} before anything else
   */
  write<T>(work: () => T): T {
    if (this.heldBy.size > 0 && this.#isHeld()) throw new HeldError();
    const result = this.#transact("BEGIN IMMEDIATE", work);
    if (this.#work.size > 0 || this.#done.length > 0 || this.#stopped.length > 0) this.#giveHints();
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

  /** After the commit: this job was cancelled while a worker had it. */
  hintStopped(id: string): void {
    if (this.listeners.size > 0) this.#stopped.push(id);
  }

  tell(hint: Hint): void {
    for (const listener of this.listeners) {
      try {
        listener(hint);
      } catch {
        // The write is done: an error of a listener must not fail the verb.
      }
    }
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
    const number = queueIn(lane);
    let name = this.#queueNames.get(number);
    if (name === undefined) {
      name = this.value("SELECT name FROM queues WHERE no = ?").get(number) as string;
      this.#queueNames.set(number, name);
    }
    return name;
  }

  /** Turns a statement's failure into an error of Stem; errors of Stem pass unchanged. */
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

  /** The error of a verb that has waited too long for a caller's transaction. */
  heldTooLong(ms: number): StoreError {
    return new StoreError(
      "STEM_STORE_FAILED",
      `A transaction of this process has kept the SQLite file ${this.file} locked for more than ${ms} ms.`,
      "Commit it, or roll it back: between BEGIN and COMMIT await nothing but calls of Stem. Nothing of this call was stored.",
    );
  }

  #isHeld(): boolean {
    for (const driver of this.heldBy) if (!driver.inTransaction) this.heldBy.delete(driver);
    return this.heldBy.size > 0;
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
      if (codeOf(error).startsWith("SQLITE_FULL")) makeRoom(driver);
      this.forgetQueues();
      this.#work.clear();
      this.#done = [];
      this.#stopped = [];
      this.ended = [];
      throw this.failure(error);
    }
  }

  #giveHints(): void {
    const [work, done, stopped] = [this.#work, this.#done, this.#stopped];
    if (work.size > 0) {
      this.#work = new Set();
      this.tell({ kind: "work", queues: [...work] });
    }
    if (done.length > 0) {
      this.#done = [];
      this.tell({ kind: "done", ids: done });
    }
    if (stopped.length > 0) {
      this.#stopped = [];
      this.tell({ kind: "cancelled", ids: stopped });
    }
  }
}

/**
 * Moves the log into the file, to make room on a full disk for the next try.
 * The log may hold nearly all that is on it. Readers are not waited for.
 */
function makeRoom(driver: Driver): void {
  const timeout = driver.pragma("busy_timeout", { simple: true });
  try {
    driver.pragma("busy_timeout = 0");
    driver.pragma("wal_checkpoint(TRUNCATE)");
  } catch {
    // The disk is too full for that, too: then a person has to free some space.
  } finally {
    driver.pragma(`busy_timeout = ${String(timeout)}`);
  }
}

/** The remedy for an SQLite error, by the start of its code. */
export const REMEDIES: Readonly<Record<string, string>> = {
  SQLITE_BUSY: "Another process held the write lock for longer than busyTimeoutMs: look for a long transaction, or raise it.",
  SQLITE_FULL: "The disk or the quota is full: free some space and try again.",
  SQLITE_READONLY: "The file or its folder is read-only for this process: give it write permission.",
  SQLITE_IOERR: "The file system failed: check the disk; SQLite files do not belong on network shares.",
  SQLITE_CORRUPT: "The file is damaged: restore a backup, or let `sqlite3 FILE .recover` save what it can.",
};

/** The code of an error. Classes do not identify it, since a native module may come from another realm. */
export function codeOf(error: unknown): string {
  const code = typeof error === "object" && error !== null ? (error as { readonly code?: unknown }).code : undefined;
  return typeof code === "string" ? code : "";
}

/** The message of any thrown value. */
export function messageOf(error: unknown): string {
  const message = typeof error === "object" && error !== null ? (error as { readonly message?: unknown }).message : undefined;
  return typeof message === "string" ? message : String(error);
}
