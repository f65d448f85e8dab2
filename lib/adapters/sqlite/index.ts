import { OptionError, type Adapter, type Capabilities, type Health } from "../../contract/index.js";
import { SqliteBroker } from "./broker.js";
import { events } from "./events.js";
import { SqliteHints } from "./hints.js";
import { journal } from "./journal.js";
import { locks } from "./locks.js";
import { results } from "./results.js";
import { schedules } from "./schedules.js";
import { Store, type SqliteOptions } from "./store.js";
import { workers } from "./workers.js";

export type { SqliteOptions } from "./store.js";

/**
 * Jobs, results, journals, events, schedules and locks in one SQLite file, shared by any number of processes of one host. Needs the package
 * better-sqlite3, which is loaded when the adapter is opened. Nothing is touched before that.
 *
 * @param file path of the database; it and its folder are made when missing. The file must be on a local disk
 * @throws {OptionError} `STEM_OPTION_INVALID`, `STEM_OPTION_UNKNOWN`
 */
export function sqlite(file: string, options: SqliteOptions = {}): Adapter {
  check(file, options);
  return new SqliteAdapter(new Store(file, options));
}

class SqliteAdapter implements Adapter {
  readonly name = "sqlite";
  readonly capabilities: Capabilities = { durable: true, shared: true, transactions: false, limits: false, unique: false };
  readonly broker;
  readonly results;
  readonly journal;
  readonly events;
  readonly schedules;
  readonly locks;
  readonly hints: SqliteHints;
  readonly workers;

  readonly #store: Store;
  #users = 0;
  #opening: Promise<void> | undefined;

  constructor(store: Store) {
    this.#store = store;
    this.broker = new SqliteBroker(store, this);
    this.results = results(store);
    this.journal = journal(store);
    this.events = events(store);
    this.schedules = schedules(store, this);
    this.locks = locks(store);
    this.hints = new SqliteHints(store);
    this.workers = workers(store);
  }

  async open(): Promise<void> {
    this.#users++;
    try {
      await (this.#opening ??= this.#store.open());
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
    const schema = this.#store.read(() => this.#store.value("PRAGMA user_version").get() as number);
    return { store: this.#store.file, ms: performance.now() - start, schema };
  }
}

const CHECKS: Readonly<Record<keyof SqliteOptions, readonly [rule: string, holds: (value: unknown) => boolean]>> = {
  synchronous: ['is "normal" or "full"', (value) => value === "normal" || value === "full"],
  busyTimeoutMs: ["is a whole number of milliseconds, 0 or more", (value) => Number.isSafeInteger(value) && Number(value) >= 0],
  watchMs: ["is a whole number of milliseconds, 1 or more", (value) => Number.isSafeInteger(value) && Number(value) >= 1],
};

function check(file: unknown, options: SqliteOptions): void {
  if (typeof file !== "string" || file === "" || file === ":memory:")
    throw new OptionError(
      "STEM_OPTION_INVALID",
      `sqlite(${JSON.stringify(file)}) names no file.`,
      file === ":memory:" ? "Use memory() for a store that lives in this process only." : 'Give a path, such as sqlite("stem.db").',
    );
  for (const [name, value] of Object.entries(options)) {
    if (!Object.hasOwn(CHECKS, name))
      throw new OptionError("STEM_OPTION_UNKNOWN", `sqlite() has no option "${name}".`, `It has ${Object.keys(CHECKS).join(", ")}.`);
    const [rule, holds] = CHECKS[name as keyof SqliteOptions];
    if (value !== undefined && !holds(value))
      throw new OptionError(
        "STEM_OPTION_INVALID",
        `sqlite({ ${name}: ${String(value)} }) is refused: ${name} ${rule}.`,
        "Correct the option.",
      );
  }
}
