import { StoreError, type Finding } from "../../../contract/index.js";
import type { Connection } from "./connection.js";
import { isRefusal } from "./errors.js";

/** The object of the checks: a server, and Stem's keys there. */
export interface Keyspace {
  readonly connection: Connection;
  readonly namespace: string;
  readonly home: string;
  readonly spread: boolean;
  /** A shard of each kind. */
  readonly shards: readonly string[];
  /** Tries in a shard everything that scripts do. @returns what was refused, and why, in turn */
  probe(shard: string): Promise<readonly string[]>;
}

/**
 * Refuses faults that waiting cannot mend: too old a server, a missing right, keys of another program.
 *
 * @throws {StoreError} `STEM_STORE_VERSION`, `STEM_STORE_RIGHTS`, `STEM_STORE_OPEN`; and what keeps the
 * server from answering
 */
export async function refuseUnfit(keys: Keyspace): Promise<void> {
  const { connection, home } = keys;
  refuseOld(await versionOf(connection), connection.where);
  await refuseRights(keys);
  await connection.ask((client) => client.ping());
  // A server that has seen a script runs it by its digest; to others the text has to be sent.
  await connection.ask((client) => client.eval("return 1", 1, home));
  await connection.tryListening(`${home}:hint:probe`);
}

/** @throws {StoreError} `STEM_STORE_RIGHTS`, `STEM_STORE_OPEN` */
async function refuseRights(keys: Keyspace): Promise<void> {
  for (const shard of keys.shards) {
    const found = await keys.probe(shard);
    const at = `Redis at ${keys.connection.where}`;
    const refused = found.filter((_, i) => i % 2 === 0);
    if (refused.includes(""))
      throw new StoreError(
        "STEM_STORE_OPEN",
        `${at} holds something else under Stem's keys: ${found[refused.indexOf("") * 2 + 1]}.`,
        'Give Stem a namespace of its own: redis(server, { namespace: "…" }).',
      );
    if (refused.length > 0)
      throw new StoreError(
        "STEM_STORE_RIGHTS",
        `${at} does not let this user run ${[...new Set(refused)].join(", ")} on keys and channels that begin with ${shard} (${found[1]}).`,
        `Grant what is named: ${grantFor(keys)}`,
      );
  }
}

/** The rule of an ACL that docs/redis.md gives. */
function grantFor({ namespace, spread }: Keyspace): string {
  const keys = spread ? `~{${namespace}}* ~{${namespace}:* ~{${namespace}#*` : `~{${namespace}}*`;
  return `ACL SETUSER … ${keys} &{${namespace}}:* +@read +@write +@pubsub +@connection +eval +evalsha +time`;
}

/** @throws {StoreError} `STEM_STORE_VERSION` */
export function refuseOld(version: string | undefined, where: string): void {
  const [major = 0, minor = 0] = (version ?? "6.2").split(".").map(Number);
  if (major < 6 || (major === 6 && minor < 2))
    throw new StoreError(
      "STEM_STORE_VERSION",
      `Redis at ${where} is version ${version}; the adapter needs 6.2 or newer.`,
      "Update the server.",
    );
}

/** Undefined where INFO is not permitted. */
export async function versionOf(connection: Connection): Promise<string | undefined> {
  const info = await unlessForbidden(connection.ask((client) => client.info("server")));
  return info === undefined ? undefined : /^redis_version:(\S+)/m.exec(info)?.[1];
}

/** Settings that put promises at risk. Managed servers often forbid CONFIG; then the list is empty. */
export async function diagnose(connection: Connection): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  const policy = await setting(connection, "maxmemory-policy");
  const memory = await setting(connection, "maxmemory");
  if (policy !== undefined && policy !== "noeviction")
    findings.push({
      code: "STEM_STORE_EVICTED",
      message: `Redis at ${connection.where} may evict jobs: its maxmemory-policy is ${policy}${memory === "0" ? " (without effect until maxmemory is set)" : ""}.`,
      hint: "Set maxmemory-policy to noeviction; caches belong on a server of their own.",
    });
  if ((await setting(connection, "appendonly")) === "no")
    findings.push({
      code: "STEM_STORE_FAILED",
      message: `Redis at ${connection.where} keeps no append-only file: a crash loses all jobs since its last snapshot.`,
      hint: 'Set appendonly to yes, and appendfsync to "everysec" (loses a second at most) or "always".',
    });
  return findings;
}

async function setting(connection: Connection, name: string): Promise<string | undefined> {
  const found = await unlessForbidden(connection.ask((client) => client.config("GET", name)));
  return Array.isArray(found) ? String(found[1]) : undefined;
}

async function unlessForbidden<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    const cause = (error as { readonly cause?: unknown }).cause ?? error;
    if (isRefusal(cause) || /unknown command|not allowed|forbidden/i.test(String((cause as Error).message))) return undefined;
    throw error;
  }
}
