import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { StoreError, type Migration, type StoreLog } from "../../../contract/index.js";
import { TYPES, type PgClient } from "./driver.js";
import { isContention, isLocked } from "./errors.js";

const FOLDER = new URL("../migrations/", import.meta.url);

interface Step {
  readonly version: number;
  readonly name: string;
  readonly text: string;
}

const STEPS: readonly Step[] = readdirSync(FOLDER)
  .filter((file) => /^\d{3}-.*\.sql$/.test(file))
  .sort()
  .map((file, i) => ({ version: i + 1, name: file.slice(4, -4), text: readFileSync(new URL(file, FOLDER), "utf8") }));

/** The version of the schema this code knows: the number of files in migrations/. */
export const SCHEMA_VERSION = STEPS.length;

/** Oldest server that is supported, in the server's notation. */
const OLDEST = 130_000;

/** A schema by its name, and its name in SQL. */
export interface SchemaName {
  readonly name: string;
  /** Puts the name into a text that says `stem.`. */
  readonly named: (text: string) => string;
  /** As SQL writes it. */
  readonly quoted: string;
  readonly where: string;
}

/** Steps from nothing to the newest version, as a person may run them by hand. */
export function migrations(schema: SchemaName): readonly Migration[] {
  return STEPS.map((step) => ({
    version: step.version,
    name: step.name,
    sql: `${step.version === 1 ? `CREATE SCHEMA IF NOT EXISTS ${schema.quoted};\n\n` : ""}${textOf(schema, step)}`,
  }));
}

function textOf(schema: SchemaName, { version, name, text }: Step): string {
  return schema.named(`${text}\nINSERT INTO stem.migrations (version, name) VALUES (${version}, '${name}');\n`);
}

interface Look {
  readonly server: number;
  readonly isStandby: boolean;
  readonly exists: boolean;
  /** Steps taken; undefined: the schema is not Stem's. */
  readonly version: number | undefined;
  readonly isEmpty: boolean;
}

/**
 * Reads server and schema without changing anything.
 * @throws {StoreError} if this store can never be used by this code
 */
export async function lookAt(client: PgClient, schema: SchemaName): Promise<Look> {
  const { rows } = await client.query({
    text: `SELECT current_setting('server_version_num'), pg_is_in_recovery()::text, (n.oid IS NOT NULL)::text, (to_regclass($2) IS NOT NULL)::text,
        (SELECT count(*) FROM pg_class c WHERE c.relnamespace = n.oid)::text
      FROM (SELECT 1) one LEFT JOIN pg_namespace n ON n.nspname = $1`,
    values: [schema.name, `${schema.quoted}.migrations`],
    rowMode: "array",
    types: TYPES,
  });
  const [server, standby, exists, ours, objects] = rows[0] as [string, string, string, string, string];
  if (Number(server) < OLDEST)
    throw new StoreError(
      "STEM_STORE_VERSION",
      `The Postgres server at ${schema.where} has version ${Math.floor(Number(server) / 10_000)}; 13 is the oldest that is supported.`,
      "Use a newer server.",
    );
  let version: number | undefined;
  if (ours === "true") {
    const steps = await client.query({
      text: schema.named("SELECT coalesce(max(version), 0)::text FROM stem.migrations"),
      rowMode: "array",
      types: TYPES,
    });
    version = Number((steps.rows[0] as [string])[0]);
  }
  if (exists === "true" && ours === "false" && Number(objects) > 0)
    throw new StoreError(
      "STEM_STORE_OPEN",
      `The schema ${schema.name} at ${schema.where} holds something else than Stem's tables.`,
      'Give Stem a schema of its own: postgres(url, { schema: "…" }).',
    );
  if (version !== undefined && version > SCHEMA_VERSION)
    throw new StoreError(
      "STEM_SCHEMA_NEWER",
      `The schema ${schema.name} at ${schema.where} has version ${version}; this version of nestjs-stem knows ${SCHEMA_VERSION}.`,
      "Update nestjs-stem in this process, or use another schema.",
    );
  return { server: Number(server), isStandby: standby === "true", exists: exists === "true", version, isEmpty: Number(objects) === 0 };
}

/** One day: practically no bound, which is pg's default. */
const UNBOUNDED_MS = 86_400_000;

/**
 * How long one try waits for the lock of a table.
 * While it waits, other statements on that table wait behind it, so most tries are short; each fifth outlasts
 * the server's `deadlock_timeout`, after which an autovacuum gives way.
 */
const LOCK_MS = [100, 100, 200, 400] as const;
const LONGEST_LOCK_MS = 5_000;

/** Between two tries: others work off what has queued up. */
const BETWEEN_MS = 500;

/** For how long `migrate` tries before it says what is in the way. */
const LOCKED_MS = 60_000;

/** The same at boot, where the connection tries again for as long as it takes. */
const LOCKED_AT_BOOT_MS = 4_000;

/**
 * Takes the missing steps, in the first process; the others wait and find nothing to do.
 *
 * @throws {StoreError} `STEM_STORE_FAILED`: another transaction has kept a table locked all the time
 */
