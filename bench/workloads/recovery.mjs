import { now, payload, sleep, within } from "../measure.mjs";
import { other } from "./processes.mjs";

/**
 * SIGKILL of a worker that holds jobs, beside another worker → the last of its jobs has started again.
 * Leases, locks and checks have their default settings.
 */
export async function recovery(run, { n, seconds }) {
  const { system } = run;
  const doomed = other("hold", run);
  await doomed.ready();
  const held = new Set();
  doomed.onMessage(({ i }) => held.add(i));
  const producer = await system.producer();
  for (let i = 0; i < n; i++) await producer.add(payload(i));
  await within(
    20_000,
    "the start of the first job",
    until(() => held.size > 0),
  );
  // A worker that takes one job at a time holds one; others take the rest within moments.
  await sleep(1_500);
  const heir = other("work", run);
  await heir.ready();
  const started = new Map();
  heir.onMessage(({ i, at }) => started.set(i, at));
  await sleep(1_000);
  const lost = [...held];
  const killed = now();
  await doomed.kill();
  try {
    await within(
      seconds * 1_000,
      `the start of ${lost.length === 1 ? "the lost job" : `all ${lost.length} lost jobs`} elsewhere`,
      until(() => lost.every((i) => started.has(i))),
    );
  } finally {
    await heir.kill();
  }
  await producer.close();
  return { values: { recovery: (Math.max(...lost.map((i) => started.get(i))) - killed) / 1_000 }, n: lost.length };
}

async function until(holds) {
  while (!holds()) await sleep(10);
}
