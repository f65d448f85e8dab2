import type { Adapter, NewJob } from "../../../lib/contract/index.js";
import { idsMet, isFinal, metKnown } from "../../../lib/contract/index.js";
import { changesOf, type Fault, type Faults, inBroker, inChanges, inJobs, jobsAs, without } from "./fault.js";

type Enqueue = Adapter["broker"]["enqueue"];

const isTaken = (error: unknown): error is { readonly jobId: string } => (error as { code?: unknown }).code === "STEM_ID_TAKEN";

/** `enqueue` with something else to do when an id is taken. */
const whenTaken = (
  act: (
    call: { readonly enqueue: Enqueue; readonly jobs: readonly NewJob[]; readonly id: string; readonly stored: Adapter["jobs"] },
    options: Parameters<Enqueue>[1],
  ) => ReturnType<Enqueue>,
): Fault =>
  inBroker((broker, { jobs: stored }) => ({
    async enqueue(jobs, options) {
      try {
        return await broker.enqueue(jobs, options);
      } catch (error) {
        if (!isTaken(error)) throw error;
        const answer = await act({ enqueue: broker.enqueue, jobs, id: error.jobId, stored }, options);
        if (answer.met.length === 0) throw error;
        return answer;
      }
    },
  }));

/** Faults about what ids mean. */
export const idFaults: Faults = {
  "an id of another task is a duplicate": whenTaken(async ({ enqueue, jobs, id }, options) => {
    await enqueue(
      jobs.filter((job) => job.id !== id),
      options,
    );
    return { met: metKnown([id]) };
  }),
  "a refused batch stores its other jobs": whenTaken(async ({ enqueue, jobs, id }, options) => {
    const ids = new Set([
      id,
      ...jobs.flatMap(({ links, waitsFor }) => ((links ?? waitsFor) !== undefined ? [jobs[0]!.id, jobs[1]!.id] : [])),
    ]);
    await enqueue(
      jobs.filter((job) => !ids.has(job.id)),
      options,
    );
    return { met: [] };
  }),
  "again frees other tasks' ids": whenTaken(async ({ enqueue, jobs, id, stored }, options) => {
    if (!jobs.some((job) => job.id === id && job.known === "again")) return { met: [] };
    await changesOf(stored).remove([id], options);
    await enqueue(
      jobs.filter((job) => job.id !== id),
      options,
    );
    return { met: metKnown([id]) };
  }),
  "again is ignored": jobsAs(without("known")),
  "an id is spent for ever": (adapter) => {
    const used = new Set<string>();
    return inBroker(({ enqueue }) => ({
      async enqueue(jobs, options) {
        const fresh = jobs.filter(({ id }) => !used.has(id));
        const known = new Set(idsMet(await enqueue(fresh, options)));
        for (const { id } of fresh) used.add(id);
        return { met: metKnown(jobs.filter((job) => known.has(job.id) || !fresh.includes(job)).map(({ id }) => id)) };
      },
    }))(adapter);
  },
  "an ended job is no duplicate": inBroker(({ enqueue }, { jobs: stored }) => ({
    async enqueue(jobs, options) {
      const { met } = await enqueue(jobs, options);
      const records = await stored.get(idsMet({ met }), options);
      return { met: met.filter((_, i) => !isFinal(records[i]!.state)) };
    },
  })),
  "what has had its time is counted until it is pruned": (adapter) => {
    let most = 0;
    return inJobs(({ count }) => ({
      async count(filter, options) {
        const counts = await count(filter, options);
        most = Math.max(most, counts.succeeded);
        return { ...counts, succeeded: most };
      },
    }))(adapter);
  },
  "what has had its time is known until it is pruned": (adapter) => {
    const seen = new Map<string, NonNullable<Awaited<ReturnType<Adapter["jobs"]["get"]>>[number]>>();
    return inJobs(({ get }) => ({
      async get(ids, options) {
        const records = await get(ids, options);
        for (const record of records) if (record !== undefined) seen.set(record.id, record);
        return ids.map((id, i) => records[i] ?? seen.get(id));
      },
    }))(adapter);
  },
  "a journal outlives its job": (adapter) => {
    const entries = new Map<string, Awaited<ReturnType<Adapter["journal"]["read"]>>[number]>();
    return {
      ...adapter,
      journal: {
        ...adapter.journal,
        async append(writes, options) {
          const lost = await adapter.journal.append(writes, options);
          const ids = writes.map(({ lease }) => lease.jobId);
          const read = await adapter.journal.read(
            ids.map((id) => ({ id })),
            options,
          );
          ids.forEach((id, i) => entries.set(id, read[i]!));
          return lost;
        },
        read: async (reads, options) =>
          (await adapter.journal.read(reads, options)).map((found, i) => (found.length > 0 ? found : (entries.get(reads[i]!.id) ?? found))),
      },
    };
  },
  "remove only cancels": inChanges(({ remove, cancel }) => ({
    async remove(ids, options) {
      await cancel(ids, "removed", options);
      return (await remove([], options)).concat(ids.map((id) => ({ id, as: "changed" as const })));
    },
  })),
  "remove cancels what runs or is waited for first": inChanges(({ remove, cancel }) => ({
    async remove(ids, options) {
      await cancel(ids, "removed", options);
      return remove(ids, options);
    },
  })),
};
