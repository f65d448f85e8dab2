import type { Log } from "../log.js";
import type { TaskDefinition } from "../task/task.js";
import { describe } from "../log/describe.js";

/**
 * A promise that knows whether it was ever used.
 * Before it awaits a promise, calls back from `then`, `catch` or `finally`, or hands it to `Promise.race` and
 * the like, the language reads its `constructor`; and as that is `Promise`, all goes on as with any other.
 *
 * @see ECMA-262, PromiseResolve and SpeciesConstructor
 */
export class Watched<T> extends Promise<T> {
  // Private, so that it shows in no log.
  #seen = false;

  static {
    Object.defineProperty(Watched.prototype, "constructor", {
      get(this: Watched<unknown>) {
        this.#seen = true;
        return Promise;
      },
    });
  }

  static hasBeenSeen(promise: Watched<unknown>): boolean {
    return promise.#seen;
  }

  /** Forgets all use so far. */
  static forget(promise: Watched<unknown>): void {
    promise.#seen = false;
  }
}

interface Ask {
  readonly key: string;
  readonly kind: string;
  readonly promise: Watched<unknown>;
  /** For a step: why it failed. */
  readonly error?: unknown;
}

/** So many are kept before those that were used are dropped. */
const MANY = 100;

/**
 * The sleeps and waits a body asked for, and its steps that failed.
 * One that is never used was most likely meant to be awaited.
 */
export class Unawaited {
  #asks: Ask[] = [];
  #most = MANY;

  add(ask: Ask): void {
    this.#asks.push(ask);
    if (this.#asks.length < this.#most) return;
    this.#asks = this.#asks.filter(({ promise }) => !Watched.hasBeenSeen(promise));
    // Twice what is left, so that many of them are not searched for each.
    this.#most = Math.max(MANY, 2 * this.#asks.length);
  }

  /** To be called after the body has returned. Logs once for each name in the workflow. */
  warn(definition: TaskDefinition, runId: string, log: Log): void {
    for (const { key, kind, promise, error } of this.#asks) {
      if (Watched.hasBeenSeen(promise)) continue;
      const name = key.replace(/#\d+$/, "");
      const before = told.get(definition) ?? new Set();
      told.set(definition, before);
      if (before.has(name) || before.size >= MANY) continue;
      before.add(name);
      const failed = error === undefined ? "" : `, which failed: ${describe(error)}`;
      log.warn(
        `Run ${runId} of workflow "${definition.name}" has returned without ever awaiting its ${kind} "${name}"${failed} → Await what ctx gave for it: await ctx.… (this is logged once).`,
      );
    }
  }
}

const told = new WeakMap<TaskDefinition, Set<string>>();
