import { join } from "node:path";
import type { Adapter } from "nestjs-stem";
import { postgres } from "nestjs-stem/postgres";
import { redis } from "nestjs-stem/redis";
import { sqlite } from "nestjs-stem/sqlite";
import { shopFolder } from "./shop/files.js";

/** The namespace of the shop on a server that others use too. */
const name = process.env["STEM_STORE_NAME"] ?? "shop";

/** Any of these will do: the shop is the same. */
const stores = {
  sqlite: () => sqlite(join(shopFolder, "stem.db")),
  redis: () => redis(url(), { namespace: name }),
  postgres: () => postgres(url(), { schema: name }),
};

/** The store that `STEM_STORE` names, at `STEM_STORE_URL`; default SQLite. */
export function shopStore(): Adapter {
  const store = process.env["STEM_STORE"] ?? "sqlite";
  if (!Object.hasOwn(stores, store)) throw new Error(`STEM_STORE is "${store}"; it is one of ${Object.keys(stores).join(", ")}.`);
  return stores[store as keyof typeof stores]();
}

function url(): string {
  const given = process.env["STEM_STORE_URL"];
  if (given === undefined) throw new Error("STEM_STORE_URL is not set. Say where the server is, such as redis://127.0.0.1:6379.");
  return given;
}
