import type {
  Adapter,
  Along,
  At,
  Broker,
  Claim,
  Claimed,
  DeadLetters,
  Delivery,
  Ending,
  Events,
  Journal,
  JobRecord,
  Lease,
  Locks,
  NewJob,
  QueueInfo,
  Queues,
  Results,
  Schedules,
  Settled,
  Settlement,
  Workers,
} from "../../../lib/contract/index.js";

/** A way for an adapter to be wrong: takes a sound adapter and gives back one that has the fault. */
export type Fault = (sound: Adapter) => Adapter;

/** Faults by what is wrong, in words. */
export type Faults = Readonly<Record<string, Fault>>;

/** A fault in one part: the given functions take the place of the sound ones, which they may call. */
function inPart<Part extends "broker" | "queues" | "results" | "journal" | "events" | "schedules" | "locks" | "workers">(part: Part) {
  return (change: (sound: Adapter[Part], adapter: Adapter) => Partial<Adapter[Part]>): Fault =>
    (adapter) => ({ ...adapter, [part]: { ...adapter[part], ...change(adapter[part], adapter) } });
}

export const inBroker: (change: (sound: Broker, adapter: Adapter) => Partial<Broker>) => Fault = inPart("broker");
export const inQueues: (change: (sound: Queues, adapter: Adapter) => Partial<Queues>) => Fault = inPart("queues");
export const inResults: (change: (sound: Results, adapter: Adapter) => Partial<Results>) => Fault = inPart("results");
export const inJournal: (change: (sound: Journal, adapter: Adapter) => Partial<Journal>) => Fault = inPart("journal");
export const inEvents: (change: (sound: Events, adapter: Adapter) => Partial<Events>) => Fault = inPart("events");
export const inSchedules: (change: (sound: Schedules, adapter: Adapter) => Partial<Schedules>) => Fault = inPart("schedules");
export const inLocks: (change: (sound: Locks, adapter: Adapter) => Partial<Locks>) => Fault = inPart("locks");
export const inWorkers: (change: (sound: Workers, adapter: Adapter) => Partial<Workers>) => Fault = inPart("workers");

export const inDeadLetters = (change: (sound: DeadLetters, adapter: Adapter) => Partial<DeadLetters>): Fault =>
  inBroker((broker, adapter) => ({ deadLetters: { ...broker.deadLetters, ...change(broker.deadLetters, adapter) } }));

/** Several faults at once. */
export const both =
  (...faults: readonly Fault[]): Fault =>
  (adapter) =>
    faults.reduce((broken, fault) => fault(broken), adapter);

/** Jobs are stored other than they were given, by whichever verb. */
export const jobsAs = (change: (job: NewJob) => NewJob): Fault =>
  both(
    inBroker(({ enqueue, settle }) => ({
      enqueue: (jobs, options) => enqueue(jobs.map(change), options),
      settle: (settlements, next, options) =>
        settle(
          settlements.map((settlement) => (settlement.enqueue ? { ...settlement, enqueue: settlement.enqueue.map(change) } : settlement)),
          next,
          options,
        ),
    })),
    inSchedules(({ fire }) => ({
      fire: (shots, options) =>
        fire(
          shots.map((shot) => ({ ...shot, ...(shot.job && { job: change(shot.job) }) })),
          options,
        ),
    })),
  );

/** A job without some of its fields. */
export const without =
  (...fields: readonly (keyof NewJob)[]) =>
  (job: NewJob): NewJob => {
    const left = { ...job };
    for (const field of fields) delete left[field];
    return left;
  };

/** Whatever a claim brings is changed, also on the way out of a settle. */
export const claimedAs = (change: (claimed: Claimed, claim: Claim) => Claimed): Fault =>
  inBroker(({ claim, settle }) => ({
    claim: async (request, options) => change(await claim(request, options), request),
    settle: async (settlements, next, options) => {
      const settled = await settle(settlements, next, options);
      return settled.claimed && next ? { ...settled, claimed: change(settled.claimed, next) } : settled;
    },
  }));

