import { EventEmitter } from "node:events";
import { afterEach, describe, expect, it, jest } from "@jest/globals";
import type { RedisClient } from "../../../lib/adapters/redis/connect/driver.js";
import { keep } from "../../../lib/adapters/redis/connect/keep.js";

afterEach(() => void jest.useRealTimers());

function kept({ wanted = true, isCluster = false, bytesRead = 0 }) {
  jest.useFakeTimers();
  const client = Object.assign(new EventEmitter(), { status: "connect", isCluster, stream: { bytesRead }, disconnect: () => {} });
  const told: [number, boolean][] = [];
  keep(client as unknown as RedisClient, 3_000, () => wanted, () => 1, (ms, spoke) => void told.push([ms, spoke])); // prettier-ignore
  client.emit(isCluster ? "connecting" : "connect");
  return { told, timers: jest.getTimerCount() };
}

describe("A client of ours that is not ready in time", () => {
  it("leaves no timer behind once it is not wanted any more: it would keep the process", () => {
    expect(kept({ wanted: false, isCluster: true }).timers).toBe(0);
    expect(kept({ wanted: true, isCluster: true }).timers).toBe(1);
  });

  it("is told of by what its server did: not a word, or some, as while it loads its data", () => {
    const silent = kept({});
    jest.advanceTimersByTime(3_000);
    expect(silent.told).toEqual([[3_000, false]]);
    const loading = kept({ bytesRead: 100 });
    jest.advanceTimersByTime(3_000);
    expect(loading.told).toEqual([[3_000, true]]);
  });

  it("is not told of where it is a cluster: no node is known to have accepted", () => {
    const cluster = kept({ isCluster: true });
    jest.advanceTimersByTime(60_000);
    expect(cluster.told).toEqual([]);
  });
});
