import { watch, type FSWatcher } from "node:fs";
import type { Hint, Hints } from "../../contract/index.js";
import type { Store } from "./store.js";

/** Messages kept for processes that look a little later. */
const KEPT = 256;

/** After a notice the next look comes no sooner, so that a busy process does not keep others awake. */
const QUIET_MS = 4;

/** Time between looks where the file system sends notices, for lost ones. */
const INSURANCE_MS = 250;

/** @param watchMs how often is looked where the file system sends no notices */
export const hints = (store: Store, watchMs: number): SqliteHints => new SqliteHints(store, watchMs);

/**
 * Wake-ups.
 * Those of this handle's own commits are exact and at once (the store sends them). Commits of others show in
 * `PRAGMA data_version`, a number in shared memory that changes with them, so no table is touched. It is read
 * when the file system reports a write to the log, or every `watchMs` if it turns out not to; and only while
 * there are listeners.
 */
class SqliteHints implements Hints {
  readonly #store: Store;
  readonly #watchMs: number;
  #watcher: FSWatcher | undefined;
  #timer: NodeJS.Timeout | undefined;
  #quiet: NodeJS.Timeout | undefined;
  /** The log has been written since the last look. */
  #noticed = false;
  /** The file system has sent a notice at least once. */
  #givesNotice = false;
  #version: unknown;
  /** The last control message seen. */
  #seen = 0;
  /** Messages of this handle, which its listeners have had already. */
  readonly #own = new Set<number>();

  constructor(store: Store, watchMs: number) {
    this.#store = store;
    this.#watchMs = watchMs;
  }

  subscribe(listener: (hint: Hint) => void): () => void {
    // A wrapper, so that the same function may listen twice.
    const own = (hint: Hint): void => listener(hint);
    this.#store.listeners.add(own);
    this.start();
    return () => {
      this.#store.listeners.delete(own);
      if (this.#store.listeners.size === 0) this.stop();
    };
  }

  control(topic: string, message: string): void {
    try {
      const no = this.#store.write(() => {
        const inserted = this.#store.value("INSERT INTO control (topic, message) VALUES (?, ?) RETURNING no").get(topic, message) as number;
        this.#store.sql("DELETE FROM control WHERE no <= ?").run(inserted - KEPT);
        return inserted;
      });
      if (this.#timer !== undefined) this.#own.add(no);
      this.#own.delete(no - KEPT);
    } catch {
      // A hint may be lost, and must not fail its sender.
    }
    this.#store.tell({ kind: "control", topic, message });
  }

  /** Begins to watch if there are listeners and a file to watch. */
  start(): void {
    if (this.#timer !== undefined || !this.#store.isOpen || this.#store.listeners.size === 0) return;
    this.#version = this.#readVersion();
    this.#seen = this.#store.value("SELECT ifnull(max(no), 0) FROM control").get() as number;
    try {
      this.#watcher = watch(`${this.#store.file}-wal`, { persistent: false }, () => this.#notice());
      this.#watcher.on("error", () => this.#lookEvery(this.#watchMs));
      this.#lookEvery(Math.max(INSURANCE_MS, this.#watchMs));
    } catch {
      // There are no notices here, or no more watchers allowed.
      this.#lookEvery(this.#watchMs);
    }
  }

  stop(): void {
    this.#watcher?.close();
    this.#watcher = undefined;
    clearInterval(this.#timer);
    this.#timer = undefined;
    clearTimeout(this.#quiet);
    this.#quiet = undefined;
    this.#noticed = false;
    this.#own.clear();
  }

  #lookEvery(ms: number): void {
    clearInterval(this.#timer);
    this.#timer = setInterval(() => {
      // A change without a notice, and there never was one: then look often.
      if (this.#look() && !this.#givesNotice && ms !== this.#watchMs) this.#lookEvery(this.#watchMs);
    }, ms);
    this.#timer.unref();
  }

  #notice(): void {
    this.#givesNotice = true;
    this.#noticed = true;
    if (this.#quiet === undefined) this.#answer();
  }

  #answer(): void {
    this.#quiet = undefined;
    if (!this.#noticed) return;
    this.#noticed = false;
    this.#look();
    if (this.#timer === undefined) return;
    this.#quiet = setTimeout(() => this.#answer(), QUIET_MS);
    this.#quiet.unref();
  }

  /** True if another connection has written since the last look; listeners have been called then. */
  #look(): boolean {
    let messages: readonly [number, string, string][];
    try {
      const version = this.#readVersion();
      if (version === this.#version) return false;
      this.#version = version;
      messages = this.#store.rows("SELECT no, topic, message FROM control WHERE no > ? ORDER BY no").all(this.#seen) as [
        number,
        string,
        string,
      ][];
    } catch {
      // A busy or closing store is looked at again at the next turn.
      return false;
    }
    this.#store.tell({ kind: "work" });
    this.#store.tell({ kind: "done" });
    for (const [no, topic, message] of messages) {
      this.#seen = no;
      if (!this.#own.delete(no)) this.#store.tell({ kind: "control", topic, message });
    }
    return true;
  }

  #readVersion(): unknown {
    return this.#store.value("PRAGMA data_version").get();
  }
}
