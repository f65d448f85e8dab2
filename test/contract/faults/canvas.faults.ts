import type { Input } from "../../../lib/contract/index.js";
import { changesOf, deliveriesAs, inBroker, inChanges, inJobs, omit, recordsAs, but } from "./fault.js";
import type { Fault, Faults } from "./fault.js";

const inputsAs = (change: (inputs: readonly Input[], attempt: number) => readonly Input[]): Fault =>
  deliveriesAs((delivery) => but(delivery, { inputs: change(delivery.inputs, delivery.attempt) }));

export const canvasFaults: Faults = {
  "inputs are not handed over": inputsAs(() => []),
  "inputs come in reverse": inputsAs((inputs) => [...inputs].toReversed()),
  "a void input has the result null": inputsAs((inputs) =>
    inputs.map((input) => (input.state === "succeeded" ? { result: "null", ...input } : input)),
  ),
  "inputs are cut at a hundred": inputsAs((inputs) => inputs.slice(0, 100)),
  "inputs go with the first delivery": deliveriesAs((delivery) => (delivery.lease.fence > 1 ? but(delivery, { inputs: [] }) : delivery)),
  "the failure of an input is not told": inputsAs((inputs) =>
    inputs.map((input) => (input.state === "succeeded" ? input : { jobId: input.jobId, state: "succeeded" })),
  ),
  "what died of an input does not name it": recordsAs((record) =>
    record.cause === "input" ? { ...record, error: { name: "Error", message: "an input failed" } } : record,
  ),
  "a body starts with its first member": inBroker(({ enqueue }) => ({
    enqueue: (jobs, options) => {
      const seen = new Set<string>();
      const linked = jobs.map((job) => (job.links ? { ...job, links: job.links.filter(({ to }) => !seen.has(to) && seen.add(to)) } : job));
      return enqueue(
        linked.map((job) => (job.waitsFor ? but(job, { waitsFor: Math.min(1, job.waitsFor) }) : job)),
        options,
      );
    },
  })),
  "a link from a job stored before counts for nothing": inBroker(({ enqueue }, { jobs: stored }) => ({
    enqueue: async (jobs, options) => {
      const known = await stored.get(
        jobs.map(({ id }) => id),
        options,
      );
      const dropped = new Map<string, number>();
      const linked = jobs.map((job, i) => {
        if (known[i] === undefined || job.links === undefined) return job;
        for (const { to } of job.links) dropped.set(to, (dropped.get(to) ?? 0) + 1);
        return omit(job, "links");
      });
      return enqueue(
        linked.map((job) => (job.waitsFor ? but(job, { waitsFor: job.waitsFor - (dropped.get(job.id) ?? 0) }) : job)),
        options,
      );
    },
  })),
  "a retry revives nobody else": inChanges(({ retry }, adapter) => ({
    retry: async (ids, options) => {
      const before = (await adapter.jobs.list({ limit: 1_000 }, options)).items;
      const moved = await retry(ids, options);
      const victims = before.filter(({ cause, id }) => cause === "input" && !ids.includes(id));
      await changesOf(adapter.jobs).cancel(
        victims.map(({ id }) => id),
        "not revived",
        options,
      );
      return moved;
    },
  })),
  "a retry revives what a person cancelled": inChanges(({ retry }, { jobs }) => ({
    retry: async (ids, options) => {
      const cancelled = (await jobs.list({ state: "cancelled", limit: 1_000 }, options)).items;
      const moved = await retry(ids, options);
      await retry(
        cancelled.filter(({ cause }) => cause === undefined).map(({ id }) => id),
        options,
      );
      return moved;
    },
  })),
  "a retry of one input is enough": inChanges(({ retry }, { jobs }) => ({
    retry: async (ids, options) => {
      const moved = await retry(ids, options);
      const failed = (await jobs.list({ state: "failed", limit: 1_000 }, options)).items;
      await retry(
        failed.filter(({ cause }) => cause !== "input").map(({ id }) => id),
        options,
      );
      return moved;
    },
  })),
  "a retry of what died of its input retries the input": inChanges(({ retry }, { jobs }) => ({
    retry: async (ids, options) => {
      const failed = (await jobs.list({ state: "failed", limit: 1_000 }, options)).items;
      const all = failed.some(({ id, cause }) => cause === "input" && ids.includes(id)) ? [...ids, ...failed.map(({ id }) => id)] : ids;
      return retry(all, options);
    },
  })),
  "a group counts everybody": inJobs(({ count, list }) => ({
    count: (_, options) => count({}, options),
    list: (filter, options) => list(filter?.limit ? { limit: filter.limit } : {}, options),
  })),
};
