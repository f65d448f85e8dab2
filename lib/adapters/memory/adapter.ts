import { COMMON_KINDS, guardTexts, type Adapter, type FieldKind } from "../../contract/index.js";
import { broker } from "./broker.js";
import { events } from "./events.js";
import { hints } from "./hints.js";
import { jobs } from "./jobs.js";
import { journal } from "./journal.js";
import { locks } from "./locks.js";
import { queues } from "./queues.js";
import { schedules } from "./schedules.js";
import { Store } from "./store.js";
import { workers } from "./workers.js";

export interface MemoryOptions {
  /** The store's clock, in whole milliseconds since the epoch. Default `Date.now`; a test gives its own. */
  readonly clock?: () => number;
}

/**
 * Keeps everything in this process: for tests, for tools, and for work that may be lost when the process
 * ends. Every promise of the contract holds within the process; nothing survives the last `close`, and no
 * other process sees it. Memory grows with the jobs kept: choose `keepResultMs` accordingly.
 *
 * @example
 * StemModule.forRoot({ adapter: memory() })
 */
export function memory(options: MemoryOptions = {}): Adapter {
  const store = new Store(options.clock ?? Date.now);
  const self = {
    name: "memory",
    capabilities: { durable: false, shared: false, transactions: false },
    honours: new Set<FieldKind>([...COMMON_KINDS, "key"]),
  };
  return guardTexts({
    ...self,
    broker: broker(store, self),
    queues: queues(store),
    jobs: jobs(store),
    journal: journal(store, self),
    events: events(store, self),
    schedules: schedules(store, self),
    locks: locks(store),
    hints: hints(store.pending),
    workers: workers(store),
    open: async () => store.open(),
    close: async () => store.close(),
    ping: async () => store.step(undefined, () => ({ store: "memory", ms: 0 })),
  });
}
