import { join } from "node:path";
import type { Adapter } from "../../lib/contract/index.js";
import { sqlite } from "../../lib/adapters/sqlite/index.js";
import type { Proxy } from "../servers/index.js";

/** Where the processes of a test find their store; travels to them as JSON. `openStore` in processes/parts.mjs knows the same kinds. */
export type StoreAddress = { readonly kind: "sqlite"; readonly file: string };

/** A server that a test may harm. */
export interface Server {
  readonly port: number;
  kill(): Promise<void>;
  restart(): Promise<void>;
  freeze(): void;
  thaw(): void;
  stop(): Promise<void>;
}

/** What a test is going to do to its store; for these it gets a server of its own, and its processes reach that through a proxy of its own. */
export interface Harm {
  readonly server?: true;
}

/** A fresh store for one test. */
export interface Place {
  /** For the processes. */
  readonly address: StoreAddress;
  /** The parent's own view of it, past any proxy; not open yet. */
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
  place(folder: string, harm: Harm): Promise<Place>;
}

const onSqlite: StoreDescription = {
  name: "SQLite",
  async place(folder) {
    const file = join(folder, "stem.db");
    return { address: { kind: "sqlite", file }, adapter: sqlite(file), clear: async () => {} };
  },
};

/** Every durable store; a test file runs once on each. */
export const STORES: readonly StoreDescription[] = [onSqlite];
