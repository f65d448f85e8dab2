import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { MissingServer, type OwnServer, startPostgres, startRedis } from "./servers.js";

/** Where the shop keeps its jobs this time. */
export interface DemoStore {
  /** What its processes need in their environment. */
  readonly env: Readonly<Record<string, string>>;
  /** The name that the demo prints. */
  readonly name: string;
  readonly where: string;
  /** Undefined: it is a file, or a server that was here before. */
  readonly server?: OwnServer;
}

const SERVERS = {
  redis: { start: startRedis, variable: "STEM_DEMO_REDIS_URL", name: "Redis" },
  postgres: { start: startPostgres, variable: "STEM_DEMO_POSTGRES_URL", name: "PostgreSQL" },
} as const;

/**
 * The store that `--store` asks for; default sqlite, in this folder.
 * A server is started, unless its address is given.
 * @throws {MissingServer}
 */
export async function openStore(args: readonly string[], folder: string): Promise<DemoStore> {
  const store = storeOf(args);
  if (store === "sqlite") return { name: "SQLite", env: { STEM_STORE: store }, where: join(folder, "stem.db") };
  const { start, variable, name } = SERVERS[store];
  const given = process.env[variable] ?? process.env["STEM_STORE_URL"];
  const server = given === undefined ? await start() : undefined;
  const url = given ?? server!.url;
  // On a shared server the demo keeps apart from all others, and from what an earlier demo has left.
  const own = `stem_demo_${randomBytes(4).toString("hex")}`;
  const shown = url.replace(/\/\/[^@/]*@/, "//");
  return {
    name,
    env: { STEM_STORE: store, STEM_STORE_URL: url, STEM_STORE_NAME: own },
    where: `${shown}${server === undefined ? ` under the name ${own}, which stays there` : ", a server of the demo's own"}`,
    ...(server !== undefined && { server }),
  };
}

function storeOf(args: readonly string[]): "sqlite" | keyof typeof SERVERS {
  let given: string;
  try {
    given = parseArgs({ args: [...args], options: { store: { type: "string", default: process.env["STEM_STORE"] ?? "sqlite" } } }).values
      .store;
  } catch (error) {
    throw new MissingServer(`${(error as Error).message}. The one option is --store sqlite, redis or postgres.`);
  }
  if (given === "sqlite" || given === "redis" || given === "postgres") return given;
  throw new MissingServer(`There is no store "${given}": give --store sqlite, redis or postgres.`);
}
