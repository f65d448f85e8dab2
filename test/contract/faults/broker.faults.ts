import type { Adapter, Delivery, JobFilter } from "../../../lib/contract/index.js";
import {
  changesOf,
  anyFence,
  leasesStartAnew,
  both,
  claimedAs,
  deliveriesAs,
  endingsAs,
  inBroker,
  inChanges,
  inJobs,
  inWorkers,
  omit,
  recordsAs,
  settledAs,
  settlementsAs,
  but,
} from "./fault.js";
import type { Faults } from "./fault.js";

const HOUR_MS = 3_600_000;

export const brokerFaults: Faults = {
  "half a character in an error is refused": inBroker(({ settle }) => ({
    settle: async (settlements, next, options) => {
      for (const settlement of settlements)
        if ("error" in settlement && /\\ud[89a-f]/.test(JSON.stringify(settlement.error?.message)))
          throw new Error("invalid unicode escape code");
      return settle(settlements, next, options);
    },
  })),
  "a job is lent again while it runs": (adapter) => {
    const lent: Delivery[] = [];
    return claimedAs((claimed, { limit }) => {
      lent.push(...claimed.deliveries);
      return claimed.deliveries.length > 0 || claimed.lapsed ? claimed : { ...claimed, deliveries: lent.slice(0, limit) };
    })(adapter);
  },
  "the last claim's jobs are lent along": (adapter) => {
    let last: readonly Delivery[] = [];
    return claimedAs((claimed) => {
      const deliveries = [...last.slice(0, 1), ...claimed.deliveries];
      last = claimed.deliveries;
      return { ...claimed, deliveries };
    })(adapter);
  },
  "nextDueAt is always in a second": claimedAs((claimed) => ({ ...claimed, nextDueAt: claimed.now + 1_000 })),
  "nextDueAt is never given": claimedAs((claimed) => ({ ...claimed, nextDueAt: undefined })),
  "nextDueAt is now when the limit was reached": claimedAs((claimed, { limit }) =>
    claimed.deliveries.length === limit ? { ...claimed, nextDueAt: claimed.now } : claimed,
  ),
  "nextDueAt looks at paused queues": claimedAs((claimed) => ({ ...claimed, nextDueAt: claimed.nextDueAt ?? claimed.now + 50 })),
  "a worker without a lease gets one by claiming": inBroker(({ claim, settle }, { workers }) => ({
    claim: async (request, options) => {
      await workers.renew({ id: request.worker, leaseMs: 1_000, info: {} }, [], options);
      return claim(request, options);
    },
    settle: async (settlements, next, options) => {
      if (next) await workers.renew({ id: next.worker, leaseMs: 1_000, info: {} }, [], options);
      return settle(settlements, next, options);
    },
  })),
  "expired jobs are said to be cancelled": recordsAs((record) => (record.state === "expired" ? { ...record, state: "cancelled" } : record)),
  "a job that has started expires too": inBroker(({ enqueue, claim }, { jobs: stored }) => {
    const expiries = new Map<string, number>();
    return {
      enqueue: (jobs, options) => {
        for (const { id, expiresAt } of jobs) if (expiresAt !== undefined) expiries.set(id, expiresAt);
        return enqueue(jobs, options);
      },
      claim: async (request, options) => {
        const claimed = await claim(request, options);
        const late = new Set(ids(claimed.deliveries.filter(({ job }) => (expiries.get(job.id) ?? Infinity) <= claimed.now)));
        await changesOf(stored).cancel([...late], "expired", options);
        return { ...claimed, deliveries: claimed.deliveries.filter(({ job }) => !late.has(job.id)) };
      },
    };
  }),
  "results are not stored": endingsAs((ending) => (ending.as === "succeeded" ? omit(ending, "result") : ending)),
  "no result is stored as null": endingsAs((ending) => (ending.as === "succeeded" ? { result: "null", ...ending } : ending)),
  "an empty result is stored as none": endingsAs((ending) =>
    ending.as === "succeeded" && ending.result === "" ? omit(ending, "result") : ending,
  ),
  "results are trimmed": endingsAs((ending) =>
    ending.as === "succeeded" && ending.result ? { ...ending, result: ending.result.trim() } : ending,
  ),
  "large results are cut": recordsAs((record) => (record.result ? { ...record, result: record.result.slice(0, 65_536) } : record)),
  "a hand-back goes to the end of the line": endingsAs((ending) =>
    ending.as === "ready" && ending.attempt === "returned" && ending.dueAt !== undefined
      ? { ...omit(ending, "dueAt"), delayMs: 0 }
      : ending,
  ),
  "what is said of a hand-back is lost": endingsAs((ending) =>
    ending.as === "ready" && ending.attempt === "returned" ? omit(ending, "error") : ending,
  ),
  "only the known fields of an error are kept": recordsAs((record) =>
    record.error === undefined ? record : { ...record, error: { ...omit(record.error, "handedBack") } },
  ),
  "every failure is an error": endingsAs((ending) => (ending.as === "failed" ? { ...ending, cause: "error" } : ending)),
  "a retry gives the attempt back": endingsAs((ending) => (ending.as === "ready" ? { ...ending, attempt: "returned" } : ending)),
  "a snooze spends the attempt": endingsAs((ending) => (ending.as === "ready" ? { ...ending, attempt: "spent" } : ending)),
  "a hand-back forgets the lapses": endingsAs((ending) => (ending.as === "ready" ? { ...ending, ran: true } : ending)),
  "lapses are never forgotten": endingsAs((ending) => (ending.as === "ready" ? omit(ending, "ran") : ending)),
  "the store has names of its own for failures": recordsAs((record) =>
    record.error?.code?.startsWith("STEM_") === true ? but(record, { error: but(record.error, { name: "Ended" }) }) : record,
  ),
  "failures of the store have no code": recordsAs((record) =>
    record.error?.code?.startsWith("STEM_") === true ? but(record, { error: omit(record.error, "code") }) : record,
  ),
  "lapses are kept whatever is journaled": (adapter) => {
    const lives = new Map<string, number>();
    return deliveriesAs((delivery) => {
      const lapses = lives.get(delivery.job.id) ?? 0;
      lives.set(delivery.job.id, lapses + 1);
      return but(delivery, { lapses });
    })(adapter);
  },
  "a retry comes at once": endingsAs((ending) => (ending.as === "ready" ? omit(ending, "delayMs", "dueAt") : ending)),
  "a release waits a second": endingsAs((ending) =>
    ending.as === "ready" && ending.delayMs === undefined && ending.dueAt === undefined ? { ...ending, delayMs: 1_000 } : ending,
  ),
  "a handler's cancel is a failure": endingsAs((ending) =>
    ending.as === "cancelled" ? { ...ending, as: "failed", cause: "error" } : ending,
  ),
  "the fence starts again for each attempt": deliveriesAs((delivery) => ({
    ...delivery,
    lease: { ...delivery.lease, fence: delivery.attempt },
  })),
  "every delivery counts as an attempt": deliveriesAs((delivery) => but(delivery, { attempt: delivery.lease.fence })),
  "lapses are not counted": deliveriesAs((delivery) => but(delivery, { lapses: 0 })),
  "every delivery counts as a lapse": deliveriesAs((delivery) => but(delivery, { lapses: delivery.lease.fence - 1 })),
  "any fence will do": anyFence,
  "leases start anew with each job": leasesStartAnew,
  "leases never run out": inWorkers(({ renew }) => ({
    renew: (worker, held, options) => renew({ ...worker, leaseMs: worker.leaseMs * 1_000_000 }, held, options),
  })),
  "a lease is not renewed": inWorkers(({ renew, list }) => ({
    renew: async (worker, held, options) => {
      const known = (await list({ limit: 1_000 }, options)).items.find(({ id }) => id === worker.id);
      const now = options?.now ?? 0;
      return renew(known && known.leaseUntil > now ? but(worker, { leaseMs: known.leaseUntil - now }) : worker, held, options);
    },
  })),
  "a lost settlement still stores its journal and jobs": inBroker(({ settle, enqueue }) => ({
    settle: async (settlements, next, options) => {
      const settled = await settle(settlements, next, options);
      for (const settlement of settlements)
        if (settled.lost.includes(settlement.lease.jobId)) await enqueue(settlement.enqueue ?? [], options);
      return settled;
    },
  })),
  "lost leases are not reported": settledAs((settled) => ({ ...settled, lost: [] })),
  "the last of two equal leases counts": inBroker(({ settle }) => ({
    settle: (settlements, next, options) => settle([...settlements].toReversed(), next, options),
  })),
  "one lost lease holds up the batch": inBroker(({ settle }, { jobs }) => ({
    settle: async (settlements, next, options) => {
      const records = await jobs.get(
        settlements.map(({ lease }) => lease.jobId),
        options,
      );
      const stale = records.filter((record) => record && record.state !== "active");
      return stale.length > 0 ? { lost: stale.map((record) => record!.id) } : settle(settlements, next, options);
    },
  })),
  "settling forgets to lend": settledAs((settled) =>
    settled.claimed ? { ...settled, claimed: { ...settled.claimed, deliveries: [] } } : settled,
  ),
  "settling lends unasked": inBroker(({ settle, claim }, { workers }) => ({
    settle: async (settlements, next, options) => {
      const settled = await settle(settlements, next, options);
      await workers.renew({ id: "greedy", leaseMs: HOUR_MS, info: {} }, [], options);
      return { claimed: await claim({ worker: "greedy", from: [], limit: 1 }, options), ...settled };
    },
  })),
  "jobs of a settlement are not stored": settlementsAs((settlement) => omit(settlement, "enqueue") as typeof settlement),
  "cancel spares running jobs": inChanges(({ cancel }, adapter) => ({
    cancel: (ids, reason, options) => sparing(adapter, cancel, ids, reason, options),
  })),
  "cancel says it ended what had ended": inChanges(({ cancel }) => ({
    cancel: async (ids, reason, options) => (await cancel(ids, reason, options)).map((answer) => but(answer, { as: "changed" })),
  })),
  "cancel keeps the reason to itself": recordsAs((record) =>
    record.state === "cancelled" && record.error ? { ...record, error: { ...record.error, message: "" } } : record,
  ),
  "cancel comes in two steps, the answer first": inChanges(({ cancel }, { jobs }) => ({
    cancel: async (ids, reason, options) => {
      const before = await jobs.get(ids, options);
      await cancel(ids, reason, options);
      return ids.map((id, i) => ({ id, as: before[i]?.state === "active" ? "changed" : "ended" }));
    },
  })),
  "an unknown id is said to have ended": inChanges(({ cancel }) => ({
    cancel: async (ids, reason, options) =>
      (await cancel(ids, reason, options)).map((answer) => (answer.as === "unknown" ? but(answer, { as: "ended" }) : answer)),
  })),
  "a job keeps its worker after its end": recordsAs((record) => ({ worker: "ann", ...record })),
  "the cause is always told": recordsAs((record) => ({ cause: "error", ...record })),
  "what died of an input says it died of an error": recordsAs((record) =>
    record.cause === "input" ? { ...record, cause: "error" } : record,
  ),
  "dead letters are listed first death first": inChanges(({ list }) => ({
    list: async (filter, options) => [...(await list(filter, options))].toReversed(),
  })),
  "what died of its input is a dead letter": inChanges(({ list }, { jobs }) => ({
    list: async (filter, options) => {
      const letters = await list(filter, options);
      const failed = (await jobs.list({ state: "failed" }, options)).items;
      return failed.length === letters.length ? letters : [...letters, ...letters];
    },
  })),
  "filters of dead letters are ignored": inChanges(({ list }) => ({ list: (_, options) => list({}, options) })),
  "the cursor of dead letters is the moment of death": inChanges(({ list }, { jobs }) => ({
    list: async (filter = {}, options) => {
      if (filter.cursor === undefined) return list(filter, options);
      const [last] = await jobs.get([filter.cursor], options);
      return list({ ...omit(filter, "cursor"), before: last?.endedAt ?? 0 }, options);
    },
  })),
  "a retried job keeps its attempts": deliveriesAs((delivery) => but(delivery, { attempt: delivery.lease.fence - delivery.lapses })),
  "retry moves dead letters alone": inChanges(({ retry, list }) => ({
    retry: async (ids, options) => {
      const dead = new Set((await list({}, options)).map(({ id }) => id));
      return retry(
        ids.filter((id) => dead.has(id)),
        options,
      );
    },
  })),
  "retry says it moved everything": inChanges(({ retry }) => ({
    retry: async (ids, options) => {
      await retry(ids, options);
      return ids;
    },
  })),
  "retry moves what succeeded": (adapter) => {
    const moved = new Set<string>();
    return both(
      inChanges(({ retry }) => ({
        retry: (asked, options) => {
          for (const id of asked) moved.add(id);
          return retry(asked, options);
        },
      })),
      recordsAs((record) => (record.state === "succeeded" && moved.has(record.id) ? { ...record, state: "ready" } : record)),
    )(adapter);
  },
  "retry does nothing": inChanges(() => ({ retry: async () => [] })),
  "purge forgets everything dead": inChanges(({ purge }) => ({ purge: (_, options) => purge(DEAD, options) })),
  "purge without a filter means all": inChanges(({ purge }) => ({
    purge: (filter, options) => purge(Object.keys(filter).length === 0 ? DEAD : filter, options),
  })),
  "a purge that knows no field of its filter means all": inChanges(({ purge }) => ({
    purge: (filter, options) => purge(known(filter, FIELDS) ? filter : DEAD, options),
  })),
  "unknown fields of a purge are ignored": inChanges(({ purge }) => ({
    purge: (filter, options) => purge(narrowed(filter, [...FIELDS, "all", "limit", "cursor", "from"]) as JobFilter, options),
  })),
  "the limit of a purge is ignored": inChanges(({ purge }) => ({
    purge: (filter, options) => purge(("limit" in filter ? omit(filter, "limit") : filter) as JobFilter, options),
  })),
  "purge takes along whoever waited": (adapter) => {
    let purged = false;
    return both(
      inChanges(({ purge }) => ({
        purge: (filter, options) => {
          purged = "ids" in filter;
          return purge(filter, options);
        },
      })),
      inJobs(({ get }) => ({
        get: async (asked, options) =>
          (await get(asked, options)).map((record) => (purged && record?.cause === "input" ? undefined : record)),
      })),
    )(adapter);
  },
};

const DEAD: JobFilter = { dead: true };
const FIELDS = ["state", "task", "queue", "group", "dead", "before", "ids", "delayed"];

function narrowed(filter: object, fields: readonly string[]): object {
  return filter === null || typeof filter !== "object"
    ? filter
    : Object.fromEntries(Object.entries(filter).filter(([key]) => fields.includes(key)));
}

function known(filter: object, fields: readonly string[]): boolean {
  return Object.keys(narrowed(filter, fields)).length > 0;
}

function ids(deliveries: readonly Delivery[]): string[] {
  return deliveries.map(({ job }) => job.id);
}

async function sparing(
  { jobs }: Adapter,
  cancel: ReturnType<typeof changesOf>["cancel"],
  ids: readonly string[],
  reason: string,
  options: { readonly now?: number } | undefined,
) {
  const records = await jobs.get(ids, options);
  const active = new Set(records.flatMap((record) => (record?.state === "active" ? [record.id] : [])));
  const answers = await cancel(
    ids.filter((id) => !active.has(id)),
    reason,
    options,
  );
  return [...answers, ...[...active].map((id) => ({ id, as: "changed" as const, was: "active" as const }))];
}
