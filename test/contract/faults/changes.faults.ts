import type { Change, Jobs } from "../../../lib/contract/index.js";
import { but, inJobs, omit } from "./fault.js";
import type { Fault, Faults } from "./fault.js";

/** Changes are asked for other than they were. */
const changesAs = (wrong: (change: Change) => Change): Fault =>
  inJobs(({ change }) => ({ change: (which, to, options) => change(which, wrong(to), options) }));

const changed = (wrong: (sound: Jobs["change"]) => Jobs["change"]): Fault => inJobs(({ change }) => ({ change: wrong(change) }));

export const changeFaults: Faults = {
  "answers come in the order of ids": changed((sound) => async (which, to, options) => {
    const done = await sound(which, to, options);
    return { ...done, answers: [...done.answers].sort((a, b) => (a.id < b.id ? -1 : 1)) };
  }),
  "what is not made ready says it has ended": changed((sound) => async (which, to, options) => {
    const done = await sound(which, to, options);
    return { ...done, answers: done.answers.map((answer) => (answer.as === "input" ? but(answer, { as: "ended" }) : answer)) };
  }),
  "a replay keeps the payload": changesAs((change) => (change.to === "ready" ? omit(change, "payload") : change)),
  "a replay is due at once": changesAs((change) => (change.to === "ready" ? omit(change, "delayMs") : change)),
  "a move keeps the priority": changesAs((change) =>
    change.to === "moved" && change.priority !== undefined ? { to: "moved", dueAt: change.dueAt ?? 1 } : change,
  ),
  "a move ends the expiry": inJobs(({ change }, { broker }) => {
    const { enqueue } = broker;
    Object.assign(broker, {
      enqueue: (jobs: Parameters<typeof enqueue>[0], options: Parameters<typeof enqueue>[1]) =>
        enqueue(
          jobs.map((job) => omit(job, "expiresInMs")),
          options,
        ),
    });
    return { change };
  }),
  "a filter changes all at once": changed((sound) => async (which, to, options) => {
    const first = await sound({ ...which, limit: 1_000 } as typeof which, to, options);
    if (first.next === undefined || "ids" in which) return first;
    const rest = await sound({ ...which, limit: 1_000, from: first.next } as typeof which, to, options);
    return { answers: [...first.answers, ...rest.answers] };
  }),
  "steps begin at the top again": changed((sound) => async (which, to, options) => {
    const { from, ...rest } = which as { readonly from?: string };
    return from === undefined ? sound(which, to, options) : { answers: (await sound(rest as typeof which, to, options)).answers };
  }),
  "a list ends where its last record has been forgotten": inJobs(({ list, change }) => {
    let forgotten = false;
    return {
      change: (which, to, options) => {
        forgotten ||= to.to === "forgotten";
        return change(which, to, options);
      },
      list: async (filter, options) => (filter?.from !== undefined && forgotten ? { items: [] } : list(filter, options)),
    };
  }),
  "what is needed is forgotten all the same": changed((sound) => async (which, to, options) => {
    const done = await sound(which, to, options);
    return { ...done, answers: done.answers.map((answer) => (answer.as === "needed" ? but(answer, { as: "changed" }) : answer)) };
  }),
  "a filter is looked up first and changed by ids": inJobs(({ list, change }) => ({
    change: async (which, to, options) => {
      if (which.state !== "active") return change(which, to, options);
      const { items } = await list({ state: "active", limit: 1_000 }, options);
      await new Promise((done) => setTimeout(done, 20));
      return change({ ids: items.map(({ id }) => id) }, to, options);
    },
  })),
  "a change by ids stops at a thousand": changed((sound) => async (which, to, options) => {
    if (which.ids === undefined || which.ids.length <= 1_000) return sound(which, to, options);
    const { answers } = await sound({ ids: which.ids.slice(0, 1_000) }, to, options);
    return { answers: [...answers, ...which.ids.slice(1_000).map((id) => ({ id, as: "unknown" as const }))] };
  }),
  "a filter makes nothing ready": changed((sound) => async (which, to, options) => {
    if (to.to !== "ready" || which.ids !== undefined) return sound(which, to, options);
    return { answers: [] };
  }),
  "a move to another time does nothing": changed((sound) => async (which, to, options) => {
    if (to.to !== "moved" || to.dueAt === undefined) return sound(which, to, options);
    return { answers: (which.ids ?? []).map((id) => ({ id, as: "changed" as const, was: "ready" as const })) };
  }),
  "a list looks until it has found": inJobs(({ list }) => ({
    list: async (filter, options) => omit(await list(filter, options), "next"),
  })),
};
