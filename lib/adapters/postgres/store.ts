import { createHash } from "node:crypto";
import { StoreError } from "../../contract/index.js";
import { queueIn } from "../relational/codes.js";
import type { DeadEnd } from "../relational/ends.js";
import { Loans } from "../relational/loans.js";
import type { Connection } from "./connect/connection.js";
import { isContention, isMissing, isOutage } from "./connect/errors.js";
import type { Row, Sql } from "./connect/sql.js";
import { statementOf } from "./connect/statements.js";
import type { Value } from "./connect/values.js";
import { Floors } from "./lend/floors.js";

/** Gathered while a transaction runs, and announced once it has committed. */
export class Announcement {
  readonly queues = new Set<string>();
  readonly lanes = new Set<number>();
  readonly done: string[] = [];
  readonly stopped: string[] = [];
  /** Jobs that have ended without success, other than by their own settlement. */
  readonly ended: DeadEnd[] = [];
  /** A job was put into a line with another due time than now. */
  isEarlier = false;
  /** Whether a listener wants to learn of ends; undefined: not known yet. */
  isListened?: boolean;
}

/** One transaction. */
export interface Tx extends Sql {
  /** The time of this verb: of the test, else of the store. */
  readonly now: number;
  readonly announcement: Announcement;
}

/** What this handle remembers of a job it lent, so that settling needs no look-up. */
export interface Loan {
  readonly seq: number;
  /** Row of `loans`, the job's place in it, and how many places that has. */
  readonly no: number;
  readonly place: number;
  readonly size: number;
  /** When it was lent. With the number it distinguishes the loan from those of a replaced store. */
  readonly startedAt: number;
  /**
   * How many of that row have not come back yet, as far as this handle knows; shared by them.
   * Only a guess at what will be found.
   */
  readonly out?: { count: number };
  readonly fence: number;
  readonly attempt: number;
  readonly links: number;
  /** `keep_result` of the job. */
  readonly keep: number | null;
}

/** How often a transaction that met a conflict is run again. */
const TRIES = 10;

const WIDELY = `SELECT ${["enable_seqscan", "enable_hashjoin", "enable_bitmapscan"].map((name) => `set_config('${name}', 'on', true)`).join(", ")},
  set_config('plan_cache_mode', 'force_custom_plan', true)`;

/** The store's clock in milliseconds, unless parameter 1 replaces it. */
export const CLOCK = statementOf("common/now");

/** Statements and transactions in one schema of one database, and what this handle remembers of it. */
export class Store implements Sql {
  readonly connection: Connection;
  /** The schema's name, and its name in SQL. */
  readonly name: string;
  readonly schema: string;
  /** Jobs lent through this handle. */
  readonly loans = new Loans<Loan>();
  /** From which due time on claims read their lines. */
  readonly floors = new Floors();
  /** Called, after each commit, with what it made due or ended. */
  onAnnouncement: (announcement: Announcement) => void = () => undefined;

  readonly #texts = new Map<string, { readonly text: string; readonly name: string }>();
  readonly #numbers = new Map<string, number>();
  readonly #names = new Map<number, string>();

  constructor(connection: Connection, schema: string) {
    this.connection = connection;
    this.name = schema;
    this.schema = quoted(schema);
    connection.onReconnect = () => this.forget();
    // It may be another server, or a restored one, although no call has failed. Names serve hints alone;
    // writes check the numbers again.
    connection.onConnect = () => this.#names.clear();
  }

  /** A statement with the schema's name in it, and a name for it that is the same in every process. */
  statement(text: string): { readonly text: string; readonly name: string } {
    let known = this.#texts.get(text);
    if (known === undefined) {
      const full = this.named(text);
      known = { text: full, name: `stem_${createHash("sha1").update(full).digest("hex").slice(0, 20)}` };
      this.#texts.set(text, known);
    }
    return known;
  }

  /** A text with the schema's name in place of `stem.`. */
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
   * One statement that counts much of what there is.
   * It is planned for these very values, and may read whole tables, which the settings forbid to all others.
   */
  async report(text: string, values: readonly Value[] = []): Promise<Row[]> {
    return this.transact({ now: 0 }, async ({ rows }) => {
      await rows(WIDELY);
      return rows(text, values);
    });
  }

  /**
   * Runs `work` as one transaction, again if it met a conflict, and tells others after the commit.
   * An error undoes all of it.
   */
  async transact<T>(at: { readonly now?: number } | undefined, work: (tx: Tx) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      const announcement = new Announcement();
      try {
        const result = await this.connection.transact(async (run) => {
          const rows = (text: string, values: readonly Value[] = []): Promise<Row[]> => run(this.statement(text), values);
          const now = at?.now ?? ((await rows(`SELECT ${CLOCK}`, [null]))[0]![0] as number);
          return work({ rows, now, announcement });
        });
        this.announce(announcement);
        return result;
      } catch (error) {
        if (!isContention(error) || attempt === TRIES) throw this.#failure(error);
      }
    }
  }

  /** Number of a queue, if this handle knows it. */
  queueNumber(name: string): number | undefined {
    return this.#numbers.get(name);
  }

  /**
   * Gives the new queues numbers.
   * In a separate commit, so that a number once given out is good even if its first job is not stored.
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
      // Made by another at the same moment, and so only seen by the next look.
      if (row === undefined) await this.learnQueues([name]);
      else this.#keep(name, row[0] as number);
    }
  }

  /** After a commit: announces what it made due or ended. */
  announce(announcement: Announcement): void {
    if (announcement.isEarlier) this.floors.forget();
    this.onAnnouncement(announcement);
  }

  /** Announces ends that were written by a separate statement. */
  ended(ids: readonly string[], isListened: boolean): void {
    if (ids.length === 0) return;
    const announcement = new Announcement();
    announcement.done.push(...ids);
    announcement.isListened = isListened;
    this.announce(announcement);
  }

  /** Name of the queue a lane belongs to, if this handle knows it. */
  queueOf(lane: number): string | undefined {
    return this.#names.get(queueIn(lane));
  }

  /** Reads the names of these lanes' queues. */
  async learnLanes(lanes: Iterable<number>): Promise<void> {
    for (const lane of lanes) {
      if (this.queueOf(lane) !== undefined) continue;
      for (const [no, name] of await this.rows("SELECT no, name FROM stem.queues")) this.#keep(name as string, no as number);
      return;
    }
  }

  /** As an error of Stem. After an outage, or while tables are missing, the store may be another one. */
  #failure(error: unknown): unknown {
    if (isOutage(error) || isMissing(error)) this.forget();
    return this.connection.failure(error);
  }

  #keep(name: string, no: number): void {
    this.#numbers.set(name, no);
    this.#names.set(no, name);
  }

  /** Forgets what another server, or a restored one, may number anew. */
  forget(): void {
    this.#numbers.clear();
    this.#names.clear();
    this.loans.clear();
    this.floors.forget();
  }

  /** The error when the numbers of queues change at every try. */
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
