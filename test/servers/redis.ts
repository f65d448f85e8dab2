import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Redis } from "ioredis";
import { binFolder } from "./available.js";
import { freePort, GuardedServer, serverFolder } from "./guarded.js";

export interface RedisServerOptions {
  /**
   * Keep an append-only file, written through at every command (`appendfsync always`). Default true: what was
   * acknowledged survives a kill.
   */
  readonly appendonly?: boolean;
  /** Lines of redis.conf, such as `maxmemory 10mb` or `user ann on >secret ~stem* +@all`. */
  readonly config?: readonly string[];
  /** Follow this server. */
  readonly replicaOf?: { readonly port: number };
  /** `requirepass`, also part of the url; a replica uses it towards its master. */
  readonly password?: string;
  /** The process whose end ends the server too. Default: this one. */
  readonly owner?: number;
}

/**
 * A Redis of one's own on a free port of the loopback interface. It dies with the process that started it.
 */
export interface RedisServer {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  readonly folder: string;
  /** One command, as an administrator. */
  call(command: string, ...args: readonly (string | number)[]): Promise<unknown>;
  /** SIGKILL; waits until it is gone. */
  kill(): Promise<void>;
  /**
   * Starts it again on the same port and data; kills it first if it runs. Waits until it has loaded its data.
   */
  restart(): Promise<void>;
  /** SIGSTOP: connections stay open, nothing answers. */
  freeze(): void;
  thaw(): void;
  /** Ends it and removes its folder. */
  stop(): Promise<void>;
  /** What it has logged. */
  log(): string;
}

export async function startRedis(options: RedisServerOptions = {}): Promise<RedisServer> {
  // Two starts can draw one port; the second does not come up and draws again.
  for (let tries = 1; ; tries++) {
    try {
      return await start(options, await freePort());
    } catch (error) {
      if (tries === 3) throw error;
    }
  }
}

async function start(
  { appendonly = true, config = [], replicaOf, password, owner }: RedisServerOptions,
  port: number,
): Promise<RedisServer> {
  const bin = binFolder("redis");
  if (bin === undefined) throw new Error("redis-server is not installed here.");
  const folder = serverFolder("redis");
  const lines = [
    `port ${port}`,
    "bind 127.0.0.1",
    `dir ${folder}`,
    'save ""',
    `appendonly ${appendonly ? "yes" : "no"}`,
    "appendfsync always",
    "repl-diskless-sync-delay 0",
    ...(password === undefined ? [] : [`requirepass ${password}`, `masterauth ${password}`]),
    ...(replicaOf === undefined ? [] : [`replicaof 127.0.0.1 ${replicaOf.port}`]),
    ...config,
  ];
  writeFileSync(join(folder, "redis.conf"), `${lines.join("\n")}\n`);
  const call: RedisServer["call"] = async (command, ...args) => {
    const redis = new Redis({
      port,
      host: "127.0.0.1",
      lazyConnect: true,
      retryStrategy: () => null,
      connectTimeout: 2_000,
      // ioredis keeps a process alive for so long after it was told to leave a connection that had ended
      // before; 2 s by itself.
      disconnectTimeout: 100,
      commandTimeout: 10_000,
      enableReadyCheck: false,
      protocol: 2,
      ...(password !== undefined && { password }),
    });
    redis.on("error", () => {});
    try {
      await redis.connect();
      return await redis.call(command, ...args.map(String));
    } finally {
      redis.disconnect();
    }
  };
  const server = new GuardedServer({
    folder,
    ...(owner !== undefined && { owner }),
    command: () => [join(bin, "redis-server"), join(folder, "redis.conf")],
    ready: async () => void (await call("PING")),
  });
  try {
    await server.start();
  } catch (error) {
    await server.stop();
    throw error;
  }
  return {
    url: `redis://${password === undefined ? "" : `:${encodeURIComponent(password)}@`}127.0.0.1:${port}`,
    port,
    folder,
    get pid() {
      return server.pid;
    },
    call,
    kill: () => server.kill(),
    restart: async () => {
      await server.kill();
      await server.start();
    },
    freeze: () => server.freeze(),
    thaw: () => server.thaw(),
    stop: () => server.stop(),
    log: () => server.log(),
  };
}
