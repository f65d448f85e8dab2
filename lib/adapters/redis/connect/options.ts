import { isTime, LONGEST_MS, OptionError, shownAddress, TIME_RULE } from "../../../contract/index.js";
import type { RedisClient } from "./driver.js";

/** Options of `redis(server, options)`. */
export interface RedisOptions {
  /** Begins every key and channel, so that several applications can share a server. Default `"stem"`. */
  readonly namespace?: string;
  /** How long `open` and every verb wait for a connection at most. Default 10,000 ms. */
  readonly connectTimeoutMs?: number;
  /** How long a verb waits for its answer at most. Default 15,000 ms. */
  readonly commandTimeoutMs?: number;
}

/** Options of the second argument of `redis()`, and options that would change keys or writes. */
type NotHere = { readonly [name in keyof RedisOptions | "keyPrefix"]?: never };

/**
 * A server's address as fields: options of ioredis.
 * Options that would change keys, answers or repeats of calls are refused or ignored (docs/redis.md).
 */
export type RedisServer = { readonly cluster?: undefined } & NotHere & Readonly<Record<string, unknown>>;

/**
 * A Redis Cluster: some of its nodes, and options of ioredis.
 * They are for each connection (`username`, `password`, `tls`, …) and for the whole.
 */
export interface RedisCluster extends NotHere {
  readonly cluster: readonly (string | { readonly host: string; readonly port: number })[];
  readonly redisOptions?: NotHere & Readonly<Record<string, unknown>>;
  readonly clusterOptions?: NotHere & Readonly<Record<string, unknown>>;
}

export type Server = string | RedisServer | RedisCluster | RedisClient;

const CHECKS: Readonly<Record<keyof RedisOptions, readonly [rule: string, holds: (value: unknown) => boolean]>> = {
  namespace: ["is 1 to 64 characters without { and }", (value) => typeof value === "string" && /^[^{}]{1,64}$/.test(value)],
  connectTimeoutMs: [TIME_RULE, (value) => isTime(value, 1)],
  commandTimeoutMs: [TIME_RULE, (value) => isTime(value, 1)],
};

