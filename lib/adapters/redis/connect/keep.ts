import { LONGEST_MS } from "../../../contract/index.js";
import type { RedisClient } from "./driver.js";

/**
 * How long a connection that is given up may take to say goodbye. Its other end may be gone without a word,
 * and until this has passed ioredis neither connects anew nor says that it is not ready; 2 s by itself.
 */
export const GOODBYE_MS = 100;

/**
 * However short a wait for the connection is asked for: a busy process may be late to read what the server
 * has said long ago.
 */
const LEAST_MS = 2_000;

/** A cluster first asks its nodes for the map of slots. */
const SLOTS_MS = 5_000;

/**
 * Sees to it that a client of ours becomes ready or tries again, whatever happens. ioredis bounds how long a
 * connection takes to be accepted, not how long the server takes to say its first word: behind a firewall or
 * a balancer that accepts for a server that is not there it would wait for ever. And it ends for good when it
 * was told to leave at a bad moment, or when a strategy among the options says so.
 *
 * @param wanted whether the client is to live on
 * @param delay wait before the next attempt, after so many
 * @param unready is told of a server that accepted, and was not ready for so long; and whether it said
 *   anything. That is not an error of the driver's
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
    // A cluster says that it connects even after it was told to leave; a timer would keep the process.
    if (!wanted()) return;
    const patience = Math.max(LEAST_MS, ms) + (client.isCluster === true ? SLOTS_MS : 0);
    deadline = setTimeout(
      () => {
        // Of a cluster it is not known which node it was, nor whether that accepted.
        if (client.isCluster !== true) unready?.(patience, (client.stream?.bytesRead ?? 0) > 0);
        recycle(client);
      },
      Math.min(patience, LONGEST_MS),
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

/** Gives a connection up and makes it anew. Not while it is being made: its own deadlines see to that. */
export function recycle(client: RedisClient): void {
  if (client.status === "ready" || client.status === "connect" || (client.isCluster === true && client.status === "connecting"))
    client.disconnect(true);
}
