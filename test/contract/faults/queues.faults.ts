import { changesOf, but, inQueues, omit, queuesAs } from "./fault.js";
import type { Faults } from "./fault.js";

export const queueFaults: Faults = {
  "pausing does nothing": inQueues(({ change }) => ({
    change: async (names, to, options) => (to.paused ? undefined : change(names, to, options)),
  })),
  "resuming does nothing": inQueues(({ change }) => ({
    change: async (names, to, options) => (to.paused ? change(names, to, options) : undefined),
  })),
  "pausing waits for the queue to exist": inQueues(({ list, change }) => ({
    change: async (names, to, options) => {
      const known = new Set((await list({ names }, options)).items.map(({ queue }) => queue));
      await change(
        names.filter((name) => known.has(name)),
        to,
        options,
      );
    },
  })),
  "pausing cancels what runs": inQueues(({ change }, { jobs }) => ({
    change: async (names, to, options) => {
      await change(names, to, options);
      const running = (await jobs.list({ state: "active" }, options)).items;
      await changesOf(jobs).cancel(
        running.filter(({ queue }) => names.includes(queue)).map(({ id }) => id),
        "paused",
        options,
      );
    },
  })),
  "one queue of a call is paused": inQueues(({ change }) => ({
    change: (names, to, options) => change(names.slice(0, 1), to, options),
  })),
  "a queue goes on counting what has expired": queuesAs(async (info, { jobs }, options) => {
    const { expired } = await jobs.count({ queue: info.queue }, options);
    return but(info, { ready: info.ready + expired });
  }),
  "delayed jobs are counted as ready": queuesAs((info) => but(info, { ready: info.ready + info.delayed, delayed: 0 })),
  "the oldest job is that of the highest priority": queuesAs(async (info, { jobs }, options) => {
    const due = await jobs.list({ queue: info.queue, state: "ready", delayed: false }, options);
    const first = [...due.items].sort((a, b) => b.priority - a.priority || a.dueAt - b.dueAt)[0];
    return but(info, first ? { oldestAt: first.dueAt } : {});
  }),
  "a job that is due later is the oldest": queuesAs((info) => (info.delayed > 0 && info.ready === 0 ? but(info, { oldestAt: 1 }) : info)),
  "counts stop at the bound and do not say so": inQueues(({ list }) => ({
    list: async (filter = {}, options) => {
      const { upTo = Infinity } = filter;
      const page = await list(filter, options);
      return {
        ...page,
        items: page.items.map((info) =>
          but(omit(info, "capped"), { ready: Math.min(info.ready, upTo), delayed: Math.min(info.delayed, upTo) }),
        ),
      };
    },
  })),
  "every page of queues is the last": inQueues(({ list }) => ({
    list: async (filter, options) => ({ items: (await list(filter, options)).items }),
  })),
  "a page of queues begins with the last of the page before": inQueues(({ list }) => ({
    list: async ({ from, ...filter } = {}, options) => {
      const { items } = await list({ ...filter, limit: 1_000 }, options);
      const page = items.filter(({ queue }) => from === undefined || queue >= from).slice(0, filter.limit);
      return { items: page, ...(page.at(-1) !== items.at(-1) && { next: page.at(-1)!.queue }) };
    },
  })),
  "queues are listed whatever names are asked for": inQueues(({ list }) => ({
    list: (filter = {}, options) => list({ ...filter, ...(filter.names && { names: undefined as never }) }, options),
  })),
  "a change of queues that says nothing known resumes them": inQueues(({ change }) => ({
    change: (names, to, options) => change(names, { paused: (to as { paused?: unknown } | undefined)?.paused === true }, options),
  })),
  "what a filter of queues does not know it leaves out": inQueues(({ list }) => ({
    list: ({ names, limit, from, upTo } = {}, options) =>
      list(
        {
          ...(Array.isArray(names) && { names }),
          ...(limit !== undefined && limit > 0 && { limit }),
          ...(typeof from === "string" && { from }),
          ...(upTo !== undefined && upTo > 0 && { upTo }),
        },
        options,
      ),
  })),
};
