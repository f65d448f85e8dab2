import { createHash } from "node:crypto";
import { StoreError, type DeathCause, type Failure, type Lease } from "../../contract/index.js";
import type { Connection } from "./connect/connection.js";
import { isContention, isMissing, isOutage } from "./connect/errors.js";
import type { Value } from "./connect/values.js";
import { Floors } from "./lend/floors.js";
import { LEVELS } from "./lend/levels.js";

/** A row as a list of its columns. */
export type Row = readonly unknown[];

/**
 * Where statements go: a connection of ours for one statement, a transaction of ours, or one of the caller's.
 */
export interface Sql {
  /** A transaction of the caller's. */
  readonly isGuest?: boolean;
  /** Runs a statement whose text says `stem.` where our schema is meant. */
  rows(text: string, values?: readonly Value[]): Promise<Row[]>;
}

/** What ending a job needs to know of it. */
export interface Ending {
  readonly seq: number;
  readonly id: string;
  readonly links: number;
  readonly attempts: number;
  readonly fence: number;
  readonly startedAt: number | null;
  readonly keepFailed: number | null;
  readonly state: "failed" | "cancelled" | "expired";
  readonly cause: DeathCause | null;
  readonly error: Failure;
  /** By its own settlement, of which its worker knows. */
  readonly own?: true;
}

/** What is gathered while a transaction runs, to be told once it has committed. */
export class News {
  readonly queues = new Set<string>();
  readonly lanes = new Set<number>();
  readonly done: string[] = [];
  readonly stopped: string[] = [];
  /** Jobs that have ended without success, other than by their own settlement. */
  readonly ended: Ending[] = [];
  /** Something was put into a line with another due time than now. */
  isEarlier = false;
  /** Whether somebody wants to hear of ends; undefined: it is not known yet. */
  isListened?: boolean;
}

/** One transaction. */
export interface Tx extends Sql {
  /** The time of this verb: of the test, else of the store. */
  readonly now: number;
  readonly news: News;
}

/** What this handle remembers of a job it lent, so that settling needs no look-up. */
export interface Loan {
  readonly seq: number;
  /** Row of `loans`, the job's place in it, and how many places that has. */
  readonly no: number;
  readonly place: number;
  readonly size: number;
  /**
   * When it was lent. With the number it tells the loan from any of another store that stands in the place of
   * ours now.
   */
  readonly startedAt: number;
  /**
   * How many of that row have not come back yet, as far as this handle knows; shared by them. Only a guess at
   * what will be found.
   */
  readonly out?: { count: number };
  readonly fence: number;
  readonly attempt: number;
  readonly links: number;
  /** `keep_result` of the job. */
  readonly keep: number | null;
}

export { LEVELS };

/** Loans remembered at most; it is only a cache. */
const LOANS = 50_000;

/** How often a transaction that got in another's way is run again. */
const TRIES = 10;

const WIDELY = `SELECT ${["enable_seqscan", "enable_hashjoin", "enable_bitmapscan"].map((name) => `set_config('${name}', 'on', true)`).join(", ")},
  set_config('plan_cache_mode', 'force_custom_plan', true)`;

/** The store's clock in milliseconds, unless parameter 1 says otherwise. */
export const CLOCK = "coalesce($1::bigint, floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint)";

/** Statements and transactions in one schema of one database, and what this handle remembers of it. */
export class Store implements Sql {
  readonly connection: Connection;
  /** Our schema, and the same as it is written in SQL. */
  readonly name: string;
  readonly schema: string;
  /** Jobs lent through this handle, by id. */
  readonly loans = new Map<string, Loan>();
  /** From where on claims read their lines. */
  readonly floors = new Floors();
  /** Told, after each commit, what it made due or ended. */
  onNews: (news: News) => void = () => undefined;

  readonly #texts = new Map<string, { readonly text: string; readonly name: string }>();
  readonly #numbers = new Map<string, number>();
  readonly #names = new Map<number, string>();

  constructor(connection: Connection, schema: string) {
    this.connection = connection;
    this.name = schema;
    this.schema = quoted(schema);
    connection.onReconnect = () => this.forget();
    // It may be another server, or a restored one, although no call has failed. Names serve hints alone; what
    // is written looks at numbers again.
    connection.onConnect = () => this.#names.clear();
  }

  /** A statement with our schema's name in it, and a name for it that is the same in every process. */
  statement(text: string): { readonly text: string; readonly name: string } {
    let known = this.#texts.get(text);
    if (known === undefined) {
      const full = this.named(text);
      known = { text: full, name: `stem_${createHash("sha1").update(full).digest("hex").slice(0, 20)}` };
      this.#texts.set(text, known);
    }
    return known;
  }

