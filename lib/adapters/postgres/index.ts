import { OptionError, type Adapter } from "../../contract/index.js";
import { PostgresAdapter } from "./adapter.js";
import type { Target } from "./connect/connection.js";
import type { PgPool } from "./connect/driver.js";

/** What `postgres(url, options)` may be given. */
export interface PostgresOptions {
  /** Where the tables are. Default `"stem"`. */
  readonly schema?: string;
  /**
   * Bring the schema up to date when opening. Default: yes, except with `NODE_ENV=production`, where a schema that is behind is refused with
   * `STEM_SCHEMA_BEHIND`, so that it is the deployment that changes it (`stem migrate`).
   */
  readonly migrate?: boolean;
  /**
   * Hear of work by LISTEN/NOTIFY. Default true. False for transaction poolers such as PgBouncer: workers then find work by their poll, and nothing is used that belongs to a
   * session (prepared statements, session settings).
   */
  readonly listen?: boolean;
  /** Most connections of the pool that is made. Default 6. */
  readonly maxConnections?: number;
  /** How long a verb waits for a connection before it fails with `STEM_STORE_UNREACHABLE`. Default 10,000 ms. */
  readonly connectTimeoutMs?: number;
  /** How long a statement may take before its connection is given up. Default 15,000 ms. */
  readonly commandTimeoutMs?: number;
  /** Seen in `pg_stat_activity`. Default `"stem"`. */
  readonly applicationName?: string;
}

/**
 * Jobs, results, journals, events, schedules and locks in one schema of a Postgres database (13 or newer), shared by any number of processes. Needs the package pg, which is loaded
 * when the adapter is opened. Nothing is touched before that.
 *
 * @param at a URL (`postgres://user:password@host/database`), a `pg.Pool` of yours (used as it is, and not closed), `{ pool }`, or what `pg.Pool` takes
 * @throws {OptionError} `STEM_OPTION_INVALID`, `STEM_OPTION_UNKNOWN`
 */
export function postgres(
  at: string | PoolLike | { readonly pool: PoolLike } | Readonly<Record<string, unknown>>,
  options: PostgresOptions = {},
): Adapter {
  check(options);
  const { schema = "stem", listen = true } = options;
  return new PostgresAdapter(targetOf(at, options), {
    schema,
    listen,
    migrate: options.migrate ?? process.env["NODE_ENV"] !== "production",
  });
}

/** A `pg.Pool`, as far as it is needed. */
export interface PoolLike {
  connect(): Promise<unknown>;
  end(): Promise<void>;
}

/** A process that is stopped in the middle of a transaction holds its rows no longer than this. */
const IDLE_MS = 10_000;

/**
 * Plans for our statements, which all find their rows by an index: a plan made while a table happened to be small would go on scanning it when it has grown. Nothing here is
 * worth compiling.
 */
const SETTINGS =
  "-c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off -c enable_bitmapscan=off -c plan_cache_mode=force_generic_plan -c jit=off -c default_transaction_isolation=read\\ committed";

function targetOf(at: unknown, options: PostgresOptions): Target {
  const { connectTimeoutMs = 10_000, commandTimeoutMs = 15_000, maxConnections = 6, applicationName = "stem", listen = true } = options;
  const common = { connectTimeoutMs, commandTimeoutMs, session: listen };
  const pool = isPool(at)
    ? at
    : typeof at === "object" && at !== null && isPool((at as { pool?: unknown }).pool)
      ? (at as { pool: PgPool }).pool
      : undefined;
  if (pool !== undefined) return { ...common, pool, config: {}, where: whereOf(pool.options) };
  if (typeof at !== "string" && (typeof at !== "object" || at === null))
    throw new OptionError(
      "STEM_OPTION_INVALID",
      `postgres(${String(at)}) names no database.`,
      'Give a URL such as "postgres://user:password@host/database", or a pg.Pool.',
    );
  const given = typeof at === "string" ? { connectionString: parsed(at) } : (at as Readonly<Record<string, unknown>>);
  return {
    ...common,
    where: whereOf(given),
    config: {
      max: maxConnections,
      application_name: applicationName,
      keepAlive: true,
      idleTimeoutMillis: 60_000,
      connectionTimeoutMillis: connectTimeoutMs,
      query_timeout: commandTimeoutMs,
      // A transaction pooler refuses settings at the start of a session.
      ...(listen && {
        statement_timeout: commandTimeoutMs,
        // A host that vanishes in the middle of a transaction would hold its locks until the server's network gives up on it, hours later.
        idle_in_transaction_session_timeout: Math.min(commandTimeoutMs, IDLE_MS),
        options: SETTINGS,
      }),
      ...given,
    },
  };
}

function isPool(at: unknown): at is PgPool {
  return typeof at === "object" && at !== null && typeof (at as PgPool).connect === "function" && "totalCount" in at;
}

function parsed(url: string): string {
  if (/^postgres(ql)?:\/\//.test(url) && URL.canParse(url)) return url;
  throw new OptionError(
    "STEM_OPTION_INVALID",
    `postgres(${JSON.stringify(url.replace(/:[^:@/]*@/, ":…@"))}) is no URL of a Postgres database.`,
    'Give one such as "postgres://user:password@host:5432/database".',
  );
}

/** Host, port and database, without user and password. */
function whereOf(config: Readonly<Record<string, unknown>>): string {
  const text = (value: unknown): string | undefined =>
    typeof value === "string" && value !== "" ? value : typeof value === "number" ? String(value) : undefined;
  const url = text(config["connectionString"]);
  if (url !== undefined && URL.canParse(url)) {
    const { host, pathname, searchParams } = new URL(url);
    return `${host === "" ? (searchParams.get("host") ?? "localhost") : host}${pathname}`;
  }
  return `${text(config["host"]) ?? "localhost"}:${text(config["port"]) ?? "5432"}/${text(config["database"]) ?? ""}`;
}

type Check = readonly [rule: string, holds: (value: unknown) => boolean];

const FLAG: Check = ["is true or false", (value) => typeof value === "boolean"];
const TIME: Check = ["is a whole number of milliseconds, 1 or more", (value) => Number.isSafeInteger(value) && Number(value) >= 1];

const CHECKS: Readonly<Record<keyof PostgresOptions, Check>> = {
  schema: [
    "is a name of 1 to 63 bytes",
    (value) => typeof value === "string" && value !== "" && !value.includes("\0") && Buffer.byteLength(value) <= 63,
  ],
  migrate: FLAG,
  listen: FLAG,
  maxConnections: ["is a whole number of 2 or more", (value) => Number.isSafeInteger(value) && Number(value) >= 2],
  connectTimeoutMs: TIME,
  commandTimeoutMs: TIME,
  applicationName: ["is a text", (value) => typeof value === "string"],
};

function check(options: PostgresOptions): void {
  for (const [name, value] of Object.entries(options)) {
    if (!Object.hasOwn(CHECKS, name))
      throw new OptionError("STEM_OPTION_UNKNOWN", `postgres() has no option "${name}".`, `It has ${Object.keys(CHECKS).join(", ")}.`);
    const [rule, holds] = CHECKS[name as keyof PostgresOptions];
    if (value !== undefined && !holds(value))
      throw new OptionError(
        "STEM_OPTION_INVALID",
        `postgres({ ${name}: ${String(value)} }) is refused: ${name} ${rule}.`,
        "Correct the option.",
      );
  }
}
