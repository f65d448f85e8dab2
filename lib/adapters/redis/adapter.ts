import { COMMON_KINDS, guardTexts } from "../../contract/index.js";
import type { Adapter, Capabilities, FieldKind, Finding, Health, StoreLog } from "../../contract/index.js";
import { broker } from "./broker.js";
import { pieceOf, routed, shardOfPiece } from "./cluster/route.js";
import { FORMAT, refuseFormat } from "./connect/format.js";
import { diagnose, refuseUnfit, versionOf, type Keyspace } from "./connect/fitness.js";
import type { RedisOptions, Server } from "./connect/options.js";
import { events } from "./events.js";
import { hints } from "./hints.js";
import { jobs } from "./jobs.js";
import { journal } from "./journal.js";
import { locks } from "./locks.js";
import { queues } from "./queues.js";
import { schedules } from "./schedules.js";
import { FORMAT_SCRIPT, PROBE, Store } from "./store.js";
import { workers } from "./workers.js";

/** All the small contracts over one Redis. */
export class RedisAdapter implements Adapter {
  readonly name = "redis";
  readonly capabilities: Capabilities = { durable: true, shared: true, transactions: false, remote: true };
  readonly honours: ReadonlySet<FieldKind> = new Set(COMMON_KINDS);
  readonly broker;
  readonly queues;
  readonly jobs;
  readonly journal;
  readonly events;
  readonly schedules;
  readonly locks;
  readonly hints: ReturnType<typeof hints>;
  readonly workers;

  readonly #store: Store;
  #users = 0;
  #opening: Promise<void> | undefined;

  constructor(server: Server, options: RedisOptions) {
    const store = new Store(server, options);
    this.#store = store;
    store.prove = async () => {
      await refuseUnfit(keysOf(store));
      await this.#format(FORMAT);
    };
    this.broker = broker(store, this);
    this.queues = queues(store);
    this.jobs = jobs(store);
    this.journal = journal(store, this);
    this.events = events(store, this);
    this.schedules = schedules(store, this);
    this.locks = locks(store);
    this.hints = hints(store);
    this.workers = workers(store);
    guardTexts(this);
  }

  async open(log?: StoreLog): Promise<void> {
    this.#users++;
    try {
      await (this.#opening ??= this.#open(log));
    } catch (error) {
      this.#users--;
      this.#opening = undefined;
      throw error;
    }
  }

  async close(): Promise<void> {
    if (this.#users === 0) return;
    // Whoever is opening still must be done before anything is closed.
    await this.#opening?.catch(() => undefined);
    if (this.#users === 0 || --this.#users > 0) return;
    this.#opening = undefined;
    this.hints.stop();
    this.#store.close();
  }

  routedId(id: string, queue: string): string {
    return this.#store.spread ? routed(id, queue) : id;
  }

  async ping(): Promise<Health> {
    this.#store.live();
    const { connection } = this.#store;
    const start = performance.now();
    await connection.ask((client) => client.ping());
    const ms = performance.now() - start;
    const [version, schema] = [await versionOf(connection), await this.#format()];
    return { store: connection.where, ms, ...(version !== undefined && { server: `Redis ${version}` }), schema };
  }

  async diagnose(): Promise<readonly Finding[]> {
    this.#store.live();
    return diagnose(this.#store.connection);
  }

  /**
   * The number of the format in the store. The home shard alone has it, also on a cluster.
   * @param own raises a lower one
   */
  async #format(own?: number): Promise<number> {
    const { connection, home } = this.#store;
    const found = await this.#store.run(FORMAT_SCRIPT, home, [own ?? ""]);
    return refuseFormat(String(found), connection.where, home);
  }

  async #open(log: StoreLog | undefined): Promise<void> {
    try {
      if (await this.#store.open(log)) await this.#store.proved().catch(throwUnlessAway);
    } catch (error) {
      this.#store.close();
      throw error;
    }
    this.hints.start();
  }
}

/** A server that is not there, or takes no writes for the moment, is no reason to refuse. */
function throwUnlessAway(error: unknown): void {
  const code = (error as { readonly code?: unknown } | null)?.code;
  if (code !== "STEM_STORE_UNREACHABLE" && code !== "STEM_STORE_READONLY") throw error;
}

/** What is looked at before the first call. */
function keysOf(store: Store): Keyspace {
  const { connection, namespace, home, spread } = store;
  return {
    connection,
    namespace,
    home,
    spread,
    shards: spread ? [home, shardOfPiece(namespace, pieceOf("")), store.shardOf("probe\n")] : [home],
    probe: (shard) => store.run(PROBE, shard, []) as Promise<readonly string[]>,
  };
}
