import { readdirSync, readFileSync } from "node:fs";

/** Milliseconds on a clock that all processes of one boot share. */
export const now = () => Number(process.hrtime.bigint()) / 1e6;

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** The value below which `p` per cent of the values lie (nearest rank). */
export function percentile(values, p) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor((p / 100) * sorted.length))];
}

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Resolves with the promise's value, or rejects after `ms` with a message that names `what`. */
export async function within(ms, what, promise) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} did not happen within ${ms / 1_000} s`)), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

const PAD = "x".repeat(80);

/** What every job carries: about 110 bytes of JSON. */
export const payload = (i, more) => ({ i, t: 0, p: PAD, ...more });

/** `[payload(from), …]`, `count` of them. */
export const payloads = (from, count) => Array.from({ length: count }, (_, i) => payload(from + i));

/**
 * Microseconds of CPU per job, of this process and of the server (with all its backends).
 * They are counted between the call and the call of what it returns. The server's are read from /proc, so
 * they are missing elsewhere than on Linux, and come in steps of 10 ms.
 */
export function cpuMeter(serverPid) {
  const client = process.cpuUsage();
  const server = serverCpuMs(serverPid);
  return (jobs) => {
    const { user, system } = process.cpuUsage(client);
    const after = serverCpuMs(serverPid);
    return {
      client: (user + system) / jobs,
      ...(server === undefined || after === undefined ? {} : { server: ((after - server) * 1_000) / jobs }),
    };
  };
}

const MS_PER_TICK = 10;

function serverCpuMs(pid) {
  if (pid === undefined) return undefined;
  try {
    const main = stat(pid);
    let ticks = main.own + main.children;
    for (const entry of readdirSync("/proc")) {
      if (!/^\d+$/.test(entry)) continue;
      try {
        const backend = stat(entry);
        if (backend.parent === pid) ticks += backend.own;
      } catch {
        // ended since it was listed
      }
    }
    return ticks * MS_PER_TICK;
  } catch {
    return undefined;
  }
}

function stat(pid) {
  const text = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return { parent: Number(fields[1]), own: Number(fields[11]) + Number(fields[12]), children: Number(fields[13]) + Number(fields[14]) };
}
