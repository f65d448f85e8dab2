import { statSync } from "node:fs";
import { Store, type Driver, type Statement } from "../store.js";

/** Nested in the caller's transaction, so that a call that fails half-way leaves nothing to commit. */
const SAVEPOINT = "stem_call";

/**
 * Verbs inside callers' transactions.
 * Their statements run on the caller's own connection, so that they commit or roll back with the caller's.
 * Hints need no extra work: a commit of another connection shows like that of any other process.
 */
export class CallerTransactions {
  readonly #host: Store;
  /** Prepared statements of a connection that was used before; it was checked then. */
  readonly #stores = new WeakMap<Driver, Store>();

  constructor(host: Store) {
    this.#host = host;
  }

  /**
   * Runs `work` on the caller's connection, all or nothing.
   *
   * @throws {TypeError} not a connection of better-sqlite3 to the same file that is inside a transaction
   * @throws {StoreError} `STEM_STORE_CLOSED`, `STEM_STORE_FAILED`
   */
  run<T>(transaction: unknown, work: (store: Store) => T): T {
    this.#host.demandOpen();
    const driver = this.#check(transaction);
    let store = this.#stores.get(driver);
    if (store === undefined) {
      store = new Store(this.#host.file);
      store.attach(withPlainNumbers(driver));
      this.#stores.set(driver, store);
    }
    // Numbers of queues that were made in a transaction that has been rolled back since are not valid any
    // more.
    store.forgetQueues();
    this.#host.heldBy.add(driver);
    try {
      store.sql(`SAVEPOINT ${SAVEPOINT}`).run();
      const result = work(store);
      store.sql(`RELEASE ${SAVEPOINT}`).run();
      return result;
    } catch (error) {
      // SQLite has rolled back everything by itself after a full disk or an I/O error.
      if (driver.inTransaction) driver.exec(`ROLLBACK TO ${SAVEPOINT}; RELEASE ${SAVEPOINT}`);
      throw store.failure(error);
    }
  }

  #check(transaction: unknown): Driver {
    if (!isDriver(transaction))
      throw new TypeError(
        `The option transaction is ${kindOf(transaction)}, not a connection of better-sqlite3. Pass the Database that your transaction was begun on: ` +
          `db.exec("BEGIN IMMEDIATE"), then { transaction: db }.`,
      );
    if (!this.#stores.has(transaction)) {
      const file = fileOf(transaction);
      if (!isSameFile(file, this.#host.file))
        throw new TypeError(
          `The option transaction is a connection to ${file === "" ? "a database in memory" : file}; Stem keeps its jobs in ${this.#host.file}. ` +
            `Pass a Database that was opened on that very file: only there can both commit together.`,
        );
    }
    if (!transaction.inTransaction)
      throw new TypeError(
        `The option transaction is a connection that is in no transaction (any more). Begin one with db.exec("BEGIN IMMEDIATE"), and await this call before ` +
          `db.exec("COMMIT"); a callback of db.transaction() has ended before anything asynchronous in it is done.`,
      );
    return transaction;
  }
}

function isDriver(value: unknown): value is Driver {
  if (typeof value !== "object" || value === null) return false;
  const { prepare, exec, pragma, inTransaction } = value as Partial<Record<keyof Driver, unknown>>;
  return typeof prepare === "function" && typeof exec === "function" && typeof pragma === "function" && typeof inTransaction === "boolean";
}

function kindOf(value: unknown): string {
  if (value === null) return "null";
  if (typeof value !== "object") return typeof value === "function" ? "a function" : `${typeof value} ${String(value)}`;
  const name = (value.constructor as { readonly name?: unknown } | undefined)?.name;
  return typeof name === "string" && name !== "Object" && name !== "" ? `an object of class ${name}` : "a plain object";
}

/** The file behind the connection's main database; `""` for one in memory. */
function fileOf(driver: Driver): string {
  const databases = driver.pragma("database_list") as readonly { readonly name: string; readonly file: string }[];
  return databases.find(({ name }) => name === "main")?.file ?? "";
}

/** By what the file system says, so that links and other spellings of a path count. */
function isSameFile(a: string, b: string): boolean {
  try {
    const [one, other] = [statSync(a, { bigint: true }), statSync(b, { bigint: true })];
    return one.ino === other.ino && one.dev === other.dev;
  } catch {
    return false;
  }
}

/** A driver that returns numbers, also if the connection is set to return bigints. */
function withPlainNumbers(driver: Driver): Driver {
  const plain = (statement: Statement & { safeIntegers?(on: boolean): unknown }): Statement => {
    statement.safeIntegers?.(false);
    return statement;
  };
  return {
    prepare: (sql) => plain(driver.prepare(sql)),
    exec: (sql) => driver.exec(sql),
    pragma: (text, options) => driver.pragma(text, options),
    // The connection is the caller's.
    close: () => undefined,
    get inTransaction() {
      return driver.inTransaction;
    },
  };
}
