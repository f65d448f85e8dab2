import { StoreError } from "../../../contract/index.js";

/** The answer of a script: text, numbers, nothing, and lists of these. */
export type Reply = string | number | null | readonly Reply[];

/** The part of an ioredis `Redis` or `Cluster` (versions 5 and 6) that is used. */
export interface RedisClient {
  readonly status: string;
  readonly isCluster?: boolean;
  readonly options?: object;
  /** The socket, while there is one. */
  readonly stream?: { readonly bytesRead?: number };
  evalsha(...args: readonly (string | number)[]): Promise<unknown>;
  eval(...args: readonly (string | number)[]): Promise<unknown>;
  info(section: string): Promise<string>;
  config(verb: "GET", name: string): Promise<unknown>;
  ping(): Promise<unknown>;
  publish(channel: string, message: string): Promise<unknown>;
  subscribe(...channels: readonly string[]): Promise<unknown>;
  unsubscribe(...channels: readonly string[]): Promise<unknown>;
  connect(): Promise<unknown>;
  duplicate(...args: readonly unknown[]): RedisClient;
  disconnect(reconnect?: boolean): void;
  on(event: string, listener: (...args: never[]) => void): unknown;
  off(event: string, listener: (...args: never[]) => void): unknown;
  nodes?(role: "master"): readonly RedisClient[];
  refreshSlotsCache?(done: (error?: unknown) => void): void;
}

/** The exports of the module ioredis. */
export interface Driver {
  readonly Redis: new (...args: readonly unknown[]) => RedisClient;
  readonly Cluster: new (...args: readonly unknown[]) => RedisClient;
}

/** Loads ioredis when a client is to be made. @throws {StoreError} `STEM_MISSING_PEER` */
export async function loadDriver(): Promise<Driver> {
  try {
    return (await import("ioredis")) as unknown as Driver;
  } catch (error) {
    const code = (error as { readonly code?: unknown } | null)?.code;
    if (code !== "ERR_MODULE_NOT_FOUND" && code !== "MODULE_NOT_FOUND") throw error;
    throw new StoreError(
      "STEM_MISSING_PEER",
      "The Redis store needs the package ioredis, which is not installed.",
      "Run `npm install ioredis`.",
      {
        cause: error,
      },
    );
  }
}
