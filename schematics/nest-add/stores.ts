/** What an app needs for one kind of store. */
export interface Store {
  /** Imported from. */
  readonly from: string;
  /** Its driver, and the version this package is tested with. */
  readonly driver?: readonly [name: string, range: string];
  /** The variable that holds its address, and the address in development: that of the compose file. */
  readonly env?: readonly [name: string, value: string];
  /** Its service in the compose file. */
  readonly service?: string;
  readonly volume?: string;
}

export type StoreName = "memory" | "sqlite" | "redis" | "postgres";

export const STORES: Readonly<Record<StoreName, Store>> = {
  memory: { from: "nestjs-stem" },
  sqlite: { from: "nestjs-stem/sqlite", driver: ["better-sqlite3", "^12.11.1"], env: ["STEM_DB", "data/stem.db"] },
  redis: {
    from: "nestjs-stem/redis",
    driver: ["ioredis", "^6.0.0"],
    env: ["REDIS_URL", "redis://127.0.0.1:6379"],
    // A queue must not be evicted, nor lost with the server: see docs/redis.md.
    service: `  redis:
    image: redis:7
    command: redis-server --appendonly yes --maxmemory-policy noeviction
    ports: ["127.0.0.1:6379:6379"]
    volumes: ["redis:/data"]
    healthcheck: { test: ["CMD", "redis-cli", "ping"], interval: 2s, retries: 30 }
`,
    volume: "redis",
  },
  postgres: {
    from: "nestjs-stem/postgres",
    driver: ["pg", "^8.23.1"],
    env: ["DATABASE_URL", "postgres://stem:stem@127.0.0.1:5432/stem"],
    service: `  postgres:
    image: postgres:15
    environment: { POSTGRES_USER: stem, POSTGRES_PASSWORD: stem, POSTGRES_DB: stem }
    ports: ["127.0.0.1:5432:5432"]
    volumes: ["postgres:/var/lib/postgresql/data"]
    healthcheck: { test: ["CMD", "pg_isready", "-U", "stem"], interval: 2s, retries: 30 }
`,
    volume: "postgres",
  },
};

/** The compiler behind `stem generate`, and what runs it beside `nest start --watch`. */
export const TOOLS = { "ts-morph": "^28.0.0", concurrently: "^9.2.1" } as const;

/** What Jest needs to load ES modules where Node cannot `require` them in a test. */
export const JEST_TOOLS = { "@swc/core": "^1.16.22", "@swc/jest": "^0.2.39" } as const;
