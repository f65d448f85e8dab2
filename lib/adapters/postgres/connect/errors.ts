import { bareCause, StemError, StoreError } from "../../../contract/index.js";

/** SQLSTATE of the server, or the code of Node. */
export function codeOf(error: unknown): string {
  const code = typeof error === "object" && error !== null ? (error as { readonly code?: unknown }).code : undefined;
  return typeof code === "string" ? code : "";
}

/** The message of any thrown value; of several tries (one per address of a host) the first. */
export function messageOf(error: unknown): string {
  const { message, errors } = (typeof error === "object" && error !== null ? error : {}) as {
    readonly message?: unknown;
    readonly errors?: unknown;
  };
  if (message === "" && Array.isArray(errors) && errors.length > 0) return messageOf(errors[0]);
  return typeof message === "string" && message !== "" ? message : String(error);
}

/** No server answers, or this connection is lost: waiting and a new connection may mend it. */
export function isOutage(error: unknown): boolean {
  const code = codeOf(error);
  // Poolers report nearly everything with the code of a broken protocol; waiting does not change their
  // settings.
  if (isPooler(error)) return false;
  if (/^(ECONN|EAI_|ENOTFOUND|EHOST|ENET|EPIPE|ETIMEDOUT|ENOENT|08|57P0)/.test(code) || code === "53300") return true;
  return code === "" && LOST.test(messageOf(error));
}

/** Messages of pg, without a code, for a connection that was cut, not made in time, or silent. */
const LOST =
  /connection terminated|timeout exceeded when trying to connect|timeout expired|read timeout|not queryable|client was closed|socket hang up|server closed the connection/i;

/** Messages of poolers about what they will never do. */
const POOLER = /unsupported startup parameter|statement pooling mode/i;

function isPooler(error: unknown): boolean {
  return POOLER.test(messageOf(error));
}

/** Two transactions conflicted and one was undone: it is run again. */
export function isContention(error: unknown): boolean {
  const code = codeOf(error);
  return code === "40001" || code === "40P01";
}

/** A lock was not to be had within `lock_timeout`: nothing was done, and a later try may get it. */
export function isLocked(error: unknown): boolean {
  return codeOf(error) === "55P03";
}

/** A table, or the whole schema, is not there. */
export function isMissing(error: unknown): boolean {
  return ["3F000", "42P01"].includes(codeOf(error));
}

/** Turns any error of the driver or the server into an error of Stem; errors of Stem pass unchanged. */
export function toStoreError(error: unknown, where: string, secrets: readonly string[] = []): unknown {
  if (error instanceof StemError) return error;
  const code = codeOf(error);
  const bare = bareCause(error, secrets);
  const reason = `${code === "" ? "" : `${code}: `}${messageOf(bare).replace(/\s*\n\s*/g, " ")}`;
  const cause = { cause: bare };
  if (isPooler(error))
    return new StoreError(
      "STEM_STORE_OPEN",
      `The pooler in front of the Postgres server at ${where} refuses what belongs to a session (${reason}).`,
      /statement pooling/i.test(reason)
        ? "Use pool_mode = transaction or session: verbs are transactions."
        : "Use postgres(url, { listen: false }), which needs no session of its own, or connect past the pooler.",
      cause,
    );
  if (isOutage(error))
    return new StoreError(
      "STEM_STORE_UNREACHABLE",
      `The Postgres server at ${where} cannot be reached (${reason}).`,
      "It is tried again by itself. Check that the server runs and that host, port and network are right.",
      cause,
    );
  if (code === "25006")
    return new StoreError(
      "STEM_STORE_READONLY",
      `The Postgres server at ${where} is read-only (${reason}).`,
      "It is a standby, or default_transaction_read_only is on: connect to the primary.",
      cause,
    );
  if (code === "42501" || code.startsWith("28"))
    return new StoreError(
      "STEM_STORE_RIGHTS",
      `The Postgres server at ${where} refuses this user (${reason}).`,
      code.startsWith("28")
        ? "Check user, password and pg_hba.conf."
        : "Grant the right that is named, or let the owner of the schema run `stem migrate` (see docs/postgres.md, roles and rights).",
      cause,
    );
  if (code === "3D000")
    return new StoreError(
      "STEM_STORE_OPEN",
      `The database at ${where} does not exist (${reason}).`,
      "Create it, or correct the name in the URL.",
      cause,
    );
  if (isMissing(error))
    return new StoreError(
      "STEM_STORE_FAILED",
      `A table of Stem is missing at ${where} (${reason}).`,
      "Somebody dropped the schema while it was in use: restart this process, or run `stem migrate`.",
      cause,
    );
  if (code === "") return error;
  return new StoreError(
    "STEM_STORE_FAILED",
    `The Postgres server at ${where} refused a statement (${reason}).`,
    `${REMEDIES[code] ?? "Look at the cause."} Nothing of this call was stored.`,
    cause,
  );
}

const NO_SESSION = "A pooler gives each transaction another session: use postgres(url, { listen: false }), or connect past it.";

const REMEDIES: Readonly<Record<string, string>> = {
  "42P05": NO_SESSION,
  "26000": NO_SESSION,
  "53100": "The disk of the server is full: free some space and try again.",
  "53200": "The server is out of memory: lower its load or raise its memory.",
  "57014": "The statement took longer than statement_timeout: look for locks and a busy server, or raise commandTimeoutMs.",
  "55P03": "A lock was not to be had in time: look for a long transaction.",
  "22021": "The text holds a character that Postgres cannot store (U+0000).",
  "54000": "A name or id is too long for an index.",
};
