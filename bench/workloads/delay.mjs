import { now, payload, percentile, sleep, within } from "../measure.mjs";
import { other } from "./processes.mjs";

const WARM = 20;

/**
 * How late jobs start that are due in one to three seconds.
 * The worker is in another process where the store can be shared.
 */
export async function delay(run, { n }) {
  const { system, at } = run;
  const late = [];
  let allRan;
  const finished = new Promise((resolve) => (allRan = resolve));
  const heard = ({ i, due, at: started }) => {
    if (i < 0) return;
    if (late.push(started - due) === n) allRan();
  };
  const alone = at.store === "memory";
  const worker = alone ? await system.worker(({ i, due }) => heard({ i, due, at: now() })) : other("work", run);
  if (alone) await worker.start();
  else {
    await worker.ready();
    worker.onMessage(heard);
  }
  const producer = await system.producer();
  await sleep(500);
  // One after the other, the first few not counted: what enqueueing a burst takes is measured elsewhere, and
  // a new process is slow at first.
  for (let i = -WARM; i < n; i++) {
    const wait = Math.round(1_000 + Math.random() * 2_000);
    await producer.add(payload(i, { due: now() + wait }), wait);
  }
  await within(30_000, "the start of the last delayed job", finished);
  await producer.close();
  await (alone ? worker.close() : worker.stop());
  return { values: { "delay-p50": percentile(late, 50), "delay-p99": percentile(late, 99) }, n };
}
