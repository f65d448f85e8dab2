import { connect, createServer, type Server, type Socket } from "node:net";
import { freePort } from "./guarded.js";

/** A TCP proxy on the loopback interface, to do to connections what networks do. It passes everything until told otherwise. */
export interface Proxy {
  readonly port: number;
  /** Everything works (again). */
  pass(): Promise<void>;
  /** Resets all connections; new ones are passed. */
  cut(): void;
  /** Half-open: connections stay, new ones are taken, and not a byte goes either way, until `pass`; then those connections are reset. */
  stall(): void;
  /** Resets all connections and refuses new ones, until `pass`. */
  refuse(): Promise<void>;
  /** Sends new connections to another port. */
  target(port: number): void;
  /** Connections that are open now. */
  readonly open: number;
  stop(): Promise<void>;
}

export async function startProxy(target: number): Promise<Proxy> {
  const port = await freePort();
  const pairs = new Set<readonly Socket[]>();
  let stalled = false;
  const server: Server = createServer((near) => {
    near.setNoDelay(true);
    if (stalled) return hold(near);
    const far = connect({ port: target, host: "127.0.0.1", noDelay: true });
    const pair = [near, far];
    pairs.add(pair);
    for (const [from, to] of [pair, [far, near]] as [Socket, Socket][]) {
      from.on("data", (chunk) => {
        if (!to.write(chunk)) from.pause();
      });
      to.on("drain", () => {
        if (!stalled) from.resume();
      });
      // While it is stalled, not even the end of one side reaches the other.
      from.on("end", () => stalled || to.end());
      from.on("error", () => stalled || reset(pair));
      from.on("close", () => {
        if (stalled) return;
        pairs.delete(pair);
        to.destroySoon();
      });
    }
  });
  const hold = (near: Socket): void => {
    near.on("error", () => {});
    near.pause();
    pairs.add([near]);
  };
  const cut = (): void => {
    for (const pair of pairs) reset(pair);
    pairs.clear();
  };
  const listen = (): Promise<void> =>
    new Promise((resolve, refuse) => {
      server.once("error", refuse);
      server.listen(port, "127.0.0.1", () => {
        server.off("error", refuse);
        resolve();
      });
    });
  await listen();
  server.unref();
  return {
    port,
    cut,
    get open() {
      return pairs.size;
    },
    target: (port) => void (target = port),
    stall() {
      stalled = true;
      for (const pair of pairs) for (const socket of pair) socket.pause();
    },
    async pass() {
      // What was in the pipes when they stalled must not come out late, as from a network that had lost it.
      const late = stalled;
      stalled = false;
      if (late) cut();
      if (!server.listening) await listen();
    },
    async refuse() {
      if (server.listening) {
        const closed = new Promise((resolve) => server.close(resolve));
        cut();
        await closed;
      }
    },
    async stop() {
      cut();
      if (server.listening) await new Promise((resolve) => server.close(resolve));
    },
  };
}

function reset(pair: readonly Socket[]): void {
  for (const socket of pair) if (!socket.destroyed) socket.resetAndDestroy();
}
