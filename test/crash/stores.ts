import { join } from "node:path";
import type { Adapter } from "../../lib/contract/index.js";
import { sqlite } from "../../lib/adapters/sqlite/index.js";

/** Where the processes of a test find their store; travels to them as JSON. `openStore` in processes/parts.mjs knows the same kinds. */
export interface StoreAddress {
  readonly kind: "sqlite";
  readonly file: string;
}

/** A durable store the fault tests run on. */
export interface StoreDescription {
  readonly name: string;
  /** A fresh store of its own for one test, in the test's folder. */
  readonly address: (folder: string) => StoreAddress;
  /** The parent's own view of it; not open yet. */
  readonly adapter: (address: StoreAddress) => Adapter;
}

/** Every durable store; a test file runs once on each. */
export const STORES: readonly StoreDescription[] = [
  {
    name: "SQLite",
    address: (folder) => ({ kind: "sqlite", file: join(folder, "stem.db") }),
    adapter: ({ file }) => sqlite(file),
  },
];
