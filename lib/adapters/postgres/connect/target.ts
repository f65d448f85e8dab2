import { isTime, OptionError, shownAddress, TIME_RULE, LONGEST_MS } from "../../../contract/index.js";
import type { Target } from "./connection.js";
import type { PgPool } from "./driver.js";

/** Options of `postgres(url, options)`. */
export interface PostgresOptions {
  /** The schema of the tables. Default `"stem"`. */
  readonly schema?: string;
  /**
   * Bring the schema up to date when opening.
   * Default: yes, except with `NODE_ENV=production`, where a schema that is behind is refused with
   * `STEM_SCHEMA_BEHIND`, so that it is the deployment that changes it (`stem migrate`).
   */
  readonly migrate?: boolean;
  /**
   * Learn of work by LISTEN/NOTIFY. Default true. False for transaction poolers such as PgBouncer.
   * Workers then find work by their poll, and nothing is used that belongs to a session (prepared statements,
   * session settings).
   */
  readonly listen?: boolean;
  /** Most connections of the pool that is made. Default 6. */
  readonly maxConnections?: number;
  /**
   * How long a verb waits for a connection before it fails with `STEM_STORE_UNREACHABLE`.
   * Default 10,000 ms.
   */
  readonly connectTimeoutMs?: number;
  /** How long a statement may take before its connection is given up. Default 15,000 ms. */
  readonly commandTimeoutMs?: number;
  /** Seen in `pg_stat_activity`. Default `"stem"`. */
  readonly applicationName?: string;
}

type Fields = Readonly<Record<string, unknown>>;

/** A process that is stopped in the middle of a transaction holds its rows no longer than this. */
const IDLE_MS = 10_000;

/**
 * Settings for plans: all statements find their rows by an index, and none is worth compiling.
 * A plan made while a table happened to be small would go on scanning it when it has grown.
 */
const SETTINGS =
  "-c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off -c enable_bitmapscan=off -c plan_cache_mode=force_generic_plan -c jit=off -c default_transaction_isolation=read\\ committed";

/** The target of the connection, with its options. */
export function targetOf(at: unknown, options: PostgresOptions): Target {
  const { connectTimeoutMs = 10_000, commandTimeoutMs = 15_000, maxConnections = 6, applicationName = "stem", listen = true } = options;
  const common = { connectTimeoutMs, commandTimeoutMs, session: listen };
  const pool = isPool(at)
    ? at
    : typeof at === "object" && at !== null && isPool((at as { pool?: unknown }).pool)
      ? (at as { pool: PgPool }).pool
      : undefined;
  if (pool !== undefined) return { ...common, pool, config: {}, where: whereOf(pool.options), secrets: secretsOf(pool.options) };
  if (typeof at !== "string" && (typeof at !== "object" || at === null))
    throw new OptionError(
      "STEM_OPTION_INVALID",
      `postgres(${String(at)}) names no database.`,
      'Give a URL such as "postgres://user:password@host/database", or a pg.Pool.',
    );
  const given = typeof at === "string" ? { connectionString: at } : (at as Fields);
  if (typeof at === "string") demandUrl(at);
  // The URL goes before all other options, so its settings are taken out and added to Stem's.
  const [connectionString, inUrl] = withoutSettings(given["connectionString"]);
  const settings = [...(listen ? [SETTINGS] : []), given["options"], inUrl].filter((one) => typeof one === "string" && one !== "");
  return {
    ...common,
    where: whereOf(given),
    secrets: secretsOf(given),
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
        // A host that vanishes in the middle of a transaction would hold its locks until the server's network
        // gives up on it, hours later.
        idle_in_transaction_session_timeout: Math.min(commandTimeoutMs, IDLE_MS),
      }),
      ...given,
      ...(connectionString !== undefined && { connectionString }),
      ...(settings.length > 0 && { options: settings.join(" ") }),
    },
  };
}

function isPool(at: unknown): at is PgPool {
  return typeof at === "object" && at !== null && typeof (at as PgPool).connect === "function" && "totalCount" in at;
}

