import type { Log } from "../log.js";
import type { TaskDefinition } from "../task/task.js";
import { describe } from "../worker/retryable.js";

/**
 * A promise that knows whether anybody has looked at it. Before it awaits a promise, calls back from `then`,
 * `catch` or `finally`, or hands it to `Promise.race` and the like, the language reads its `constructor`; and
 * as that is `Promise`, all goes on as with any other.
 *
 * @see ECMA-262, PromiseResolve and SpeciesConstructor
 */
export class Watched<T> extends Promise<T> {
  seen = false;
}

Object.defineProperty(Watched.prototype, "constructor", {
  get(this: Watched<unknown>) {
    this.seen = true;
    return Promise;
  },
});

interface Ask {
  readonly key: string;
  readonly kind: string;
  readonly promise: Watched<unknown>;
  /** Of a step: why it failed. */
  readonly error?: unknown;
}

/** Kept at most before those that were looked at are let go. */
const MANY = 100;

/**
 * The sleeps and waits a body asked for, and its steps that failed. One that nobody ever looks at was most
 * likely meant to be awaited.
 */
export class Unawaited {
  #asks: Ask[] = [];

  add(ask: Ask): void {
    if (this.#asks.length >= MANY) this.#asks = this.#asks.filter(({ promise }) => !promise.seen);
    this.#asks.push(ask);
  }

  /** After the body has returned. Told once for each that the workflow calls so. */
  warn(definition: TaskDefinition, runId: string, log: Log): void {
    for (const { key, kind, promise, error } of this.#asks) {
      if (promise.seen) continue;
      const name = key.replace(/#\d+$/, "");
      const before = told.get(definition) ?? new Set();
      told.set(definition, before);
      if (before.has(name) || before.size >= MANY) continue;
      before.add(name);
      const failed = error === undefined ? "" : `, which failed: ${describe(error)}`;
      log.warn(
        `Run ${runId} of workflow "${definition.name}" has returned, and nobody ever waited for its ${kind} "${name}"${failed} → Await what ctx gave for it: await ctx.… (this is told once).`,
      );
    }
  }
}

const told = new WeakMap<TaskDefinition, Set<string>>();
