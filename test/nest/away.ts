import { memory } from "../../lib/adapters/memory/index.js";
import type { Adapter, Finding, StoreLog } from "../../lib/contract/adapter.js";
import { StoreError } from "../../lib/contract/errors.js";

const VERBS = ["broker", "jobs", "journal", "events", "schedules", "locks", "workers"] as const;

/**
 * A store on a server that is away: as the contract has it, `open` says so and resolves after a while, and
 * every verb waits for as long before it fails. `arrive` lets everybody in.
 */
export class AwayStore {
  readonly adapter: Adapter;
  /** What the store is asked and has not answered. */
  waiting = 0;
  findings: (() => Promise<readonly Finding[]>) | undefined;
  #here = false;
  #arrivals: (() => void)[] = [];
  readonly #book: string[];

  /** @param book gets a line whenever somebody begins to wait for it, and when that is over; may be shared */
  constructor(connectTimeoutMs: number, book: string[] = []) {
    this.#book = book;
    const sound = memory();
    const reach = (): Promise<void> => this.#reach(connectTimeoutMs);
    const part = <T extends object>(verbs: T): T =>
      new Proxy(verbs, {
        get: (target, name) => {
          const verb: unknown = Reflect.get(target, name);
          if (typeof verb === "object" && verb !== null) return part(verb);
          if (typeof verb !== "function") return verb;
          return async (...args: unknown[]): Promise<unknown> => {
            await reach();
            return (verb as (...args: unknown[]) => unknown).apply(target, args);
          };
        },
      });
    this.adapter = {
      ...sound,
      name: "away",
      ...(Object.fromEntries(VERBS.map((name) => [name, part(sound[name])])) as Pick<Adapter, (typeof VERBS)[number]>),
      open: async (log?: StoreLog) => {
        await sound.open();
        if (!this.#here) log?.warn("away at away:1 refuses connections (attempt 1); trying again in 100 ms");
        await reach().catch(() => {});
      },
      close: () => sound.close(),
      ping: async () => {
        await reach();
        return sound.ping();
      },
      diagnose: async () => {
        await reach();
        return (await this.findings?.()) ?? [];
      },
    };
  }

  arrive(): void {
    this.#here = true;
    for (const arrival of this.#arrivals.splice(0)) arrival();
  }

  async #reach(ms: number): Promise<void> {
    if (this.#here) return;
    this.waiting++;
    this.#book.push("waits");
    let timer: NodeJS.Timeout | undefined;
    try {
      await new Promise<void>((resolve, reject) => {
        this.#arrivals.push(resolve);
        timer = setTimeout(() => reject(new StoreError("STEM_STORE_UNREACHABLE", "away:1 refuses connections.", "Start it.")), ms);
      });
    } finally {
      clearTimeout(timer);
      this.#book.push("over");
      this.waiting--;
    }
  }
}