export async function migrate(client: PgClient, schema: SchemaName, patienceMs = LOCKED_MS): Promise<readonly Migration[]> {
  const since = performance.now();
  for (let n = 0; ; n++) {
    try {
      return await takeSteps(client, schema, LOCK_MS[n % (LOCK_MS.length + 1)]);
    } catch (error) {
      if (!isLocked(error) && !isContention(error)) throw error;
      const ms = performance.now() - since;
      if (n >= LOCK_MS.length && ms > patienceMs) throw await heldUp(client, schema, ms, error);
      await pause(BETWEEN_MS * (0.5 + Math.random()));
    }
  }
}

/** @param lockMs left out: a little longer than the server takes to look for what is in the way */
async function takeSteps(client: PgClient, schema: SchemaName, lockMs: number | undefined): Promise<readonly Migration[]> {
  // What another process has committed while this one waited for it is to be seen.
  await client.query({ text: "BEGIN ISOLATION LEVEL READ COMMITTED" });
  try {
    // A step over large tables, or the wait for the process that takes it, may be long.
    await client.query({ text: "SET LOCAL statement_timeout = 0" });
    await client.query({ text: "SET LOCAL lock_timeout = 0" });
    const values = [`stem.migrate.${schema.name}`];
    await client.query({ text: "SELECT pg_advisory_xact_lock(hashtextextended($1, 2))", values, query_timeout: UNBOUNDED_MS });
    await client.query({
      text: `SELECT set_config('lock_timeout', least(coalesce($1::int, $2 + (SELECT setting::int FROM pg_settings WHERE name = 'deadlock_timeout')), $3)::text, true)`,
      values: [lockMs ?? null, BETWEEN_MS, LONGEST_LOCK_MS],
    });
    const { exists, version = 0 } = await lookAt(client, schema);
    // Only if it is missing: a user who may not make schemas may be given one.
    if (!exists) await client.query({ text: `CREATE SCHEMA ${schema.quoted}` });
    for (const step of STEPS.slice(version)) await client.query({ text: textOf(schema, step), query_timeout: UNBOUNDED_MS });
    await client.query({ text: "COMMIT" });
    return migrations(schema).slice(version);
  } catch (error) {
    await client.query({ text: "ROLLBACK" }).catch(() => undefined);
    throw error;
  }
}

/** Names the transactions that have been on the schema's tables for longest. */
async function heldUp(client: PgClient, schema: SchemaName, ms: number, cause: unknown): Promise<StoreError> {
  const { rows } = await client.query({
    text: `SELECT DISTINCT a.pid, coalesce(a.state, a.backend_type), extract(epoch FROM now() - a.xact_start)::int
      FROM pg_locks l JOIN pg_class c ON c.oid = l.relation JOIN pg_stat_activity a ON a.pid = l.pid
      WHERE l.granted AND c.relnamespace = $1::regnamespace AND a.pid <> pg_backend_pid() AND a.xact_start < now() - interval '1 s' ORDER BY 3 DESC LIMIT 3`,
    values: [schema.quoted],
    rowMode: "array",
    types: TYPES,
  });
  const who = (rows as [number, string, number][]).map(([pid, state, seconds]) => `process ${pid} (${state}) for ${seconds} s`);
  return new StoreError(
    "STEM_STORE_FAILED",
    `The schema ${schema.name} at ${schema.where} cannot be brought to version ${SCHEMA_VERSION}: for ${Math.round(ms / 1_000)} s ` +
      `a table could not be locked for the instant that this takes${who.length > 0 ? `; in transactions on it: ${who.join(", ")}` : ""}.`,
    "Wait for that transaction (a dump, a report, a forgotten BEGIN) or end it with pg_terminate_backend, and try again. Nothing was changed.",
    { cause },
  );
}

/** Brings the schema up to date, or says why it cannot be used as it is. */
export async function prepareSchema(client: PgClient, schema: SchemaName, may: boolean, log: StoreLog | undefined): Promise<void> {
  const { version = 0, isStandby } = await lookAt(client, schema);
  if (isStandby)
    throw new StoreError(
      "STEM_STORE_READONLY",
      `The Postgres server at ${schema.where} is a standby: nothing can be written there.`,
      "Connect to the primary.",
    );
  if (version === SCHEMA_VERSION) return;
  if (!may)
    throw new StoreError(
      "STEM_SCHEMA_BEHIND",
      `The schema ${schema.name} at ${schema.where} has version ${version}; this version of nestjs-stem needs ${SCHEMA_VERSION}.`,
      "Run `stem migrate` in the deployment, or give the output of `stem sql` to your DBA, or pass { migrate: true } to do it at boot.",
    );
  const taken = await migrate(client, schema, LOCKED_AT_BOOT_MS);
  if (taken.length > 0) log?.log(`The schema ${schema.name} at ${schema.where} is at version ${SCHEMA_VERSION} now (it was ${version}).`);
}
