import { OptionError } from "../../../contract/index.js";
import type { RedisClient } from "./driver.js";

/** What `redis(server, options)` may be given. */
export interface RedisOptions {
  /** Begins every key and channel, so that several applications can share a server. Default `"stem"`. */
  readonly namespace?: string;
  /** How long `open` and every verb wait for a connection at most. Default 10,000 ms. */
  readonly connectTimeoutMs?: number;
  /** How long a verb waits for its answer at most. Default 15,000 ms. */
  readonly commandTimeoutMs?: number;
}

/** A server's address as fields: options of ioredis, passed on as they are. */
export type RedisServer = { readonly cluster?: undefined } & Readonly<Record<string, unknown>>;

/** A Redis Cluster: some of its nodes, and options of ioredis for each connection (`username`, `password`, `tls`, …) and for the whole. */
export interface RedisCluster {
  readonly cluster: readonly (string | { readonly host: string; readonly port: number })[];
  readonly redisOptions?: Readonly<Record<string, unknown>>;
  readonly clusterOptions?: Readonly<Record<string, unknown>>;
}

export type Server = string | RedisServer | RedisCluster | RedisClient;

const whole = (value: unknown): boolean => Number.isSafeInteger(value) && Number(value) >= 1;

const CHECKS: Readonly<Record<keyof RedisOptions, readonly [rule: string, holds: (value: unknown) => boolean]>> = {
  namespace: ["is 1 to 64 characters without { and }", (value) => typeof value === "string" && /^[^{}]{1,64}$/.test(value)],
  connectTimeoutMs: ["is a whole number of milliseconds, 1 or more", whole],
  commandTimeoutMs: ["is a whole number of milliseconds, 1 or more", whole],
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
  for (const [name, value] of Object.entries(options)) {
    if (!Object.hasOwn(CHECKS, name))
      throw new OptionError("STEM_OPTION_UNKNOWN", `redis() has no option "${name}".`, `It has ${Object.keys(CHECKS).join(", ")}.`);
    const [rule, holds] = CHECKS[name as keyof RedisOptions];
    if (value !== undefined && !holds(value))
      refuse(`redis({ ${name}: ${String(value)} }) is refused: ${name} ${rule}.`, "Correct the option.");
  }
}

/** A client, of ioredis or of something else, as opposed to plain options. */
export function isClient(server: object): server is RedisClient {
  return (
    typeof (server as { readonly on?: unknown }).on === "function" ||
    typeof (server as { readonly evalsha?: unknown }).evalsha === "function"
  );
}

function checkUrl(text: string): void {
  const ok = URL.canParse(text) && /^(rediss?):$/.test(new URL(text).protocol) && new URL(text).hostname !== "";
  if (!ok)
    refuse(
      `"${text.replace(/:[^:@/]*@/, ":…@")}" is not the URL of a Redis server.`,
      'Give one such as "redis://localhost:6379" or "rediss://user:password@host:6380/0".',
    );
}

function refuse(what: string, hint: string): never {
  throw new OptionError("STEM_OPTION_INVALID", what, hint);
}
