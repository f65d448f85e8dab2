import type { Along, Broker, Journal, JournalWrite, NewCancel, Settlement } from "../../../lib/contract/index.js";
import { alongAs, both, changesOf, inBroker, inJournal, omit, settlementsAs } from "./fault.js";
import type { Fault, Faults } from "./fault.js";

type Carrier = Settlement | JournalWrite;

type Doing = Broker & Pick<ReturnType<typeof changesOf>, "cancel">;

/** A carrier without some of what travels along. */
const rid = <T extends Along>(along: T, ...members: readonly (keyof Along)[]): T => omit(along, ...members) as T;

/** Something is done with what travels along, before or after the call that should have done it. */
function apart(of: {
  readonly before?: (carrier: Carrier, broker: Doing, emit: (carrier: Carrier) => Promise<unknown>) => Promise<unknown>;
  readonly after?: (carrier: Carrier, broker: Doing, lost: boolean) => Promise<unknown>;
  readonly left: readonly (keyof Along)[];
}): Fault {
  return (adapter) => {
    const { settle } = adapter.broker;
    const { append } = adapter.journal;
    const round = async <C extends Carrier, T extends { readonly lost: readonly string[] }>(
      carriers: readonly C[],
      send: (list: readonly C[]) => Promise<T>,
      now: { readonly now?: number } | undefined,
    ): Promise<T> => {
      const emit = (carrier: Carrier): Promise<unknown> => adapter.events.emit(carrier.emit ?? [], now);
      const broker: Doing = {
        ...adapter.broker,
        cancel: (ids, reason) => changesOf(adapter.jobs).cancel(ids, reason, now),
        enqueue: (jobs) => adapter.broker.enqueue(jobs, now),
      };
      for (const carrier of carriers) await of.before?.(carrier, broker, emit);
      const sent = await send(carriers.map((carrier) => rid(carrier, ...of.left)));
      for (const carrier of carriers) await of.after?.(carrier, broker, sent.lost.includes(carrier.lease.jobId));
      return sent;
    };
    return both(
      inBroker(() => ({ settle: (list, next, options) => round(list, (left) => settle(left, next, options), options) })),
      inJournal(() => ({ append: (list, options) => round(list, (left) => append(left, options), options) }) as Partial<Journal>),
    )(adapter);
  };
}

const cancelAll = async ({ cancel = [] }: Carrier, broker: Doing): Promise<void> => {
  for (const { id, reason } of cancel) await broker.cancel([id], reason);
};

const cancelsAs = (change: (cancels: readonly NewCancel[], of: Carrier) => readonly NewCancel[]): Fault =>
  alongAs((along) => (along.cancel === undefined ? along : { ...along, cancel: change(along.cancel, along as unknown as Carrier) }));

let serial = 0;

export const alongFaults: Faults = {
  "only a success stores jobs": settlementsAs((settlement) => (settlement.as === "succeeded" ? settlement : rid(settlement, "enqueue"))),
  "a write to a journal stores no jobs": inJournal(({ append }) => ({
    append: (writes, options) =>
      append(
        writes.map((write) => rid(write, "enqueue")),
        options,
      ),
  })),
  "a write to a journal emits nothing": inJournal(({ append }) => ({
    append: (writes, options) =>
      append(
        writes.map((write) => rid(write, "emit")),
        options,
      ),
  })),
  "events that travel along are always new": alongAs((along) =>
    along.emit === undefined ? along : { ...along, emit: along.emit.map((event) => ({ ...event, id: `${event.id} ${++serial}` })) },
  ),
  "a cancel that travels along is for one job at most": cancelsAs((cancels) => cancels.slice(0, 1)),
  "nobody is cancelled along": alongAs((along) => rid(along, "cancel")),
  "nobody cancels itself along": cancelsAs((cancels, { lease }) => cancels.filter(({ id }) => id !== lease.jobId)),
  "of what travels along the first is written": alongAs((along) =>
    along.enqueue !== undefined ? rid(along, "emit", "cancel") : along.emit !== undefined ? rid(along, "cancel") : along,
  ),
  "a lost write still stores its jobs": apart({
    left: [],
    after: async ({ enqueue = [] }, broker, lost) => (lost ? broker.enqueue(enqueue) : undefined),
  }),
  "a lost write still emits": apart({ left: [], before: (carrier, _, emit) => emit(carrier) }),
  "a lost write still cancels": apart({
    left: [],
    after: async (carrier, broker, lost) => (lost ? cancelAll(carrier, broker) : undefined),
  }),
  "what travels along comes before the ending": apart({ left: ["emit"], before: (carrier, _, emit) => emit(carrier) }),
  "what travels along comes after the claim": apart({
    left: ["enqueue"],
    after: async ({ enqueue = [] }, broker) => broker.enqueue(enqueue),
  }),
  "cancels come before the jobs that travel along": apart({ left: ["cancel"], before: cancelAll }),
  "links are followed before a cancel along": apart({ left: ["cancel"], after: cancelAll }),
};
