import { readdirSync, readFileSync } from "node:fs";
import { StoreError, type Migration, type StoreLog } from "../../../contract/index.js";
import { TYPES, type PgClient } from "./driver.js";

const FOLDER = new URL("../sql/", import.meta.url);

interface Step {
  readonly version: number;
  readonly name: string;
  readonly text: string;
}

const STEPS: readonly Step[] = readdirSync(FOLDER)
  .filter((file) => /^\d{3}-.*\.sql$/.test(file))
  .sort()
  .map((file, i) => ({ version: i + 1, name: file.slice(4, -4), text: readFileSync(new URL(file, FOLDER), "utf8") }));

/** The version of the schema this code knows: the number of files in sql/. */
export const SCHEMA_VERSION = STEPS.length;

/** Oldest server that is supported, as the server writes its version. */
const OLDEST = 130_000;

/** A schema by its name, and how its name is put into SQL. */
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
  /** Steps taken; undefined: the schema is not ours. */
  readonly version: number | undefined;
  readonly isEmpty: boolean;
}

/**
 * Looks at server and schema without changing anything.
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

/** One day: as good as no bound, which pg takes for its default. */
const PATIENT_MS = 86_400_000;

/** Takes the missing steps, whichever process comes first; the others wait and find nothing to do. */
export async function migrate(client: PgClient, schema: SchemaName): Promise<readonly Migration[]> {
  await client.query({ text: "BEGIN" });
  try {
    // A step over large tables, or the wait for the process that takes it, may be long.
    await client.query({ text: "SET LOCAL statement_timeout = 0" });
    const values = [`stem.migrate.${schema.name}`];
    await client.query({ text: "SELECT pg_advisory_xact_lock(hashtextextended($1, 2))", values, query_timeout: PATIENT_MS });
    const { exists, version = 0 } = await lookAt(client, schema);
    // Only where it is missing: a user who may not make schemas may be given one.
    if (!exists) await client.query({ text: `CREATE SCHEMA ${schema.quoted}` });
    for (const step of STEPS.slice(version)) await client.query({ text: textOf(schema, step), query_timeout: PATIENT_MS });
    await client.query({ text: "COMMIT" });
    return migrations(schema).slice(version);
  } catch (error) {
    await client.query({ text: "ROLLBACK" }).catch(() => undefined);
    throw error;
  }
}

/** Brings the schema up to date, or says why it is not to be used as it is. */
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
  const taken = await migrate(client, schema);
  if (taken.length > 0) log?.log(`The schema ${schema.name} at ${schema.where} is at version ${SCHEMA_VERSION} now (it was ${version}).`);
}
