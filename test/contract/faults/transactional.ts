import { memory } from "../../../lib/adapters/memory/index.js";
import { type Adapter, checkJobs, type Within, metKnown } from "../../../lib/contract/index.js";
import type { LawTransaction } from "../../../lib/testing/laws/index.js";
import { inBroker, inEvents } from "./fault.js";

/** What was asked for in it and is carried out at its commit. */
class Transaction {
  readonly ids = new Set<string>();
  readonly work: (() => Promise<unknown>)[] = [];
  isOpen = true;
}

/**
 * A sound adapter that takes part in transactions, for faults to spoil: memory, with whatever a transaction
 * asked for put off until its commit.
 */
export function transactional(): { readonly adapter: Adapter; readonly begin: () => Promise<LawTransaction> } {
  const sound = memory();
  const capabilities = { ...sound.capabilities, transactions: true };
  const { broker, events, jobs: stored } = sound;
  /** Carries out one call, now or at the commit; returns the ids that are known. */
  const call = async (
    ids: readonly string[],
    options: Within | undefined,
    known: (id: string) => Promise<boolean>,
    work: Transaction["work"][0],
  ) => {
    const { transaction } = options ?? {};
    if (!(transaction instanceof Transaction && transaction.isOpen)) throw new TypeError("Pass an open transaction.");
    const duplicates: string[] = [];
    for (const id of ids) {
      if (transaction.ids.has(id) || (await known(id))) duplicates.push(id);
      transaction.ids.add(id);
    }
    transaction.work.push(work);
    return duplicates;
  };
  const within = [
    inBroker(() => ({
      enqueue: async (jobs, options) => {
        if (options?.transaction === undefined) return broker.enqueue(jobs, options);
        checkJobs(jobs, sound);
        const { transaction: _, ...at } = options;
        const known = async (id: string): Promise<boolean> => (await stored.get([id], at))[0] !== undefined;
        const ids = await call(
          jobs.map(({ id }) => id),
          options,
          known,
          () => broker.enqueue(jobs, at),
        );
        return { met: metKnown(ids) };
      },
    })),
    inEvents(() => ({
      emit: async (list, options) => {
        if (options?.transaction === undefined) return events.emit(list, options);
        const { transaction: _, ...at } = options;
        const known = async (id: string): Promise<boolean> =>
          (await Promise.all(list.map(({ name }) => events.list({ name }, at)))).flat().some((event) => event.id === id);
        return {
          duplicates: await call(
            list.map(({ id }) => id),
            options,
            known,
            () => events.emit(list, at),
          ),
          woken: [],
        };
      },
    })),
  ];
  return {
    adapter: within.reduce<Adapter>((adapter, part) => part(adapter), { ...sound, capabilities }),
    begin: async () => {
      const handle = new Transaction();
      return {
        handle,
        outside: { begin: () => {} },
        commit: async () => {
          handle.isOpen = false;
          for (const work of handle.work) await work();
        },
        rollback: async () => void (handle.isOpen = false),
      };
    },
  };
}
