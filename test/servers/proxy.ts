import { connect, createServer, type Server, type Socket } from "node:net";
import { freePort } from "./guarded.js";

/**
 * A TCP proxy on the loopback interface, to do to connections what networks do. It passes everything until
 * told otherwise.
 */
export interface Proxy {
  readonly port: number;
  /** New connections are passed (again). */
  pass(): Promise<void>;
  /** Resets all connections; new ones are passed. */
  cut(): void;
  /**
   * Half-open, as when a firewall has forgotten them: all connections there are stay open for ever and not a
   * byte goes either way any more, nor the news of their end. The same goes for new ones, until `pass`.
   */
  stall(): void;
  /** Resets all connections and refuses new ones, until `pass`. */
  refuse(): Promise<void>;
  /** Sends new connections to another port. */
  target(port: number): void;
  stop(): Promise<void>;
}

export async function startProxy(target: number): Promise<Proxy> {
  const port = await freePort();
  const alive = new Set<readonly Socket[]>();
  const stalled = new Set<readonly Socket[]>();
  let stalling = false;
  const server: Server = createServer((near) => {
    near.setNoDelay(true);
    near.on("error", () => {});
    if (stalling) return void stalled.add([near.pause()]);
    const far = connect({ port: target, host: "127.0.0.1", noDelay: true });
    const pair = [near, far];
    alive.add(pair);
    for (const [from, to] of [pair, [far, near]] as [Socket, Socket][]) {
      const ifAlive = (then: () => void) => (): void => {
        if (alive.has(pair)) then();
      };
      from.on("data", (chunk) => {
        if (alive.has(pair) && !to.write(chunk)) from.pause();
      });
      to.on(
        "drain",
        ifAlive(() => from.resume()),
      );
      from.on(
        "end",
        ifAlive(() => to.end()),
      );
      from.on(
        "error",
        ifAlive(() => reset(pair)),
      );
      from.on(
        "close",
        ifAlive(() => {
          to.destroySoon();
          if (to.destroyed) alive.delete(pair);
        }),
      );
    }
  });
  const cut = (): void => {
    for (const pair of [...alive, ...stalled]) reset(pair);
    alive.clear();
    stalled.clear();
  };
  const listen = (): Promise<void> =>
    new Promise((resolve, refuse) => {
      server.once("error", refuse);
      server.listen(port, "127.0.0.1", () => {
        server.off("error", refuse);
        resolve();
      });
    });
  const close = async (): Promise<void> => {
    const closed = new Promise((resolve) => (server.listening ? server.close(resolve) : resolve(undefined)));
    cut();
    await closed;
  };
  await listen();
  server.unref();
  return {
    port,
    cut,
    target: (port) => void (target = port),
    stall() {
      stalling = true;
      for (const pair of alive) {
        stalled.add(pair);
        for (const socket of pair) socket.pause();
      }
      alive.clear();
    },
    async pass() {
      stalling = false;
      if (!server.listening) await listen();
    },
    refuse: close,
    stop: close,
  };
}

function reset(pair: readonly Socket[]): void {
  for (const socket of pair) {
    // libuv refuses to reset a connection whose writing end is being shut down, and then never closes it: the
    // process could not end.
    if (socket.connecting || socket.writableEnded) socket.destroy();
    else if (!socket.destroyed) socket.resetAndDestroy();
  }
}
