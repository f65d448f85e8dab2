import { join } from "node:path";
import { afterAll, describe } from "@jest/globals";
import type { Adapter } from "../../lib/contract/index.js";
import { postgres } from "../../lib/adapters/postgres/index.js";
import { redis } from "../../lib/adapters/redis/index.js";
import { sqlite } from "../../lib/adapters/sqlite/index.js";
import { canStart, type Proxy, type ServerKind, startPostgres, startProxy, startRedis } from "../servers/index.js";

/**
 * How long its processes wait for a store; shorter than by default, so that a test sees the end of the wait.
 */
export interface Patience {
  readonly connectTimeoutMs?: number;
  readonly commandTimeoutMs?: number;
}

/**
 * Where the processes of a test find their store; travels to them as JSON. `openStore` in processes/parts.mjs
 * knows the same kinds.
 */
export type StoreAddress =
  | { readonly kind: "sqlite"; readonly file: string }
  | { readonly kind: "redis"; readonly url: string; readonly options: Patience & { readonly namespace: string } }
  | { readonly kind: "cluster"; readonly urls: readonly string[]; readonly options: Patience & { readonly namespace: string } }
  | { readonly kind: "postgres"; readonly url: string; readonly options: Patience & { readonly schema: string } };

/** A server that a test may harm. */
export interface Server {
  readonly url: string;
  readonly port: number;
  kill(): Promise<void>;
  restart(): Promise<void>;
  freeze(): void;
  thaw(): void;
  stop(): Promise<void>;
}

/**
 * For a test that is going to harm its store: it gets a server of its own, and its processes reach that
 * through a proxy of its own.
 */
export interface Harm {
  /** The name by which the processes call the server. Default: its address. */
  readonly host?: string;
  readonly patience?: Patience;
}

/** A fresh store for one test. */
export interface Place {
  /** For the processes. */
  readonly address: StoreAddress;
  /** The parent's own view of it; not open yet. */
  readonly adapter: Adapter;
  /** Present for a test that is going to harm it. */
  readonly server?: Server;
  readonly proxy?: Proxy;
  /** Clears away what is this test's own. */
  clear(): Promise<void>;
}

/** A durable store the fault tests run on. */
export interface StoreDescription {
  readonly name: string;
  /** The server it cannot do without. */
  readonly needs?: ServerKind;
  place(folder: string, harm?: Harm): Promise<Place>;
}

const onSqlite: StoreDescription = {
  name: "SQLite",
  async place(folder) {
    const file = join(folder, "stem.db");
    return { address: { kind: "sqlite", file }, adapter: sqlite(file), clear: async () => {} };
  },
};

let stores = 0;

type AddressOf = (url: string, own: string, patience: Patience) => StoreAddress;

/**
 * As many stores as there are tests, on one server for each test file; for a test that harms it, on a server
 * of its own.
 */
function onServer(name: string, needs: ServerKind, start: () => Promise<Server>, address: AddressOf): StoreDescription {
  let common: Promise<Server> | undefined;
  afterAll(async () => (await common)?.stop());
  return {
    name,
    needs,
    async place(_, harm) {
      if (harm !== undefined) return harmed(await start(), address, harm);
      const at = address((await (common ??= start())).url, fresh(), {});
      return { address: at, adapter: adapterAt(at), clear: async () => {} };
    },
  };
}

const fresh = (): string => `crash_${process.pid}_${++stores}`;

/** A store on a server of the test's own, behind a proxy of the test's own. */
export async function harmed(server: Server, address: AddressOf, harm: Harm): Promise<Place> {
  const proxy = await startProxy(server.port);
  const own = fresh();
  const way = new URL(server.url);
  way.port = String(proxy.port);
  const adapter = adapterAt(address(way.href, own, { connectTimeoutMs: 2_000, commandTimeoutMs: 2_000 }));
  if (harm.host !== undefined) way.hostname = harm.host;
  return {
    address: address(way.href, own, harm.patience ?? {}),
    adapter,
    server,
    proxy,
    async clear() {
      await proxy.stop();
      await server.stop();
    },
  };
}

/** An adapter for what an address names, not open yet. */
export function adapterAt(address: StoreAddress): Adapter {
  switch (address.kind) {
    case "sqlite":
      return sqlite(address.file);
    case "redis":
      return redis(address.url, address.options);
    case "cluster":
      return redis({ cluster: address.urls }, address.options);
    case "postgres":
      return postgres(address.url, address.options);
  }
}

export const redisAt: AddressOf = (url, namespace, patience) => ({ kind: "redis", url, options: { namespace, ...patience } });

export const postgresAt: AddressOf = (url, schema, patience) => ({ kind: "postgres", url, options: { schema, ...patience } });

const onRedis = onServer("Redis", "redis", startRedis, redisAt);

const onPostgres = onServer("Postgres", "postgres", startPostgres, postgresAt);

/** Every durable store that is a server. */
export const SERVERS: readonly StoreDescription[] = [onRedis, onPostgres];

/** Every durable store; a test file runs once on each. */
export const STORES: readonly StoreDescription[] = [onSqlite, ...SERVERS];

/**
 * A suite for each of these stores; `$name` stands for its name. It is skipped where its server cannot be
 * started.
 */
export function describeOn(stores: readonly StoreDescription[], title: string, body: (store: StoreDescription) => void): void {
  for (const store of stores) {
    const suite = store.needs === undefined || canStart(store.needs) ? describe : describe.skip;
    suite(title.replace("$name", store.name), () => body(store));
  }
}
