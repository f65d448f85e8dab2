import type { Adapter } from "../../contract/index.js";
import { PostgresAdapter } from "./adapter.js";
import { check, targetOf, type PostgresOptions } from "./connect/target.js";

export type { PostgresOptions } from "./connect/target.js";

/**
 * Stores everything in one schema of a Postgres database (13 or newer), shared by all processes.
 * Needs the package pg, which is loaded when the adapter is opened. Nothing is touched before that.
 *
 * @param at a URL (`postgres://user:password@host/database`), your own `pg.Pool` (used as it is, and not
 * closed), `{ pool }`, or the options of `pg.Pool`
 * @throws {OptionError} `STEM_OPTION_INVALID`, `STEM_OPTION_UNKNOWN`
 */
export function postgres(at: string | PoolLike | { readonly pool: PoolLike } | PgConfig, options: PostgresOptions = {}): Adapter {
  check(at, options);
  const { schema = "stem", listen = true } = options;
  return new PostgresAdapter(targetOf(at, options), {
    schema,
    listen,
    migrate: options.migrate ?? process.env["NODE_ENV"] !== "production",
  });
}

/** The options of `pg.Pool`. Stem's own options go into the second argument. */
export type PgConfig = { readonly [name in keyof PostgresOptions]?: never } & Readonly<Record<string, unknown>>;

/** A `pg.Pool`, as far as it is needed. */
export interface PoolLike {
  connect(): Promise<unknown>;
  end(): Promise<void>;
}
