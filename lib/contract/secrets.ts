/** Fields of a driver's error beside its message that help to find the reason, and never hold a secret. */
const TELLING = [
  "code",
  "errno",
  "syscall",
  "hostname",
  "address",
  "port",
  "severity",
  "detail",
  "hint",
  "schema",
  "table",
  "column",
] as const;

/** Fields in which drivers put the errors beneath an error. */
const BENEATH = ["cause", "lastNodeError"] as const;

/** Deeper causes are left out; they may go in circles, too. */
const DEEPEST = 8;

/**
 * An error of a driver, safe to be kept as a cause and printed.
 * It has the kind, message, stack and the fields that show the reason. All else is left out, since drivers
 * attach the failed call to their errors, and that may be the one with the password. The same goes for the
 * errors beneath it.
 *
 * @param secrets texts to be hidden anywhere in a message
 */
export function bareCause(error: unknown, secrets: readonly string[] = [], depth = 0): unknown {
  if (typeof error !== "object" || error === null) return typeof error === "string" ? hidden(error, secrets) : error;
  const of = (key: string): unknown => (error as Readonly<Record<string, unknown>>)[key];
  const message = hidden(typeof of("message") === "string" ? String(of("message")) : "", secrets);
  const bare = new Error(message);
  for (const key of TELLING) {
    const value = of(key);
    if (typeof value === "number" || typeof value === "string")
      Object.defineProperty(bare, key, { value: typeof value === "string" ? hidden(value, secrets) : value, enumerable: true });
  }
  if (typeof of("name") === "string") Object.defineProperty(bare, "name", { value: of("name") });
  if (typeof of("stack") === "string") Object.defineProperty(bare, "stack", { value: hidden(String(of("stack")), secrets) });
  if (depth >= DEEPEST) return bare;
  for (const key of BENEATH)
    if (of(key) !== undefined)
      Object.defineProperty(bare, key, { value: bareCause(of(key), secrets, depth + 1), enumerable: key !== "cause" });
  const several = of("errors");
  if (Array.isArray(several))
    Object.defineProperty(bare, "errors", { value: several.slice(0, 10).map((one) => bareCause(one, secrets, depth + 1)) });
  return bare;
}

/**
 * An address that was refused, safe to be shown: without user, password and query, even if it is malformed.
 */
export function shownAddress(address: string): string {
  const scheme = /^[a-z][a-z0-9+.-]*:\/\//i.exec(address)?.[0] ?? "";
  const [at, query] = [address.lastIndexOf("@"), address.indexOf("?")];
  // A question mark before the last @ may stand in a password, and the @ in a password among the options.
  if (query >= 0 && query < at) return `${scheme}…`;
  const rest = at < 0 ? address.slice(scheme.length) : `…${address.slice(at)}`;
  return scheme + rest.replace(/\?[^]*$/, "?…");
}

/** Shorter ones would hide half of every text, and are not secrets. */
const SHORTEST = 3;

function hidden(text: string, secrets: readonly string[]): string {
  let shown = text;
  for (const secret of secrets) if (secret.length >= SHORTEST) shown = shown.replaceAll(secret, "…");
  return shown;
}
