// What every process of these tests is made of: its store, its ledger, its end.
import { openSync, writeSync } from "node:fs";

/** What the parent wants of this process: { store, ledger, folder, … }. */
export const wishes = JSON.parse(process.argv[2]);

/** Opens the store the parent described; see stores.ts. */
export async function openStore(address) {
  const adapter = await OPEN[address.kind](address);
  await adapter.open();
  return adapter;
}

const OPEN = {
  sqlite: async ({ file }) => (await import("nestjs-stem/sqlite")).sqlite(file),
  redis: async ({ url, options }) => (await import("nestjs-stem/redis")).redis(url, options),
  cluster: async ({ urls, options }) => (await import("nestjs-stem/redis")).redis({ cluster: urls }, options),
  postgres: async ({ url, options }) => (await import("nestjs-stem/postgres")).postgres(url, options),
};

const ledger = openSync(wishes.ledger, "a");

/**
 * Adds one line to the ledger, in one write to a file opened for appending: whole or not at all, whoever is
 * killed.
 */
export function note(what, facts) {
  writeSync(ledger, `${JSON.stringify({ what, pid: process.pid, at: now(), ...facts })}\n`);
}

/** Milliseconds on a clock that all processes of one boot share. */
export function now() {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** Dies like in a power cut; nothing after this line runs. */
export function die(point, ids) {
  note("dies", { point, ids });
  process.kill(process.pid, "SIGKILL");
}

/** Ends without a trace of its own when the tests do; `end` is what SIGTERM asks for. */
export function untilTold(end) {
  let ending = false;
  process.on("disconnect", () => {
    if (!ending) process.exit(9);
  });
  process.on("SIGTERM", async () => {
    if (ending) return;
    ending = true;
    const last = await end();
    // From here on nothing may keep the process alive: it has to end by itself.
    process.send({ stopped: last ?? true }, () => process.disconnect());
  });
}
