import { idsOf } from "../../../lib/contract/index.js";
import type {
  Adapter,
  Along,
  Answer,
  At,
  Broker,
  Claim,
  Claimed,
  Delivery,
  Ending,
  Events,
  Journal,
  JobFilter,
  JobRecord,
  Jobs,
  Lease,
  Locks,
  NewJob,
  Page,
  QueueInfo,
  Queues,
  Schedules,
  Settled,
  Settlement,
  Which,
  Workers,
} from "../../../lib/contract/index.js";

/** A way for an adapter to be wrong: takes a sound adapter and gives back one that has the fault. */
export type Fault = (sound: Adapter) => Adapter;

/** Faults by what is wrong, in words. */
export type Faults = Readonly<Record<string, Fault>>;

/** A fault in one part: the given functions take the place of the sound ones, which they may call. */
function inPart<Part extends "broker" | "queues" | "jobs" | "journal" | "events" | "schedules" | "locks" | "workers">(part: Part) {
  return (change: (sound: Adapter[Part], adapter: Adapter) => Partial<Adapter[Part]>): Fault =>
    (adapter) => ({ ...adapter, [part]: { ...adapter[part], ...change(adapter[part], adapter) } });
}

export const inBroker: (change: (sound: Broker, adapter: Adapter) => Partial<Broker>) => Fault = inPart("broker");
export const inQueues: (change: (sound: Queues, adapter: Adapter) => Partial<Queues>) => Fault = inPart("queues");
export const inJobs: (change: (sound: Jobs, adapter: Adapter) => Partial<Jobs>) => Fault = inPart("jobs");
export const inJournal: (change: (sound: Journal, adapter: Adapter) => Partial<Journal>) => Fault = inPart("journal");
export const inEvents: (change: (sound: Events, adapter: Adapter) => Partial<Events>) => Fault = inPart("events");
export const inSchedules: (change: (sound: Schedules, adapter: Adapter) => Partial<Schedules>) => Fault = inPart("schedules");
export const inLocks: (change: (sound: Locks, adapter: Adapter) => Partial<Locks>) => Fault = inPart("locks");
export const inWorkers: (change: (sound: Workers, adapter: Adapter) => Partial<Workers>) => Fault = inPart("workers");

/** The changes of jobs one by one: by ids, but for `purge`, which forgets by a filter. */
interface Changes {
  cancel(ids: readonly string[], reason: string, options?: At): Promise<readonly Answer[]>;
  /** Returns the ids that moved. */
  retry(ids: readonly string[], options?: At): Promise<readonly string[]>;
  remove(ids: readonly string[], options?: At): Promise<readonly Answer[]>;
  purge(filter: JobFilter, options?: At): Promise<readonly Answer[]>;
  /** Lists dead letters. */
  list(filter: JobFilter, options?: At): Promise<readonly JobRecord[]>;
}

export function changesOf({ change, list }: Jobs): Changes {
  return {
    cancel: async (ids, reason, options) => (await change({ ids }, { to: "cancelled", reason }, options)).answers,
    retry: async (ids, options) =>
      (await change({ ids }, { to: "ready" }, options)).answers.flatMap(({ id, as }) => (as === "changed" ? [id] : [])),
    remove: async (ids, options) => (await change({ ids }, { to: "forgotten" }, options)).answers,
    purge: async (filter, options) => (await change(filter as Which, { to: "forgotten" }, options)).answers,
    list: async (filter, options) => (await list({ ...filter, dead: true }, options)).items,
  };
}

/** A fault in one kind of change, or in the list of dead letters. */
export const inChanges = (wrong: (sound: Changes, adapter: Adapter) => Partial<Changes>): Fault =>
  inJobs((jobs, adapter) => {
    const { cancel, retry, remove, purge, list } = wrong(changesOf(jobs), adapter);
    return {
      list: async (filter, options) =>
        list === undefined || filter?.dead !== true ? jobs.list(filter, options) : { items: await list(omit(filter, "dead"), options) },
      async change(which, change, options) {
        const ids = idsOf(which);
        if (change.to === "forgotten" && ids === undefined && purge !== undefined)
          return { answers: await purge(which as JobFilter, options) };
        if (change.to === "forgotten" && ids !== undefined && remove !== undefined) return { answers: await remove(ids, options) };
        if (change.to === "cancelled" && ids !== undefined && cancel !== undefined)
          return { answers: await cancel(ids, change.reason, options) };
        if (change.to !== "ready" || ids === undefined || retry === undefined) return jobs.change(which, change, options);
        const moved = await retry(ids, options);
        return { answers: ids.map((id) => ({ id, as: moved.includes(id) ? "changed" : "unknown" })) };
      },
    };
  });

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
  settlementsAs(({ lease, journal, note, enqueue, emit, cancel, ...ending }) => ({
    lease,
    ...(journal && { journal }),
    ...(note && { note }),
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
  inJobs(({ get, list }) => ({
    get: async (ids, options) => (await get(ids, options)).map((record) => record && change(record)),
    list: async (filter, options) => pageAs(await list(filter, options), (items) => items.map(change)),
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

/** A page with other items. */
export function pageAs<T>(page: Page<T>, change: (items: readonly T[]) => readonly T[]): Page<T> {
  return { ...page, items: change(page.items) };
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
