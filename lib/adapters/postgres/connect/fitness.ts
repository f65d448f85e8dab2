import { OptionError, StoreError } from "../../../contract/index.js";
import { TYPES, type PgClient, type PgOwnClient, type PgPoolClient } from "./driver.js";
import type { SchemaName } from "./migrate.js";

/** The final options of a client of pg: from options, a URL, the environment and pg's defaults. */
interface Effective {
  readonly binary?: unknown;
  readonly native?: unknown;
  readonly connectionParameters?: { readonly client_encoding?: unknown; readonly replication?: unknown };
}

/** Refuses settings that change answers. @throws {OptionError} `STEM_OPTION_INVALID` */
export function refuseUnreadable(client: PgOwnClient | PgPoolClient, where: string): void {
  const { binary, native, connectionParameters } = client as unknown as Effective;
  const refuse = (what: string, remedy: string): never => {
    throw new OptionError("STEM_OPTION_INVALID", `pg is set up for ${where} with ${what}, in which we could not read its answers.`, remedy);
  };
  if (native !== undefined) refuse("pg-native", "Give a Pool of pg itself, and leave NODE_PG_FORCE_NATIVE unset.");
  if (binary !== undefined && binary !== false)
    refuse("binary answers", "Leave out pg's option binary (also in the URL, and pg.defaults.binary).");
  const { client_encoding: encoding, replication } = connectionParameters ?? {};
  if (typeof encoding === "string" && encoding !== "" && !/^'?utf-?8'?$|^unicode$/i.test(encoding))
    refuse(`client_encoding ${encoding}`, "Leave it out: pg reads and writes UTF-8 only.");
  if (replication !== undefined && replication !== null && replication !== "" && replication !== "false")
    refuse("a replication connection", "Leave out pg's option replication.");
}

/** The driver's data about the connection, which a pooler falsifies. */
type Known = PgPoolClient & { readonly processID?: number | null };

/** A pooler usually hands out the connection that came back last; otherwise a later try finds it out. */
const TRIES = 3;

/**
 * Refuses a pooler that may run two transactions of one connection in two sessions of the server.
 * Prepared statements, LISTEN and settings would then be lost, or another client's. A server reports the
 * process of its session; behind a pooler the driver knows another one.
 *
 * @throws {StoreError} `STEM_STORE_OPEN`
 */
export async function refusePooler(
  connection: { lend(): Promise<PgPoolClient>; readonly target: { readonly session: boolean } },
  client: Known,
  where: string,
): Promise<void> {
  refuseUnreadable(client, where);
  const { session } = connection.target;
  if (!session || typeof client.processID !== "number" || (await sessionOf(client)) === client.processID) return;
  const other = await connection.lend();
  let isGood = false;
  try {
    for (let n = 0; n < TRIES; n++) {
      const before = await sessionOf(client);
      await other.query({ text: "BEGIN" });
      const [theirs, after] = [await sessionOf(other), await sessionOf(client)];
      await other.query({ text: "ROLLBACK" });
      if (before !== after || theirs === before) throw poolerBetween(where);
    }
    isGood = true;
  } finally {
    other.release(!isGood);
  }
}

async function sessionOf(client: PgClient): Promise<number> {
  const { rows } = await client.query({ text: "SELECT pg_backend_pid()", rowMode: "array", types: TYPES });
  return (rows[0] as [number])[0];
}

function poolerBetween(where: string): StoreError {
  return new StoreError(
    "STEM_STORE_OPEN",
    `Between here and the Postgres server at ${where} is a pooler that gives each transaction another session.`,
    "Use postgres(url, { listen: false }), which needs no session of its own, or connect past the pooler.",
  );
}

/** Functions that statements use and that a careful DBA may have revoked from the public. */
const FUNCTIONS = [
  "pg_notify(text,text)",
  "pg_advisory_xact_lock(bigint)",
  "pg_try_advisory_xact_lock_shared(bigint)",
  "hashtextextended(text,bigint)",
  "set_config(text,text,boolean)",
] as const;

/**
 * Names every right that a statement needs and this user lacks, before the first job is stored.
 *
 * @throws {StoreError} `STEM_STORE_RIGHTS`
 */
export async function refuseRights(client: PgClient, schema: SchemaName): Promise<void> {
  const { rows } = await client.query({
    text: `SELECT r.name || ' on ' || c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace,
        unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) r(name)
      WHERE n.nspname = $1 AND (r.name = 'SELECT' OR c.relname <> 'migrations')
        AND CASE WHEN c.relkind IN ('r', 'p') THEN NOT has_table_privilege(c.oid, r.name) END
      UNION ALL
      SELECT 'USAGE on ' || c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE n.nspname = $1 AND CASE WHEN c.relkind = 'S' THEN NOT has_sequence_privilege(c.oid, 'USAGE') END
        AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'i')
      UNION ALL
      SELECT 'EXECUTE on ' || f.name FROM unnest($2::text[]) f(name) WHERE NOT has_function_privilege(f.name, 'EXECUTE')`,
    values: [schema.name, FUNCTIONS],
    rowMode: "array",
    types: TYPES,
  });
  if (rows.length === 0) return;
  const missing = (rows as [string][]).map(([right]) => right).sort();
  throw new StoreError(
    "STEM_STORE_RIGHTS",
    `The Postgres server at ${schema.where} gives this user too few rights in schema ${schema.name}: it lacks ${missing.join(", ")}.`,
    "Grant what is named (see docs/postgres.md, roles and rights).",
  );
}
