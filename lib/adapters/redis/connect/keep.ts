import { LONGEST_MS } from "../../../contract/index.js";
import type { RedisClient } from "./driver.js";

/**
 * How long a connection that is given up may take to close.
 * Its other end may be gone silently, and until this has passed ioredis neither connects anew nor says that
 * it is not ready; its default is 2 s.
 */
export const GOODBYE_MS = 100;

/** The shortest wait for the connection: a busy process may read late what the server has sent long ago. */
const LEAST_MS = 2_000;

/** A cluster first asks its nodes for the map of slots. */
const SLOTS_MS = 5_000;

/**
 * Makes sure that a client becomes ready or tries again, in every case.
 * ioredis bounds how long a connection takes to be accepted, not how long the server takes to send its first
 * word: behind a firewall or a balancer that accepts for a server that is not there it would wait for ever.
 * And it ends for good when it was closed at a bad moment, or when a strategy among the options says so.
 *
 * @param wanted whether the client has to live on
 * @param delay wait before the next attempt, after so many
 * @param unready called for a server that accepted, and was not ready for so long; and whether it sent
 * anything. That is not an error of the driver's
 */
export function keep(
  client: RedisClient,
  ms: number,
  wanted: () => boolean,
  delay: (attempt: number) => number,
  unready?: (ms: number, spoke: boolean) => void,
): void {
  let deadline: NodeJS.Timeout | undefined;
  let again: NodeJS.Timeout | undefined;
  let attempts = 0;
  const calm = (): void => clearTimeout(deadline);
  const arm = (): void => {
    calm();
    // A cluster reports that it connects even after it was closed; a timer would keep the process alive.
    if (!wanted()) return;
    const longest = Math.max(LEAST_MS, ms) + (client.isCluster === true ? SLOTS_MS : 0);
    deadline = setTimeout(
      () => {
        // In a cluster it is unknown which node it was, and whether that accepted.
        if (client.isCluster !== true) unready?.(longest, (client.stream?.bytesRead ?? 0) > 0);
        recycle(client);
      },
      Math.min(longest, LONGEST_MS),
    );
  };
  client.on(client.isCluster === true ? "connecting" : "connect", arm);
  client.on("ready", () => {
    calm();
    attempts = 0;
  });
  client.on("close", calm);
  client.on("end", () => {
    calm();
    clearTimeout(again);
    if (!wanted()) return;
    again = setTimeout(() => {
      if (wanted() && client.status === "end") client.connect().catch(() => undefined);
    }, delay(++attempts)).unref();
  });
}

/** Gives a connection up and makes it anew. Not while it is being made, which has its own deadlines. */
export function recycle(client: RedisClient): void {
  if (client.status === "ready" || client.status === "connect" || (client.isCluster === true && client.status === "connecting"))
    client.disconnect(true);
}
