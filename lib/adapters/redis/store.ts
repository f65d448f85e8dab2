import { Portion, StoreError, type At, type Ended, type Hint, type StoreLog } from "../../contract/index.js";
import { Directory } from "./cluster/directory.js";
import { Mail, type Shard } from "./cluster/mail.js";
import { Queues } from "./cluster/queues.js";
import { routeOf, shardOfQueue } from "./cluster/route.js";
import { Connection } from "./connect/connection.js";
import { json } from "./connect/json.js";
import type { Reply } from "./connect/driver.js";
import type { RedisOptions, Server } from "./connect/options.js";
import { scriptOf } from "./connect/scripts.js";

export type { Shard };

/** The script that tries what all others do. */
export const PROBE = "probe";

/** The script that reads and raises the number of the format; part of what is done before the first call. */
export const FORMAT_SCRIPT = "format";

let handles = 0;

/**
 * One handle on one Redis: runs scripts on shards, tells own listeners, and refuses verbs while it is closed.
 */
export class Store {
  readonly connection: Connection;
  readonly namespace: string;
  /** Shard of what concerns no queue in particular; on a single server, of everything. */
  readonly home: Shard;
  readonly mail: Mail;
  readonly directory: Directory;
  readonly queues: Queues;
  /** Whether there is a shard per queue, as in a cluster. */
  readonly spread: boolean;
  /** Stands before every hint, so that a process can tell its own. */
  readonly origin = `${process.pid.toString(36)}.${(++handles).toString(36)}.${Math.random().toString(36).slice(2, 8)}`.padEnd(24, ".");
  /** How many records to read in one script. */
  readonly portion = new Portion();
  /** Told of what own verbs cause, at once. */
  readonly listeners = new Map<(hint: Hint) => void, ReadonlySet<Hint["kind"]> | undefined>();
  /** Finds out whether this user may do all that scripts do. @throws {StoreError} if not */
  prove: () => Promise<void> = () => Promise.resolve();
  readonly #last = new Map<string, number>();
  #open = false;
  /** It has been found out, and nothing was refused since. */
  #proved = false;
  #proving: Promise<void> | undefined;

  constructor(server: Server, options: RedisOptions) {
    this.connection = new Connection(server, options);
    this.namespace = options.namespace ?? "stem";
    this.home = `{${this.namespace}}`;
    this.mail = new Mail(this);
    this.directory = new Directory(this, this.namespace);
    this.queues = new Queues(this, this.home, this.namespace);
    this.spread = this.connection.isCluster;
    this.connection.refused = () => (this.#proved = false);
  }

  get isOpen(): boolean {
    return this.#open;
  }

  /** @returns whether the server is there */
  async open(log?: StoreLog): Promise<boolean> {
    this.#open = true;
    this.#proved = false;
    return this.connection.open(log);
  }

  close(): void {
    this.#open = false;
    this.connection.close();
  }

  /** Shard of a queue. */
  shardOf(queue: string): Shard {
    return this.spread ? shardOfQueue(this.namespace, queue) : this.home;
  }

  /** Every shard that may hold jobs. */
  async shards(options?: At): Promise<readonly Shard[]> {
    if (!this.spread) return (this.live(), [this.home]);
    return (await this.queues.all(options)).map((queue) => this.shardOf(queue));
  }

  /** Every queue that may hold jobs or be paused. */
  async queueNames(options?: At): Promise<readonly string[]> {
    return this.spread ? this.queues.all(options) : ((await this.run("queued", this.home, [], options)) as string[]);
  }

  /** Indices of ids by the shard they are in; those that nobody has stored are left out. */
  async place(ids: readonly string[], options: At | undefined): Promise<ReadonlyMap<Shard, readonly number[]>> {
    this.live();
    if (ids.length === 0) return new Map();
    if (!this.spread) return new Map([[this.home, ids.map((_, i) => i)]]);
    const found = await this.directory.find(ids, options);
    const placed = new Map<Shard, number[]>();
    ids.forEach((id, i) => {
      const queue = routeOf(id);
      const shard = found.get(id) ?? (queue === undefined ? undefined : this.shardOf(queue));
      if (shard === undefined) return;
      const part = placed.get(shard);
      if (part === undefined) placed.set(shard, [i]);
      else part.push(i);
    });
    return placed;
  }

  /** Runs `lua/<name>.lua` on a shard. @throws {StoreError} */
  run(name: string, shard: Shard, args: readonly (string | number)[], options?: At): Promise<Reply> {
    if (!this.#open) return Promise.reject(closed(this.connection.where));
    const all = [shard, options?.now === undefined ? "" : String(options.now), this.origin, (this.spread ? "c" : "s") + this.home, ...args];
    if (this.#proved || name === PROBE || name === FORMAT_SCRIPT) return this.connection.run(scriptOf(name), all);
    return this.proved().then(() => this.connection.run(scriptOf(name), all));
  }

  /**
   * Before the first call, and after each that was refused: a script that is refused in the middle keeps what
   * it has written.
   * @throws {StoreError}
   */
  proved(): Promise<void> {
    this.#proving ??= this.prove()
      .then(() => void (this.#proved = true))
      .finally(() => (this.#proving = undefined));
    return this.#proving;
  }

  /** What whoever claims does for all now and then: deliver the mail of those that died before they could. */
  async duties(options: At | undefined): Promise<readonly Ended[]> {
    if (!this.every("mail", 2_000)) return [];
    const ended: Ended[] = [];
    for (const shard of this.spread ? new Set([this.home, ...(await this.shards(options))]) : [this.home])
      ended.push(...(await this.mail.sweep(shard, options)));
    return ended;
  }

  /** Whether `ms` have passed since this was last said of the same matter. */
  every(matter: string, ms: number): boolean {
    const present = performance.now();
    if (present - (this.#last.get(matter) ?? -Infinity) < ms) return false;
    this.#last.set(matter, present);
    return true;
  }

  /** Tells other processes; nothing is promised. */
  publish(kind: Hint["kind"], text: string): void {
    this.connection.ask((client) => client.publish(`${this.home}:hint:${kind}`, this.origin + text)).catch(() => undefined);
  }

  /** There may be work in these queues. */
  hintWork(queues: readonly string[]): void {
    if (this.listeners.size > 0) this.tell({ kind: "work", queues });
  }

  /** These jobs may have ended. */
  hintDone(ids: readonly string[]): void {
    if (this.listeners.size > 0 && ids.length > 0) this.tell({ kind: "done", ids });
  }

  /** These jobs were cancelled while workers had them. */
  hintStopped(ids: readonly string[]): void {
    this.tell({ kind: "cancelled", ids });
    this.publish("cancelled", json(ids));
  }

  tell(hint: Hint): void {
    for (const [listener, kinds] of this.listeners) {
      if (kinds !== undefined && !kinds.has(hint.kind)) continue;
      try {
        listener(hint);
      } catch {
        // What was written is written: a listener's fault is not the verb's.
      }
    }
  }

  /** @throws {StoreError} `STEM_STORE_CLOSED` */
  live(): void {
    if (!this.#open) throw closed(this.connection.where);
  }
}

function closed(where: string): StoreError {
  return new StoreError(
    "STEM_STORE_CLOSED",
    `The Redis store at ${where} is not open.`,
    "Call open() first, and keep it open until the last verb has answered.",
  );
}
