import type { Adapter, Within, Hint, Met } from "../../../lib/contract/index.js";
import { both, inBroker, inEvents, omit } from "./fault.js";
import type { Fault, Faults } from "./fault.js";

const outside = (options: Within | undefined): Within | undefined => options && omit(options, "transaction");
const isInside = (options: Within | undefined): boolean => options?.transaction !== undefined;

const eventsAtOnce = inEvents(({ emit }) => ({ emit: (events, options) => emit(events, outside(options)) }));

/** Work in queues that a transaction named is hinted at otherwise. */
function hints(
  change: (listener: (hint: Hint) => void, queues: ReadonlySet<string>, early: Set<() => void>) => (hint: Hint) => void,
): Fault {
  return (adapter) => {
    const queues = new Set<string>();
    const early = new Set<() => void>();
    const heard: Fault = (sound) => ({
      ...sound,
      hints: { ...sound.hints, subscribe: (listener, kinds) => sound.hints.subscribe(change(listener, queues, early), kinds) },
    });
    const noted = inBroker(({ enqueue }) => ({
      enqueue: async (jobs, options) => {
        const stored = await enqueue(jobs, options);
        if (isInside(options)) {
          for (const { queue } of jobs) queues.add(queue);
          for (const tell of early) tell();
        }
        return stored;
      },
    }));
    return both(heard, noted)(adapter);
  };
}

export const transactionFaults: Faults = {
  "jobs of a transaction are stored at once": inBroker(({ enqueue }) => ({ enqueue: (jobs, options) => enqueue(jobs, outside(options)) })),
  "events of a transaction are stored at once": eventsAtOnce,
  "a commit loses the jobs of a transaction": inBroker(({ enqueue }) => ({
    enqueue: async (jobs, options) => (isInside(options) ? { met: [] } : enqueue(jobs, options)),
  })),
  "a commit loses the events of a transaction": inEvents(({ emit }) => ({
    emit: async (events, options) => (isInside(options) ? { duplicates: [], woken: [] } : emit(events, options)),
  })),
  "a transaction reports no duplicates": inBroker(({ enqueue }) => ({
    enqueue: async (jobs, options) => (isInside(options) ? (await enqueue(jobs, options), { met: [] }) : enqueue(jobs, options)),
  })),
  "jobs of a transaction are stored one by one": inBroker(({ enqueue }) => ({
    enqueue: async (jobs, options) => {
      if (!isInside(options)) return enqueue(jobs, options);
      const met: Met[] = [];
      for (const job of jobs) met.push(...(await enqueue([job], options)).met);
      return { met };
    },
  })),
  "the links of a transaction are lost": inBroker(({ enqueue }) => ({
    enqueue: (jobs, options) => enqueue(isInside(options) ? jobs.map((job) => omit(job, "links", "waitsFor")) : jobs, options),
  })),
  "a commit hints at nothing": hints((listener, queues) => (hint) => {
    if (hint.kind !== "work" || hint.queues?.every((queue) => queues.has(queue)) !== true) listener(hint);
  }),
  "a transaction hints before its commit": hints((listener, queues, early) => {
    early.add(() => listener({ kind: "work", queues: [...queues] }));
    return listener;
  }),
  "any handle will do for a transaction": (adapter) => {
    const lax = <T>(within: () => Promise<T>, without: () => Promise<T>): Promise<T> =>
      within().catch((error: unknown) => {
        if (error instanceof TypeError) return without();
        throw error;
      });
    return both(
      inBroker(({ enqueue }) => ({
        enqueue: (jobs, options) =>
          lax(
            () => enqueue(jobs, options),
            () => enqueue(jobs, outside(options)),
          ),
      })),
      inEvents(({ emit }) => ({
        emit: (events, options) =>
          lax(
            () => emit(events, options),
            () => emit(events, outside(options)),
          ),
      })),
    )(adapter satisfies Adapter);
  },
};