  /** A text that says `stem.` for our schema, with its name. */
  named(text: string): string {
    return text.replaceAll(/('?)\bstem\./g, (_, quote: string) =>
      quote === "" ? `${this.schema}.` : `'${this.schema.replaceAll("'", "''")}.`,
    );
  }

  /** One statement, which commits by itself. */
  async rows(text: string, values: readonly Value[] = []): Promise<Row[]> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.connection.run(this.statement(text), values);
      } catch (error) {
        if (!isContention(error) || attempt === TRIES) throw this.#failure(error);
      }
    }
  }

  /**
   * One statement that counts much of what there is: planned for these very values, and free to read whole
   * tables, which our settings keep all others from.
   */
  async report(text: string, values: readonly Value[] = []): Promise<Row[]> {
    return this.transact({ now: 0 }, async ({ rows }) => {
      await rows(WIDELY);
      return rows(text, values);
    });
  }

  /**
   * Runs `work` as one transaction, again if it got in another's way, and tells its news once it has
   * committed. Whatever it throws undoes all of it.
   */
  async transact<T>(at: { readonly now?: number } | undefined, work: (tx: Tx) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      const news = new News();
      try {
        const result = await this.connection.transact(async (run) => {
          const rows = (text: string, values: readonly Value[] = []): Promise<Row[]> => run(this.statement(text), values);
          const now = at?.now ?? ((await rows(`SELECT ${CLOCK}`, [null]))[0]![0] as number);
          return work({ rows, now, news });
        });
        this.announce(news);
        return result;
      } catch (error) {
        if (!isContention(error) || attempt === TRIES) throw this.#failure(error);
      }
    }
  }

  remember(id: string, loan: Loan): void {
    if (this.loans.size >= LOANS) this.loans.clear();
    this.loans.set(id, loan);
  }

  /** The loan of a lease as this handle remembers it, if it is this very delivery. */
  recall(lease: Lease): Loan | undefined {
    const loan = this.loans.get(lease.jobId);
    return loan?.seq === lease.job && loan.fence === lease.fence ? loan : undefined;
  }

  /** Number of a queue, if this handle knows it. */
  queueNumber(name: string): number | undefined {
    return this.#numbers.get(name);
  }

  /**
   * Makes the queues known that are not yet. In a commit of its own, so that a number once given out is good
   * whatever becomes of its first job.
   */
  async learnQueues(names: readonly string[]): Promise<void> {
    const unknown = [...new Set(names)].filter((name) => !this.#numbers.has(name)).sort();
    for (const name of unknown) {
      const [row] = await this.rows(
        `WITH made AS (INSERT INTO stem.queues (name) SELECT $1::text WHERE NOT EXISTS (SELECT FROM stem.queues WHERE name = $1::text)
           ON CONFLICT (name) DO NOTHING RETURNING no)
         SELECT no FROM made UNION ALL SELECT no FROM stem.queues WHERE name = $1::text LIMIT 1`,
        [name],
      );
      // Made by another at the same moment, and so seen only by the next look.
      if (row === undefined) await this.learnQueues([name]);
      else this.#keep(name, row[0] as number);
    }
  }

  /** After a commit: tells what it made due or ended. */
  announce(news: News): void {
    if (news.isEarlier) this.floors.forget();
    this.onNews(news);
  }

  /** Tells of ends that were written by a statement of their own. */
  ended(ids: readonly string[], isListened: boolean): void {
    if (ids.length === 0) return;
    const news = new News();
    news.done.push(...ids);
    news.isListened = isListened;
    this.announce(news);
  }

  /** Name of the queue a lane belongs to, if this handle knows it. */
  queueOf(lane: number): string | undefined {
    return this.#names.get(Math.floor(lane / LEVELS));
  }

  /** Makes the names of these lanes' queues known. */
  async learnLanes(lanes: Iterable<number>): Promise<void> {
    for (const lane of lanes) {
      if (this.queueOf(lane) !== undefined) continue;
      for (const [no, name] of await this.rows("SELECT no, name FROM stem.queues")) this.#keep(name as string, no as number);
      return;
    }
  }

  /** In our words. After an outage, or while tables are missing, what comes back may be another store. */
  #failure(error: unknown): unknown {
    if (isOutage(error) || isMissing(error)) this.forget();
    return this.connection.failure(error);
  }

  #keep(name: string, no: number): void {
    this.#numbers.set(name, no);
    this.#names.set(no, name);
  }

  /** What another server, or a restored one, may number anew. */
  forget(): void {
    this.#numbers.clear();
    this.#names.clear();
    this.loans.clear();
    this.floors.forget();
  }

  /** The numbers of queues change as often as they are asked for. */
  renumbered(): StoreError {
    return new StoreError(
      "STEM_STORE_FAILED",
      `The store at ${this.connection.target.where} answers as if its queues were numbered anew between any two calls.`,
      "Look whether the address leads to several servers that are not copies of each other. Nothing of this call was stored.",
    );
  }
}

/** A name as SQL writes it. */
export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
