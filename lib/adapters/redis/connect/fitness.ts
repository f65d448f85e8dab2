import { StoreError, type Finding } from "../../../contract/index.js";
import type { Store } from "../store.js";
import type { Connection } from "./connection.js";
import { isRefusal } from "./errors.js";

/** What no waiting can mend: too old a server, a right that is missing. A server that is not there is no reason to refuse. */
export async function refuseUnfit(store: Store): Promise<void> {
  const { connection } = store;
  try {
    refuseOld(await versionOf(connection), connection.where);
    await store.run("queues", store.home, ["\n"]);
  } catch (error) {
    const code = (error as { readonly code?: unknown }).code;
    if (code === "STEM_STORE_UNREACHABLE" || code === "STEM_STORE_READONLY") return;
    throw error;
  }
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

/** Settings that put promises at risk. Managed servers often forbid CONFIG; then there is nothing to say. */
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
