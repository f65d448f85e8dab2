import { connect, createServer, type AddressInfo, type Socket } from "node:net";

export interface Pooler {
  readonly port: number;
  stop(): void;
}

export interface PoolerOptions {
  /**
   * Gives a session of the server to each transaction (default), or to each client for as long as it stays.
   */
  readonly mode?: "transaction" | "session";
  /** Refuses settings at the start, as PgBouncer does by itself. Default false: passes over them. */
  readonly strict?: boolean;
}

/** Where what is being read ends: the first message is without a type. */
function* messages(bytes: Buffer, untyped: boolean): Generator<Buffer> {
  let rest = bytes;
  while (rest.length >= (untyped ? 4 : 5)) {
    const length = rest.readInt32BE(untyped ? 0 : 1) + (untyped ? 0 : 1);
    if (rest.length < length) return;
    yield rest.subarray(0, length);
    rest = rest.subarray(length);
  }
}

function message(type: string, ...parts: readonly (string | Buffer)[]): Buffer {
  const body = Buffer.concat(parts.map((part) => (typeof part === "string" ? Buffer.from(`${part}\0`) : part)));
  const head = Buffer.alloc(5);
  head.write(type);
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}

function numbers(...values: readonly number[]): Buffer {
  const buffer = Buffer.alloc(4 * values.length);
  values.forEach((value, i) => buffer.writeInt32BE(value, 4 * i));
  return buffer;
}

const IDLE = message("Z", Buffer.from("I"));

/** One session of the server. It is lent to one client at a time. */
interface Session {
  readonly socket: Socket;
  client: Socket | undefined;
}

/**
 * A small pooler in front of PostgreSQL, to see what is lost behind one. Everybody is trusted, here and
 * there; the session that came back last is lent first.
 */
export async function startPooler(target: number, { mode = "transaction", strict = false }: PoolerOptions = {}): Promise<Pooler> {
  const sockets = new Set<Socket>();
  const idle: Session[] = [];

  const openSession = (startup: Buffer): Promise<Session> =>
    new Promise((resolve, reject) => {
      const socket = connect(target, "127.0.0.1");
      sockets.add(socket);
      const session: Session = { socket, client: undefined };
      let isUp = false;
      let kept: Buffer = Buffer.alloc(0);
      socket.on("error", reject);
      socket.on("close", () => session.client?.destroy());
      socket.on("data", (bytes) => {
        kept = Buffer.concat([kept, bytes]);
        for (const one of messages(kept, false)) {
          kept = kept.subarray(one.length);
          if (isUp) session.client?.write(one);
          if (String.fromCharCode(one[0]!) !== "Z" || String.fromCharCode(one[5]!) !== "I") continue;
          if (!isUp) resolve(session);
          else if (mode === "transaction") give(session);
          isUp = true;
        }
      });
      socket.write(startup);
    });

  const give = (session: Session): void => {
    session.client = undefined;
    idle.push(session);
  };

  const server = createServer((client) => {
    sockets.add(client);
    let startup: Buffer | undefined;
    let own: Session | undefined;
    let kept: Buffer = Buffer.alloc(0);
    let passing: Promise<unknown> = Promise.resolve();
    client.on("error", () => undefined);
    client.on("close", () => {
      if (own !== undefined && own.client === client) own.socket.destroy();
    });
    const pass = async (bytes: Buffer): Promise<void> => {
      if (own?.client !== client) {
        own = idle.pop() ?? (await openSession(startup!));
        own.client = client;
      }
      own.socket.write(bytes);
    };
    client.on("data", (bytes) => {
      kept = Buffer.concat([kept, bytes]);
      if (startup === undefined)
        for (const one of messages(kept, true)) {
          kept = kept.subarray(one.length);
          // The question whether there is TLS.
          if (one.length === 8) return void client.write("N");
          const fields = one.subarray(8).toString().split("\0");
          const [user, database] = ["user", "database"].map((name) => fields[fields.indexOf(name) + 1]!);
          const odd = fields.filter((_, i) => i % 2 === 0).find((name) => /timeout|^options$/.test(name));
          if (strict && odd !== undefined)
            return void client.end(message("E", "SFATAL", "C08P01", `Munsupported startup parameter: ${odd}`, Buffer.alloc(1)));
          const rest = Buffer.from(`user\0${user}\0database\0${database}\0\0`);
          startup = Buffer.concat([numbers(rest.length + 8, 196_608), rest]);
          const number = 1_000_000 + Math.floor(Math.random() * 1_000_000);
          client.write(
            Buffer.concat([message("R", numbers(0)), message("S", "server_version", "15.0"), message("K", numbers(number, 7)), IDLE]),
          );
          break;
        }
      if (startup === undefined || kept.length === 0) return;
      const now = kept;
      kept = Buffer.alloc(0);
      passing = passing.then(() => pass(now)).catch(() => client.destroy());
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  server.unref();
  return {
    port: (server.address() as AddressInfo).port,
    stop: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
