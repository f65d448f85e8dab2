import { Client, Pool } from "pg";
import { postgres, type PostgresOptions } from "../../../lib/adapters/postgres/index.js";
import type { Adapter, Claim, Delivery, NewJob } from "../../../lib/contract/index.js";
import { sharedPostgres } from "../../servers/index.js";

/** A schema of its own on the shared server, with any number of handles on it. */
export class PostgresBench {
  readonly url: string;
  readonly schema: string;
  readonly #opened: (() => Promise<unknown>)[] = [];
  #serial = 0;

  constructor(url: string, schema: string) {
    this.url = url;
    this.schema = schema;
  }

  static async start(name: string): Promise<PostgresBench> {
    return new PostgresBench(await sharedPostgres(), `${name}_${process.pid}`);
  }

  async open(options: PostgresOptions = {}): Promise<Adapter> {
    const adapter = postgres(this.url, { schema: this.schema, ...options });
    await adapter.open();
    this.#opened.push(() => adapter.close());
    return adapter;
  }

  pool(options: object = {}): Pool {
    const pool = new Pool({ connectionString: this.url, ...options });
    this.#opened.push(() => pool.end());
    return pool;
  }

  /** Runs a statement on a connection of its own; `stem.` stands for the schema. */
  async sql<T>(text: string, values: unknown[] = []): Promise<T[]> {
    const client = new Client(this.url);
    await client.connect();
    try {
      return (await client.query({ text: text.replaceAll("stem.", `"${this.schema}".`), values })).rows as T[];
    } finally {
      await client.end();
    }
  }

  job(over: Partial<NewJob> = {}): NewJob {
    return { id: `job${++this.#serial}`, task: "noop", queue: "default", payload: "{}", ...over };
  }

  jobs(count: number, over: Partial<NewJob> = {}): NewJob[] {
    return Array.from({ length: count }, () => this.job(over));
  }

  /** Everything closed, the schema gone. */
  async stop(): Promise<void> {
    for (const close of this.#opened.toReversed()) await close();
    await this.sql(`SET client_min_messages = warning`);
    await this.sql(`DROP SCHEMA IF EXISTS "${this.schema}" CASCADE`);
  }
}

/** Registers a worker for an hour. */
export async function hire(adapter: Adapter, id: string): Promise<void> {
  await adapter.workers.renew({ id, leaseMs: 3_600_000, info: {} }, []);
}

export function ask(worker: string, limit = 1_000, queue = "default"): Claim {
  return { worker, from: [{ queue }], limit };
}

export async function take(adapter: Adapter, worker: string, limit = 1_000, queue = "default"): Promise<readonly Delivery[]> {
  return (await adapter.broker.claim(ask(worker, limit, queue))).deliveries;
}
