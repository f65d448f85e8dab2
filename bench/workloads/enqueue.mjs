import { cpuMeter, now, payload, payloads } from "../measure.mjs";

/** Jobs one after the other by each of `producers`, each awaited. */
export async function enqueue({ system, at, job }, { producers, n, seconds }) {
  const producer = await system.producer();
  for (let i = 0; i < 500; i++) await producer.add(payload(i));
  if (producers > 1) await produce(producer, producers, 1_000, Infinity);
  const before = (await system.counts()).unfinished;
  const cpu = cpuMeter(at.pid);
  const began = now();
  const done = await produce(producer, producers, n, began + seconds * 1_000);
  const ms = now() - began;
  const spent = cpu(done);
  await producer.close();
  await expectStored(system, before + done);
  return { values: { [job.program]: (done / ms) * 1_000 }, n: done, cpu: spent };
}

/** Jobs in calls of 1,000. */
export async function bulk({ system, at }, { n, seconds }) {
  const producer = await system.producer();
  await producer.addBulk(payloads(0, 1_000));
  const before = (await system.counts()).unfinished;
  const calls = Array.from({ length: n / 1_000 }, (_, call) => payloads(call * 1_000, 1_000));
  const cpu = cpuMeter(at.pid);
  const began = now();
  let done = 0;
  for (const call of calls) {
    await producer.addBulk(call);
    done += call.length;
    if (now() > began + seconds * 1_000) break;
  }
  const ms = now() - began;
  const spent = cpu(done);
  await producer.close();
  await expectStored(system, before + done);
  return { values: { bulk: (done / ms) * 1_000 }, n: done, cpu: spent };
}

async function produce(producer, producers, n, until) {
  let next = 0;
  const one = async () => {
    while (next < n && now() < until) await producer.add(payload(next++));
  };
  await Promise.all(Array.from({ length: producers }, one));
  return next;
}

async function expectStored(system, expected) {
  const { unfinished } = await system.counts();
  if (unfinished !== expected) throw new Error(`${expected} jobs were accepted, ${unfinished} are stored`);
}
