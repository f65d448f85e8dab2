import { bareCause, StemError, StoreError } from "../../../contract/index.js";

/** Faults that waiting cannot mend, by how Redis begins its message, or by the messages in scripts. */
const RIGHTS =
  /^(WRONGPASS|NOAUTH|NOPERM|ERR invalid password|ERR Client sent AUTH|ERR AUTH)|ACL failure in script|The user executing the script can't/;

export function messageOf(error: unknown): string {
  const message = typeof error === "object" && error !== null ? (error as { readonly message?: unknown }).message : undefined;
  return typeof message === "string" && message !== "" ? message : String((error as { readonly code?: unknown } | null)?.code ?? error);
}

/** Whether waiting does not help: a wrong password, a missing right. */
export function isRefusal(error: unknown): boolean {
  return RIGHTS.test(messageOf(error));
}

export function isNoScript(error: unknown): boolean {
  return messageOf(error).startsWith("NOSCRIPT");
}

/**
 * Whether the connection is useless although it is open.
 * The server behind it has changed its role or is going away.
 */
export function isStale(error: unknown): boolean {
  return /^(READONLY|UNBLOCKED|MASTERDOWN)/.test(messageOf(error));
}

/**
 * Turns the failure of a call into an error of Stem; errors of Stem pass unchanged.
 *
 * @param where the server, without secrets
 * @param secrets texts that must not be printed
 */
export function failureOf(error: unknown, where: string, secrets: readonly string[] = []): Error {
  if (error instanceof StemError) return error;
  const bare = bareCause(error, secrets);
  const message = messageOf(bare);
  const cause = { cause: bare };
  if (isRefusal(bare))
    return new StoreError(
      "STEM_STORE_RIGHTS",
      `Redis at ${where} refused: ${message}`,
      "Check the password and the ACL of the user; docs/redis.md lists the commands it needs.",
      cause,
    );
  if (message.startsWith("READONLY"))
    return new StoreError(
      "STEM_STORE_READONLY",
      `Redis at ${where} is a read-only replica.`,
      "Connect to the master. After a failover this mends itself once the address leads to the new master.",
      cause,
    );
  if (message.startsWith("OOM"))
    return new StoreError(
      "STEM_STORE_FAILED",
      `Redis at ${where} is out of memory and stored nothing of this call.`,
      "Raise maxmemory, or keep results for less long.",
      cause,
    );
  if (/^(NOREPLICAS|MISCONF)/.test(message))
    return new StoreError(
      "STEM_STORE_FAILED",
      `Redis at ${where} takes no writes: ${message}`,
      "Mend what it names; nothing of this call was stored.",
      cause,
    );
  if (
    /^[A-Z]+ /.test(message) &&
    !/^(LOADING|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|MOVED|ASK|BUSY|UNBLOCKED|ECONN|EPIPE|ETIMEDOUT|EAI_AGAIN|ENOTFOUND)/.test(message)
  )
    return new StoreError("STEM_STORE_FAILED", `Redis at ${where} refused a call: ${message}`, "Look at the cause.", cause);
  return unreachable(where, message, bare);
}

export function unreachable(where: string, why: string, cause?: unknown): StoreError {
  return new StoreError(
    "STEM_STORE_UNREACHABLE",
    `Redis at ${where} cannot be reached: ${why.replace(/\.$/, "")}.`,
    "Check that it runs and that the address is right. Connecting goes on by itself.",
    ...(cause === undefined ? [] : [{ cause }]),
  );
}