/**
 * The URL as pg reads it: with a host, or with one among the options, or with none at all.
 *
 * @see pg-connection-string
 */
function urlOf(text: string): URL | undefined {
  if (!/^postgres(ql)?:\/\//.test(text)) return undefined;
  const encoded = / |%[^a-f0-9]|%[a-f0-9][^a-f0-9]/i.test(text) ? encodeURI(text).replace(/%25(\d\d)/g, "%$1") : text;
  for (const one of [encoded, encoded.replace("@/", `@${NO_HOST}/`)]) if (URL.canParse(one)) return new URL(one);
  return undefined;
}

const NO_HOST = "___none___";

function demandUrl(text: string): void {
  if (urlOf(text) !== undefined) return;
  throw new OptionError(
    "STEM_OPTION_INVALID",
    `postgres(${JSON.stringify(shownAddress(text))}) is not a URL of a Postgres database.`,
    'Give one such as "postgres://user:password@host:5432/database".',
  );
}

/** A URL without its `options`, and those. */
function withoutSettings(address: unknown): readonly [address: unknown, settings: string | undefined] {
  const url = typeof address === "string" ? urlOf(address) : undefined;
  const settings = url?.searchParams.get("options") ?? undefined;
  if (url === undefined || settings === undefined) return [undefined, undefined];
  return [String(address).replace(/([?&])options=[^&#]*&?/, "$1"), settings];
}

/** Host, port and database, without user and password. */
function whereOf(config: Fields): string {
  const text = (value: unknown): string | undefined =>
    typeof value === "string" && value !== "" ? value : typeof value === "number" ? String(value) : undefined;
  const address = text(config["connectionString"]);
  const url = address === undefined ? undefined : urlOf(address);
  if (url === undefined)
    return `${text(config["host"]) ?? "localhost"}:${text(config["port"]) ?? "5432"}/${text(config["database"]) ?? ""}`;
  const host = url.searchParams.get("host") ?? (url.hostname === NO_HOST || url.hostname === "" ? "localhost" : url.hostname);
  const port = url.searchParams.get("port") ?? url.port;
  return `${host}${port === "" ? "" : `:${port}`}${url.pathname}`;
}

/** Passwords in the arguments, as they are written and as they are sent. */
function secretsOf(config: Fields): readonly string[] {
  const found: unknown[] = [config["password"]];
  const url = typeof config["connectionString"] === "string" ? urlOf(config["connectionString"]) : undefined;
  if (url !== undefined) {
    found.push(url.password, url.searchParams.get("password"));
    try {
      found.push(decodeURIComponent(url.password));
    } catch {
      // Even pg could not send it.
    }
  }
  return found.filter((one): one is string => typeof one === "string" && one !== "");
}

type Check = readonly [rule: string, holds: (value: unknown) => boolean];

const FLAG: Check = ["is true or false", (value) => typeof value === "boolean"];
const TIME: Check = [TIME_RULE, (value) => isTime(value, 1)];

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

/** @throws {OptionError} `STEM_OPTION_INVALID`, `STEM_OPTION_UNKNOWN` */
export function check(at: unknown, options: PostgresOptions): void {
  if (typeof at === "object" && at !== null && !isPool(at)) checkConfig(at as Fields);
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

/**
 * Refuses wrong options in the first argument.
 * Stem's would be ignored silently, and some of pg's would change what is read.
 */
function checkConfig(config: Fields): void {
  for (const name of Object.keys(CHECKS))
    if (config[name] !== undefined)
      throw new OptionError(
        "STEM_OPTION_INVALID",
        `postgres() was given ${name} in its first argument, which is for the database's address and options of pg.Pool.`,
        `Give it in the second: postgres(address, { ${name}: … }).`,
      );
  for (const [name, value] of Object.entries(config))
    if (typeof value === "number" && value > LONGEST_MS)
      throw new OptionError(
        "STEM_OPTION_INVALID",
        `postgres({ ${name}: ${value} }) is refused: no timer waits that long, and it would end at once.`,
        `Give ${LONGEST_MS.toLocaleString("en")} at most.`,
      );
}