export const deliveriesAs = (change: (delivery: Delivery) => Delivery): Fault =>
  claimedAs((claimed) => ({ ...claimed, deliveries: claimed.deliveries.map(change) }));

/** Claims are asked other than they were. */
export const asksAs = (change: (claim: Claim) => Claim): Fault =>
  inBroker(({ claim, settle }) => ({
    claim: (request, options) => claim(change(request), options),
    settle: (settlements, next, options) => settle(settlements, next && change(next), options),
  }));

/** Deliveries end otherwise than they were said to. */
export const endingsAs = (change: (ending: Ending) => Ending): Fault =>
  settlementsAs(({ lease, journal, enqueue, emit, cancel, ...ending }) => ({
    lease,
    ...(journal && { journal }),
    ...(enqueue && { enqueue }),
    ...(emit && { emit }),
    ...(cancel && { cancel }),
    ...change(ending),
  }));

/** What travels along is changed, with settlements and with writes to journals. */
export const alongAs = (change: <T extends Along>(along: T) => T): Fault =>
  both(
    settlementsAs(change),
    inJournal(({ append }) => ({ append: (writes, options) => append(writes.map(change), options) })),
  );

export const settlementsAs = (change: (settlement: Settlement) => Settlement | undefined): Fault =>
  inBroker(({ settle }) => ({
    settle: (settlements, next, options) =>
      settle(
        settlements.flatMap((settlement) => change(settlement) ?? []),
        next,
        options,
      ),
  }));

export const settledAs = (change: (settled: Settled) => Settled): Fault =>
  inBroker(({ settle }) => ({ settle: async (settlements, next, options) => change(await settle(settlements, next, options)) }));

/** Queues are told other than they are. */
export const queuesAs = (change: (info: QueueInfo, adapter: Adapter, options: At | undefined) => QueueInfo | Promise<QueueInfo>): Fault =>
  inQueues(({ list }, adapter) => ({
    list: async (filter, options) => {
      const page = await list(filter, options);
      return { ...page, items: await Promise.all(page.items.map((info) => change(info, adapter, options))) };
    },
  }));

/** Records are told other than they are. */
export const recordsAs = (change: (record: JobRecord) => JobRecord): Fault =>
  inResults(({ get, list }) => ({
    get: async (ids, options) => (await get(ids, options)).map((record) => record && change(record)),
    list: async (filter, options) => (await list(filter, options)).map(change),
  }));

/** The adapter forgets which lease is the present one: any lease of a job that is lent will do. */
export const anyFence: Fault = mistaken((lease, present) => present ?? lease);

/**
 * The adapter counts the deliveries of what is stored, and nothing tells a job from one that had its id
 * before.
 */
export const leasesStartAnew: Fault = (adapter) =>
  deliveriesAs((delivery) => but(delivery, { lease: but(delivery.lease, { job: 0 }) }))(
    mistaken((lease, present) => (lease.fence === present?.fence ? present : lease))(adapter),
  );

/** Takes each lease for another one, `present` being the last that was given for its id. */
function mistaken(current: (lease: Lease, present: Lease | undefined) => Lease): Fault {
  const leases = new Map<string, Lease>();
  const taken = (lease: Lease): Lease => current(lease, leases.get(lease.jobId));
  return both(
    deliveriesAs((delivery) => {
      leases.set(delivery.job.id, delivery.lease);
      return delivery;
    }),
    settlementsAs((settlement) => ({ ...settlement, lease: taken(settlement.lease) })),
    inJournal(({ append }) => ({
      append: (writes, options) =>
        append(
          writes.map((write) => ({ ...write, lease: taken(write.lease) })),
          options,
        ),
    })),
    inWorkers(({ renew }) => ({ renew: (worker, held, options) => renew(worker, held.map(taken), options) })),
  );
}

/** An object without some keys. */
export function omit<T extends object, Key extends keyof T>(from: T, ...keys: readonly Key[]): Omit<T, Key> {
  const left = { ...from };
  for (const key of keys) delete left[key];
  return left;
}

/** An object with some fields changed. */
export function but<T extends object>(from: T, changes: Partial<T>): T {
  return Object.assign({}, from, changes);
}
