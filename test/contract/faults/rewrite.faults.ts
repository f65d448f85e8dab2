import { setTimeout as pause } from "node:timers/promises";
import type { Adapter, At, Delivery, Journal, Rewrite, Wake } from "../../../lib/contract/index.js";
import { both, but, changesOf, deliveriesAs, inJournal } from "./fault.js";
import type { Fault, Faults } from "./fault.js";

type Verb = Journal["rewrite"];

/** A rewrite that is carried out otherwise. */
const rewritesAs = (wrong: (sound: Verb, adapter: Adapter) => Verb): Fault =>
  inJournal(({ rewrite }, adapter) => ({ rewrite: wrong(rewrite, adapter) }));

/** A rewrite whose answer, and what it asks for, are sound, but the next delivery is not. */
const afterwards = (change: (delivery: Delivery, wake: Wake | undefined) => Delivery): Fault => {
  const rewritten = new Set<string>();
  const wakes = new Map<string, Wake>();
  return both(
    rewritesAs((sound, { jobs }) => async (id, how, options) => {
      const [before] = await jobs.get([id], options);
      const did = await sound(id, how, options);
      if (did && before !== undefined) rewritten.add(id);
      return did;
    }),
    deliveriesAs((delivery) => {
      if (delivery.wake !== undefined) wakes.set(delivery.job.id, delivery.wake);
      return rewritten.delete(delivery.job.id) ? change(delivery, wakes.get(delivery.job.id)) : delivery;
    }),
  );
};

/** Looks at the run first, and acts a moment later, whatever has become of it. */
async function slowly(sound: Verb, { jobs }: Adapter, id: string, how: Rewrite, options: At | undefined): Promise<boolean> {
  const [seen] = await jobs.get([id], options);
  await pause(5);
  const [now] = await jobs.get([id], options);
  if (seen !== undefined && seen.state !== "active" && now?.state === "active") await changesOf(jobs).cancel([id], "rewritten", options);
  return sound(id, how, options);
}

export const rewriteFaults: Faults = {
  "a rewrite drops no entries": rewritesAs(
    (sound) =>
      (id, { keepTo, entries }, options) =>
        sound(id, entries === undefined ? { keepTo: keepTo + 1e6 } : { keepTo, entries }, options),
  ),
  "a rewrite adds no entries": rewritesAs(
    (sound) =>
      (id, { keepTo }, options) =>
        sound(id, { keepTo }, options),
  ),
  "a rewrite says that it was done, and does nothing": rewritesAs(() => async () => true),
  "a rewrite takes the run from its worker": rewritesAs((sound, { jobs }) => async (id, how, options) => {
    const [record] = await jobs.get([id], options);
    if (record?.state === "active") await changesOf(jobs).cancel([id], "rewritten", options);
    return sound(id, how, options);
  }),
  "a rewrite counts as an attempt": afterwards((delivery) => but(delivery, { attempt: delivery.attempt + 1 })),
  "a rewrite does not raise the fence": afterwards((delivery) =>
    but(delivery, { lease: but(delivery.lease, { fence: delivery.lease.fence - 1 }) }),
  ),
  "a rewritten run still has its wake": (adapter) => {
    const emitted = new Map<string, Wake>();
    const { emit } = adapter.events;
    const told: Adapter = {
      ...adapter,
      events: {
        ...adapter.events,
        async emit(events, options) {
          const done = await emit(events, options);
          for (const { name, key } of events) if (done.woken.includes(key)) emitted.set(key, { by: "event", name, key, seq: 1 });
          return done;
        },
      },
    };
    return afterwards((delivery) => {
      const wake = emitted.get(delivery.job.id);
      return wake === undefined ? delivery : but(delivery, { wake });
    })(told);
  },
  "a rewrite keeps the expiry": rewritesAs((sound, { jobs }) => async (id, how, options) => {
    const [record] = await jobs.get([id], options);
    const did = await sound(id, how, options);
    if (did && record?.startedAt === undefined) await changesOf(jobs).cancel([id], "expired", options);
    return did;
  }),
  "a rewrite revives nobody else": rewritesAs((sound, { jobs }) => async (id, how, options) => {
    const did = await sound(id, how, options);
    const { items } = await jobs.list({ state: "blocked" }, options);
    await changesOf(jobs).cancel(
      items.map((record) => record.id),
      "left alone",
      options,
    );
    return did;
  }),
  "a rewrite that is not understood keeps nothing": rewritesAs((sound) => async (id, how, options) => {
    try {
      return await sound(id, how, options);
    } catch {
      return sound(id.toWellFormed(), { keepTo: 0 }, options);
    }
  }),
  "a rewrite looks first and writes later": rewritesAs((sound, adapter) => (id, how, options) => slowly(sound, adapter, id, how, options)),
  "a cancelled run is not rewritten": rewritesAs((sound, { jobs }) => async (id, how, options) => {
    const [record] = await jobs.get([id], options);
    return record?.state === "cancelled" ? false : sound(id, how, options);
  }),
};
