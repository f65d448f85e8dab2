import { checkJobs, idsMet, metKnown } from "../../../lib/contract/index.js";
import type { Met, NewJob } from "../../../lib/contract/index.js";
import { asksAs, both, changesOf, claimedAs, deliveriesAs, inBroker, inEvents, jobsAs, omit, without, but } from "./fault.js";
import type { Faults } from "./fault.js";

export const jobFaults: Faults = {
  "headers are not stored": jobsAs(without("headers")),
  "absent fields come back as undefined": deliveriesAs((delivery) => ({
    ...delivery,
    job: Object.assign({ headers: undefined, group: undefined }, delivery.job) as never,
  })),
  "text is trimmed": jobsAs((job) => but(job, { payload: job.payload.trim() })),
  "large payloads are cut": jobsAs((job) => but(job, { payload: job.payload.slice(0, 65_536) })),
  "an empty payload becomes an object": jobsAs((job) => ({ ...job, payload: job.payload || "{}" })),
  "a batch is stored up to its hundredth job": inBroker(({ enqueue }) => ({
    enqueue: (jobs, options) => enqueue(jobs.slice(0, 100), options),
  })),
  "jobs of a batch are stored one by one": inBroker(({ enqueue }) => ({
    enqueue: async (jobs, options) => {
      const met: Met[] = [];
      for (const job of jobs) met.push(...(await enqueue([job], options)).met);
      return { met };
    },
  })),
  "what is not honoured is ignored without a word": jobsAs(without("limits", "unique")),
  "what is not honoured is refused when the rest is stored": inBroker(({ enqueue }, adapter) => ({
    enqueue: async (jobs, options) => {
      await enqueue(
        jobs.filter((job) => isGood(job, adapter)),
        options,
      );
      return enqueue(jobs, options);
    },
  })),
  "a fact of a job is taken from the job before": (adapter) => {
    let last: NewJob | undefined;
    return jobsAs((job) => {
      const taken = last?.keepResultMs === undefined ? job : { ...job, keepResultMs: last.keepResultMs };
      last = job;
      return taken;
    })(adapter);
  },
  "a fact of a job is forgotten when the job before has none": (adapter) => {
    let last: NewJob | undefined;
    return jobsAs((job) => {
      const cut = last !== undefined && last.headers === undefined ? without("group")(job) : job;
      last = job;
      return cut;
    })(adapter);
  },
  "transactions are ignored without a word": both(
    inBroker(({ enqueue }) => ({ enqueue: (jobs, options) => enqueue(jobs, options && omit(options, "transaction")) })),
    inEvents(({ emit }) => ({ emit: (events, options) => emit(events, options && omit(options, "transaction")) })),
  ),
  "a batch with a known id is skipped whole": inBroker(({ enqueue }, { jobs: stored }) => ({
    enqueue: async (jobs, options) => {
      const known = await stored.get(
        jobs.map(({ id }) => id),
        options,
      );
      return known.some((record) => record !== undefined)
        ? { met: metKnown(jobs.filter((_, i) => known[i] !== undefined).map(({ id }) => id)) }
        : enqueue(jobs, options);
    },
  })),
  "the last of two equal ids wins": inBroker(({ enqueue }) => ({ enqueue: (jobs, options) => enqueue([...jobs].toReversed(), options) })),
  "duplicates are not reported": inBroker(({ enqueue }) => ({
    enqueue: async (jobs, options) => {
      await enqueue(jobs, options);
      return { met: [] };
    },
  })),
  "duplicates are sorted": inBroker(({ enqueue }) => ({
    enqueue: async (jobs, options) => ({ met: metKnown(idsMet(await enqueue(jobs, options)).sort()) }),
  })),
  "a duplicate takes the place of the stored job": inBroker((sound, { jobs: stored }) => ({
    enqueue: async (jobs, options) => {
      const { met } = await sound.enqueue(jobs, options);
      if (met.length > 0) await changesOf(stored).cancel(idsMet({ met }), "replaced", options);
      return { met };
    },
  })),
  "known ids are looked up before the write and outside it": inBroker((sound, { jobs: stored }) => ({
    enqueue: async (jobs, options) => {
      const known = await stored.get(
        jobs.map(({ id }) => id),
        options,
      );
      await sound.enqueue(jobs, options);
      return { met: metKnown(jobs.filter((_, i) => known[i] !== undefined).map(({ id }) => id)) };
    },
  })),
  "jobs stored by a settlement are not checked": inBroker(({ settle }, adapter) => ({
    settle: (settlements, next, options) =>
      settle(
        settlements.map((settlement) =>
          settlement.enqueue ? { ...settlement, enqueue: settlement.enqueue.filter((job) => isGood(job, adapter)) } : settlement,
        ),
        next,
        options,
      ),
  })),
  "the delay is ignored": jobsAs(without("delayMs", "dueAt")),
  "the priority is ignored": jobsAs(without("priority")),
  "all priorities are the highest": jobsAs((job) => but(job, { priority: job.priority === undefined ? 0 : 9 })),
  "the expiry is ignored": jobsAs(without("expiresAt", "expiresInMs")),
  "the due time counts from the year zero": jobsAs((job) =>
    job.dueAt === undefined ? job : { ...job, dueAt: Math.max(0, job.dueAt % 1_000) },
  ),
  "maxLapses is ignored": jobsAs(without("maxLapses")),
  "every job may lapse once more than it should": jobsAs((job) => but(job, { maxLapses: (job.maxLapses ?? 5) + 1 })),
  "every job that says nothing may lapse six times": jobsAs((job) => but(job, { maxLapses: job.maxLapses ?? 6 })),
  "groups are ignored": jobsAs(without("group")),
  "links are ignored": jobsAs(without("links", "waitsFor")),
  "onFailure is ignored": jobsAs((job) => (job.links ? { ...job, links: job.links.map(({ to, position }) => ({ to, position })) } : job)),
  "every link carries on": jobsAs((job) =>
    job.links ? { ...job, links: job.links.map((link) => but(link, { onFailure: "continue" })) } : job,
  ),
  "only the first link of a job counts": inBroker(({ enqueue }) => ({ enqueue: (jobs, options) => enqueue(firstLinkOnly(jobs), options) })),
  "a waiting job's delay counts for nothing": jobsAs((job) => (job.waitsFor ? without("delayMs", "dueAt")(job) : job)),
  "results are kept for a week": jobsAs((job) => but(job, { keepResultMs: 7 * 86_400_000 })),
  "results are not kept": jobsAs((job) => but(job, { keepResultMs: 0 })),
  "failures are kept as long as results": jobsAs((job) => but(job, { keepFailedMs: job.keepResultMs ?? 86_400_000 })),
  "failures are kept for ever": jobsAs((job) => but(job, { keepFailedMs: 1e12 })),
  "keepResultMs 0 means for a moment": jobsAs((job) => (job.keepResultMs === 0 ? but(job, { keepResultMs: 1 }) : job)),
  "a claim asks for ten times as many": asksAs((claim) => ({
    ...claim,
    limit: claim.limit * 10,
    from: claim.from.map((share) => (share.limit ? { ...share, limit: share.limit * 10 } : share)),
  })),
  "the share of a queue is ignored": asksAs((claim) => ({ ...claim, from: claim.from.map(({ queue }) => ({ queue })) })),
  "queues are served in the order of their names": asksAs((claim) => ({
    ...claim,
    from: [...claim.from].sort((a, b) => (a.queue < b.queue ? -1 : 1)),
  })),
  "the last comes first": claimedAs((claimed) => ({ ...claimed, deliveries: [...claimed.deliveries].toReversed() })),
  "deliveries come in the order of storing": claimedAs((claimed) => ({
    ...claimed,
    deliveries: [...claimed.deliveries].sort(
      (a, b) => a.job.enqueuedAt - b.job.enqueuedAt || (serial(a.job.id) < serial(b.job.id) ? -1 : 1),
    ),
  })),
  "no claim goes upward": asksAs((claim) => omit(claim, "upward")),
  "every claim goes upward": asksAs((claim) => ({ ...claim, upward: true })),
  "a claim lends one job at most": asksAs((claim) => ({ ...claim, limit: 1 })),
  "a claim skips a job now and then": claimedAs((claimed) => ({ ...claimed, deliveries: claimed.deliveries.filter((_, i) => i < 63) })),
};

/** The number at the end of an id. */
function serial(id: string): number {
  return Number(/\d+$/.exec(id)?.[0] ?? 0);
}

function isGood(job: NewJob, adapter: Parameters<typeof checkJobs>[1]): boolean {
  try {
    checkJobs([job], adapter);
    return true;
  } catch {
    return false;
  }
}

function firstLinkOnly(jobs: readonly NewJob[]): NewJob[] {
  const cut = jobs.map((job) => (job.links ? but(job, { links: job.links.slice(0, 1) }) : job));
  const waits = new Map<string, number>();
  for (const { links } of cut) for (const { to } of links ?? []) waits.set(to, (waits.get(to) ?? 0) + 1);
  return cut.map((job) => (job.waitsFor ? but(job, { waitsFor: waits.get(job.id) ?? 0 }) : job));
}
