import { COMMON_KINDS, guardTexts } from "../../contract/index.js";
import type { Adapter, Capabilities, FieldKind, Finding, Health, Schema, StoreLog } from "../../contract/index.js";
import { broker } from "./broker.js";
import { Connection, keptAlive, type Target } from "./connect/connection.js";
import { diagnose } from "./connect/diagnose.js";
import { refusePooler, refuseRights } from "./connect/fitness.js";
import { lookAt, migrate, migrations, prepareSchema, type SchemaName } from "./connect/migrate.js";
import type { PgClient } from "./connect/driver.js";
import { events } from "./events.js";
import { hints } from "./hints.js";
import { jobs } from "./jobs.js";
import { journal } from "./journal.js";
import { locks } from "./locks.js";
import { queues } from "./queues.js";
import { schedules } from "./schedules.js";
import { Store } from "./store.js";
import { workers } from "./workers.js";

/** All the small contracts over one schema of a Postgres database. */
export class PostgresAdapter implements Adapter {
  readonly name = "postgres";
  // Not `remote`: a settlement costs the server so much whatever it carries that one of a hundred endings
  // beats two of fifty (decision 008).
  readonly capabilities: Capabilities = { durable: true, shared: true, transactions: true };
  readonly honours: ReadonlySet<FieldKind> = new Set([...COMMON_KINDS, "key"]);
  readonly broker;
  readonly queues;
  readonly jobs;
  readonly journal;
  readonly events;
  readonly schedules;
  readonly locks;
  readonly hints: ReturnType<typeof hints>;
  readonly workers;
  readonly schema: Schema;

  readonly #connection: Connection;
  readonly #store: Store;
  readonly #schema: SchemaName;
  readonly #migrates: boolean;
  #users = 0;
  #opening: Promise<void> | undefined;

  constructor(target: Target, options: { readonly schema: string; readonly migrate: boolean; readonly listen: boolean }) {
    const connection = new Connection(target);
    const store = new Store(connection, options.schema);
    this.#connection = connection;
    this.#store = store;
    this.#schema = { name: options.schema, named: (text) => store.named(text), quoted: store.schema, where: target.where };
    this.#migrates = options.migrate;
    this.broker = broker(store, this);
    this.queues = queues(store);
    this.jobs = jobs(store);
    this.journal = journal(store, this);
    this.events = events(store);
    this.schedules = schedules(store, this);
    this.locks = locks(store);
    this.hints = hints(store, connection, options.listen);
    this.workers = workers(store);
    guardTexts(this);
    this.schema = {
      migrations: migrations(this.#schema),
      version: () => this.#apart(async (client) => (await lookAt(client, this.#schema)).version ?? 0),
      migrate: () => this.#apart((client) => migrate(client, this.#schema)),
    };
  }

  async open(log?: StoreLog): Promise<void> {
    this.#users++;
    try {
      await (this.#opening ??= this.#connection.open(log, () => this.#prepare(log)));
    } catch (error) {
      this.#users--;
      if (this.#users === 0) {
        this.#opening = undefined;
        await this.#connection.close();
      }
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
    // Those who listen wait on sockets and timers that keep no process alive.
    await keptAlive(this.hints.stop());
    await this.#connection.close();
  }

  async ping(): Promise<Health> {
    const start = performance.now();
    const [row] = await this.#store.rows("SELECT coalesce(max(version), 0), current_setting('server_version') FROM stem.migrations");
    const [schema, version] = row as [number, string];
    return { store: this.#schema.where, ms: performance.now() - start, server: `PostgreSQL ${version.split(" ")[0]}`, schema };
  }

  async diagnose(): Promise<readonly Finding[]> {
    return diagnose(this.#store, this.#schema);
  }

  async #prepare(log: StoreLog | undefined): Promise<void> {
    const client = await this.#connection.lend();
    let isGood = false;
    try {
      await refusePooler(this.#connection, client, this.#schema.where);
      await prepareSchema(client, this.#schema, this.#migrates, log);
      await refuseRights(client, this.#schema);
      isGood = true;
    } finally {
      client.release(!isGood);
    }
  }

  /** With a client of its own, whether the adapter is open or not. */
  async #apart<T>(work: (client: PgClient) => Promise<T>): Promise<T> {
    try {
      return await this.#connection.apart(work);
    } catch (error) {
      throw this.#connection.failure(error);
    }
  }
}
