import { cpuMeter, now, payloads, sleep } from "../measure.mjs";
import { profiled } from "../profile.mjs";
import { settlePostgres } from "../servers/postgres.mjs";
import { other } from "./processes.mjs";

/**
 * From the worker's start until the store has no waiting or running job, with `n` jobs waiting.
 * Another process has put them there. Before that the process has drained `warm` jobs (default: as many, at
 * most 20,000), as a worker has that runs for a second.
 *
 * The ledger: every job has run exactly once, and where results are kept the store has as many successes. If
 * it takes longer than `seconds` (default 10), the rate is that of the jobs that ran by then, and none may
 * have run twice.
 *
 * @param slowOneIn one job in so many takes `slowMs`
 */
export async function drain(run, { n, warm = Math.min(n, 20_000), seconds = 10, slowOneIn, slowMs }) {
  const { system, at, job } = run;
  if (warm > 0) {
    await fill(run, warm);
    const { worker } = await work(system, warm, 60, () => {});
    await worker.close();
  }
  await fill(run, n);
  if (at.store === "postgres") await settlePostgres(at);
  const times = new Uint8Array(n);
  const handler = ({ i }) => {
    times[i]++;
    return slowOneIn !== undefined && i % slowOneIn === 0 ? sleep(slowMs) : undefined;
  };
  globalThis.gc?.();
  const { ran, ms, worker, cpu } = await profiled(job.profile, () => work(system, n, seconds, handler, at.pid));
  const memory = process.memoryUsage.rss() / 2 ** 20;
  if (ran === n) await worker.close();
  await balance({ system, job, n, warm, ran, times });
  return { values: { [job.program]: (ran / ms) * 1_000, memory }, n: ran, cpu, ...(ran === n ? {} : { of: n }) };
}

async function fill(run, n) {
  if (run.at.store !== "memory") return other("fill", run, { n }).done();
  const producer = await run.system.producer();
  for (let from = 0; from < n; from += 1_000) await producer.addBulk(payloads(from, Math.min(1_000, n - from)));
}

/** Starts a worker and waits until `n` jobs have run and the store has none left, or for `seconds`. */
async function work(system, n, seconds, handler, serverPid) {
  let ran = 0;
  let allRan;
  const finished = new Promise((resolve) => (allRan = resolve));
  const worker = await system.worker((data) => {
    if (++ran === n) allRan();
    return handler(data);
  });
  const meter = cpuMeter(serverPid);
  const began = now();
  await worker.start();
  const enough = sleep(seconds * 1_000).then(() => "enough");
  if ((await Promise.race([finished, enough])) !== "enough") {
    while (Number(await system.left()) > 0) {
      if (now() > began + seconds * 1_000 + 20_000)
        throw new Error(`all ${n} jobs ran, but the store still has unfinished ones 20 s later`);
      await sleep(1);
    }
  }
  const ms = now() - began;
  return { ran, ms, worker, cpu: meter(Math.max(1, ran)) };
}

async function balance({ system, job, n, warm, ran, times }) {
  const off = times.filter((count) => count > 1 || (ran === n && count !== 1)).length;
  if (off > 0) throw new Error(`${off} jobs ran other than once`);
  if (ran < n) return;
  const { unfinished, succeeded } = await system.counts();
  if (unfinished !== 0) throw new Error(`${unfinished} jobs are unfinished`);
  const expected = (job.keeps ?? job.keep) ? n + warm : 0;
  if (succeeded !== undefined && succeeded !== expected) throw new Error(`the store has ${succeeded} successes, not ${expected}`);
}
