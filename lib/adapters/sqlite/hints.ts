import type { Hint, Hints } from "../../contract/index.js";
import type { Store } from "./store.js";

/** Messages kept for processes that look a little later. */
const KEPT = 256;

/**
 * Wake-ups. Those of this handle's own commits are exact and at once (the store gives them). Commits of others are noticed by `PRAGMA data_version`, a
 * number in shared memory that changes with them: no table is touched. It is looked at every `watchMs`, and only while somebody listens.
 */
export class SqliteHints implements Hints {
  readonly #store: Store;
  readonly #watchMs: number;
  #timer: NodeJS.Timeout | undefined;
  #version: unknown;
  /** The last control message seen. */
  #seen = 0;
  /** Messages of our own, which our listeners have had already. */
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
    } catch {
      // A hint may be lost; whoever gives one is never disturbed by it.
    }
    this.#store.tell({ kind: "control", topic, message });
  }

  /** Begins to watch if there is somebody to tell and something to watch. */
  start(): void {
    if (this.#timer !== undefined || !this.#store.isOpen || this.#store.listeners.size === 0) return;
    this.#version = this.#readVersion();
    this.#seen = this.#store.value("SELECT ifnull(max(no), 0) FROM control").get() as number;
    this.#timer = setInterval(() => this.#look(), this.#watchMs);
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#own.clear();
  }

  #look(): void {
    let messages: readonly [number, string, string][];
    try {
      const version = this.#readVersion();
      if (version === this.#version) return;
      this.#version = version;
      messages = this.#store.rows("SELECT no, topic, message FROM control WHERE no > ? ORDER BY no").all(this.#seen) as [
        number,
        string,
        string,
      ][];
    } catch {
      // A busy or closing store is looked at again at the next turn.
      return;
    }
    this.#store.tell({ kind: "work" });
    this.#store.tell({ kind: "done" });
    for (const [no, topic, message] of messages) {
      this.#seen = no;
      if (!this.#own.delete(no)) this.#store.tell({ kind: "control", topic, message });
    }
  }

  #readVersion(): unknown {
    return this.#store.value("PRAGMA data_version").get();
  }
}