/** @throws {OptionError} `STEM_OPTION_INVALID`, `STEM_OPTION_UNKNOWN` */
export function check(server: unknown, options: RedisOptions): void {
  if (typeof server === "string") checkUrl(server);
  else if (typeof server !== "object" || server === null || Array.isArray(server))
    refuse(
      `redis(${String(server)}) names no server.`,
      'Give a URL such as "redis://localhost:6379", options of ioredis, or a client of ioredis.',
    );
  else if (!isClient(server) && "cluster" in server && !(Array.isArray(server.cluster) && server.cluster.length > 0))
    refuse("redis({ cluster }) names no node.", 'Give some of its nodes, such as { cluster: ["redis://a:6379", "redis://b:6379"] }.');
  else if (isClient(server) && typeof (server as RedisClient).duplicate !== "function")
    refuse("redis() was given a client that is not of ioredis.", "Give a client of ioredis 5 or 6, or a URL.");
  refuseOptions(server as Server);
  for (const [name, value] of Object.entries(options)) {
    if (!Object.hasOwn(CHECKS, name))
      throw new OptionError("STEM_OPTION_UNKNOWN", `redis() has no option "${name}".`, `It has ${Object.keys(CHECKS).join(", ")}.`);
    const [rule, holds] = CHECKS[name as keyof RedisOptions];
    if (value !== undefined && !holds(value))
      refuse(`redis({ ${name}: ${String(value)} }) is refused: ${name} ${rule}.`, "Correct the option.");
  }
  if (isSpread(server as Server) && /[:#]/.test(options.namespace ?? ""))
    refuse(
      `redis({ namespace: ${JSON.stringify(options.namespace)} }) is refused on a cluster: its keys could be those of a queue of another namespace.`,
      'Use another sign than ":" and "#".',
    );
}

/** Whether it is a cluster. */
export function isSpread(server: Server): boolean {
  return typeof server === "object" && (isClient(server) ? server.isCluster === true : server.cluster !== undefined);
}

/** A client, of ioredis or of another library, as opposed to plain options. */
export function isClient(server: object): server is RedisClient {
  return (
    typeof (server as { readonly on?: unknown }).on === "function" ||
    typeof (server as { readonly evalsha?: unknown }).evalsha === "function"
  );
}

type Fields = Readonly<Record<string, unknown>>;

/** All places in which ioredis looks for options. */
function optionsIn(server: Server): readonly Fields[] {
  if (typeof server === "string") return [Object.fromEntries(new URL(server).searchParams)];
  const given = (isClient(server) ? (server.options ?? {}) : server) as Fields;
  return [given, given["redisOptions"], given["clusterOptions"]].filter((one) => typeof one === "object" && one !== null) as Fields[];
}

/**
 * @throws {OptionError} `STEM_OPTION_INVALID`: an option of the driver that would change keys or writes, or
 * one of Stem's in the wrong place
 */
function refuseOptions(server: Server): void {
  for (const fields of optionsIn(server)) {
    if (fields["keyPrefix"] !== undefined && fields["keyPrefix"] !== null && fields["keyPrefix"] !== "")
      refuse(
        `redis() was given ioredis' keyPrefix ${JSON.stringify(fields["keyPrefix"])}, which changes some of the keys that scripts use and no channel.`,
        'Leave it out and use the option of Stem: redis(server, { namespace: "…" }).',
      );
    if (fields["readOnly"] === true || fields["readOnly"] === "true")
      refuse("redis() was given ioredis' readOnly, which is for replicas.", "Leave it out: every verb writes.");
    // The application's client may have its own options as well.
    if (typeof server === "object" && isClient(server)) continue;
    for (const [name, value] of Object.entries(fields))
      if (
        (typeof value === "number" || (typeof value === "string" && /^\d+$/.test(value) && typeof server === "string")) &&
        Number(value) > LONGEST_MS
      )
        refuse(
          `redis() was given ${name}: ${value}. No timer waits that long: it would end at once.`,
          `Give ${LONGEST_MS.toLocaleString("en")} at most.`,
        );
    for (const name of Object.keys(CHECKS))
      if (fields[name] !== undefined)
        refuse(
          `redis() was given ${name} in its first argument, which is for the server's address and options of ioredis.`,
          `Give it in the second: redis(server, { ${name}: … }).`,
        );
  }
  if (typeof server !== "object" || isClient(server) || !Array.isArray(server.cluster)) return;
  for (const node of server.cluster as readonly unknown[]) if (typeof node === "string") checkNode(node);
}

/** ioredis reads only host and port of a node. */
function checkNode(node: string): void {
  const text = node.includes("://") ? node : `redis://${node}`;
  if (!URL.canParse(text) || new URL(text).hostname === "")
    refuse(`"${shownAddress(node)}" is not the address of a Redis node.`, 'Give one such as "redis://a:6379", or { host, port }.');
  const { protocol, username, password, pathname, search } = new URL(text);
  if (protocol !== "redis:" || username !== "" || password !== "" || !/^\/?0?$/.test(pathname) || search !== "")
    refuse(
      `Of the cluster's node "${shownAddress(node)}" only host and port are used.`,
      "Give the rest once, for all nodes: redis({ cluster, redisOptions: { username, password, tls: {} } }).",
    );
}

function checkUrl(text: string): void {
  const ok = URL.canParse(text) && /^(rediss?):$/.test(new URL(text).protocol) && new URL(text).hostname !== "";
  if (!ok)
    refuse(
      `"${shownAddress(text)}" is not the URL of a Redis server.`,
      'Give one such as "redis://localhost:6379" or "rediss://user:password@host:6380/0".',
    );
}

function refuse(what: string, hint: string): never {
  throw new OptionError("STEM_OPTION_INVALID", what, hint);
}

/** A node as ioredis takes it. */
export function nodeOf(node: string | { readonly host: string; readonly port: number }): unknown {
  if (typeof node !== "string") return node;
  const url = new URL(node.includes("://") ? node : `redis://${node}`);
  return { host: url.hostname, port: Number(url.port || 6379) };
}

/** The address of a server, without secrets. */
export function whereIs(server: Server): string {
  if (typeof server === "string") {
    const { hostname, port, pathname } = new URL(server);
    return `${hostname}:${port || 6379}${pathname.length > 1 ? pathname : ""}`;
  }
  if ("cluster" in server && Array.isArray(server.cluster))
    return `cluster ${server.cluster.map((node) => Object.values(nodeOf(node as string) as object).join(":")).join(",")}`;
  const options = (isClient(server) ? (server.options ?? {}) : server) as {
    readonly host?: unknown;
    readonly port?: unknown;
    readonly path?: unknown;
  };
  if (isClient(server) && server.isCluster === true) return "cluster";
  return typeof options.path === "string" ? options.path : `${String(options.host ?? "localhost")}:${String(options.port ?? 6379)}`;
}

/** Passwords in the arguments, as they are written and as they are sent. */
export function secretsOf(server: Server): readonly string[] {
  const found = new Set<string>();
  if (typeof server === "string") {
    const { password } = new URL(server);
    found.add(password).add(decoded(password));
  }
  for (const fields of optionsIn(server))
    for (const [name, value] of Object.entries(fields)) if (/password/i.test(name) && typeof value === "string") found.add(value);
  found.delete("");
  return [...found];
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
