import { now, payload, percentile, sleep, within } from "../measure.mjs";
import { other } from "./processes.mjs";

const WARM = 20;

/**
 * One job at a time into an idle worker in another process (or in this one).
 * It measures from the call of enqueue to the start of the handler. The gaps are random, up to `gapMs`, the
 * polling interval of systems that poll, so that every phase of it is met.
 */
export async function latency(run, { n, seconds, gapMs = 5, oneProcess = false }) {
  const { system, job } = run;
  let heard = () => {};
  const worker = oneProcess ? await system.worker(({ i }) => heard({ i, at: now() })) : other("work", run);
  if (oneProcess) await worker.start();
  else {
    await worker.ready();
    worker.onMessage((message) => heard(message));
  }
  const producer = await system.producer();
  await sleep(500);
  const waits = [];
  const began = now();
  for (let i = -WARM; i < n; i++) {
    if (now() > began + seconds * 1_000 && waits.length > 0) break;
    await sleep(1 + Math.random() * gapMs);
    const started = new Promise((resolve) => {
      heard = (message) => message.i === i && resolve(message.at);
    });
    const called = now();
    void Promise.resolve(producer.add(payload(i))).catch((error) => console.error(error));
    const wait = (await within(20_000, "the job's start", started)) - called;
    // Systems that poll get fewer jobs, and need no warming.
    if (i >= 0 || n < WARM) waits.push(wait);
    if (n < WARM && waits.length === n) break;
  }
  await producer.close();
  await (oneProcess ? worker.close() : worker.stop());
  return {
    values: { [`${job.program}-p50`]: percentile(waits, 50), [`${job.program}-p99`]: percentile(waits, 99) },
    n: waits.length,
  };
}
