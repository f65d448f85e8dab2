import type { Finding } from "../../../contract/index.js";
import type { SchemaName } from "./migrate.js";
import type { Sql } from "./sql.js";

/** Looks for settings of the server that put promises at risk. */
export async function diagnose(sql: Sql, schema: SchemaName): Promise<readonly Finding[]> {
  const [row] = await sql.rows(
    `SELECT current_setting('fsync'), current_setting('synchronous_commit'), current_setting('full_page_writes'), current_setting('autovacuum'),
       pg_is_in_recovery(), has_database_privilege(current_database(), 'CREATE'), has_schema_privilege($1::text, 'CREATE'), current_setting('server_encoding'),
       current_setting('track_counts')`,
    [schema.name],
  );
  const [fsync, commit, pages, autovacuum, isStandby, mayCreate, mayAdd, encoding, counts] = row as [
    string,
    string,
    string,
    string,
    boolean,
    boolean,
    boolean,
    string,
    string,
  ];
  const findings: Finding[] = [];
  const find = (code: string, message: string, hint: string): void =>
    void findings.push({ code, message: `${schema.where}: ${message}`, hint });
  if (fsync === "off" || pages === "off")
    find("STEM_POSTGRES_FSYNC", "fsync or full_page_writes is off.", "A crash of the host may destroy the database: set both to on.");
  if (commit === "off")
    find(
      "STEM_POSTGRES_COMMIT",
      "synchronous_commit is off.",
      "A crash of the server may lose the last moments of what was acknowledged: set it to on for this user or database.",
    );
  if (isStandby) find("STEM_STORE_READONLY", "the server is a standby.", "Nothing can be written there: connect to the primary.");
  if (autovacuum === "off" || counts === "off")
    find(
      "STEM_POSTGRES_VACUUM",
      "autovacuum is off.",
      "Tables and indexes grow without bound and claims become slow: turn autovacuum and track_counts on.",
    );
  if (encoding !== "UTF8")
    find(
      "STEM_POSTGRES_ENCODING",
      `the database's encoding is ${encoding}.`,
      "Texts outside of it are refused: use a database with encoding UTF8.",
    );
  if (!mayCreate && !mayAdd)
    find(
      "STEM_POSTGRES_CREATE",
      "this user may not create tables, so a newer version cannot bring the schema up to date by itself.",
      "Run `stem migrate` as the schema's owner in the deployment.",
    );
  return findings;
}
