import type { Hint, Hints } from "../../contract/index.js";

/**
 * Gathers what a verb made due or ended, and calls the listeners once the verb is done.
 * It costs next to nothing without listeners.
 */
export class PendingHints {
  readonly #listeners = new Set<(hint: Hint) => void>();
  readonly #queues = new Set<string>();
  #lastQueue: string | undefined;
  #done: string[] = [];
  #stopped: string[] = [];

  /** There may be work in this queue. */
  work(queue: string): void {
    if (queue === this.#lastQueue || this.#listeners.size === 0) return;
    this.#queues.add(queue);
    this.#lastQueue = queue;
  }

  /** The work in this queue has been lent in the same step. */
  noWork(queue: string): void {
    if (this.#lastQueue === undefined) return;
    this.#queues.delete(queue);
    this.#lastQueue = undefined;
  }

  done(id: string): void {
    if (this.#listeners.size > 0) this.#done.push(id);
  }

  /** This job was cancelled while a worker had it. */
  stopped(id: string): void {
    if (this.#listeners.size > 0) this.#stopped.push(id);
  }

  send(): void {
    if (this.#queues.size > 0) {
      const queues = [...this.#queues];
      this.#queues.clear();
      this.#lastQueue = undefined;
      this.tell({ kind: "work", queues });
    }
    if (this.#done.length > 0) {
      const ids = this.#done;
      this.#done = [];
      this.tell({ kind: "done", ids });
    }
    if (this.#stopped.length > 0) {
      const ids = this.#stopped;
      this.#stopped = [];
      this.tell({ kind: "cancelled", ids });
    }
  }

  tell(hint: Hint): void {
    for (const listener of this.#listeners) {
      try {
        listener(hint);
      } catch {
        // The write is done: an error of a listener must not fail the verb.
      }
    }
  }

  subscribe(listener: (hint: Hint) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }
}

/** Wake-ups within the process: given in the same turn as the verb that causes them. */
export function hints(pending: PendingHints): Hints {
  return {
    subscribe: (listener) => pending.subscribe(listener),
    control: (topic, message) => pending.tell({ kind: "control", topic, message }),
  };
}
