import { checkJobs } from "../../contract/index.js";
import type { NewSchedule, Schedule, Schedules } from "../../contract/index.js";
import type { Self } from "./broker.js";
import type { Reply } from "./connect/driver.js";
import { storing } from "./enqueue.js";
import type { Store } from "./store.js";

export function schedules(store: Store, self: Self): Schedules {
  const act = (verb: string, args: readonly (string | number)[], options?: { readonly now?: number }) =>
    store.run("schedules", store.home, [verb, ...args], options);
  return {
    upsert: async (given, options) => {
      if (given.length > 0)
        await act(
          "upsert",
          given.flatMap(({ id, spec, nextAt, dynamic }) => [id, spec, nextAt ?? "", dynamic === true ? "1" : ""]),
          options,
        );
      else store.live();
    },
    due: async (ids, limit, options) => {
      const [now, pairs] = (await act("due", [limit + 1, ...ids], options)) as [string, string[]];
      const standing = [...schedulesOf(pairs).values()]
        .filter(({ paused, nextAt }) => !paused && nextAt !== undefined)
        .sort((a, b) => a.nextAt! - b.nextAt!);
      const due = standing.slice(0, limit).filter(({ nextAt }) => nextAt! <= Number(now));
      return { schedules: due, nextDueAt: standing[due.length]?.nextAt, now: Number(now) };
    },
    fire: async (shots, options) => {
      checkJobs(
        shots.flatMap(({ job }) => job ?? []),
        self,
      );
      if (shots.length === 0) return (store.live(), []);
      const args: (string | number)[] = [shots.length];
      for (const { id, slot, nextAt, spec, job } of shots) {
        const jobs = job === undefined ? [] : (await storing(store, [job], [], store.home, options)).args;
        args.push(id, slot, nextAt ?? "", spec, jobs.length, ...jobs);
      }
      const [moved, mail] = (await store.run("fire", store.home, args, options)) as [string[], Reply[]];
      await store.mail.deliver(store.home, mail, options);
      const queues = new Set(shots.flatMap(({ job }) => job?.queue ?? []));
      if (moved.length > 0 && queues.size > 0) store.hintWork([...queues]);
      return moved;
    },
    get: async (ids, options) => {
      const [now, pairs] = (await act("get", ids, options)) as [string, string[]];
      const known = schedulesOf(pairs);
      return { schedules: ids.map((id) => known.get(id)), now: Number(now) };
    },
    list: async (options) => {
      const [, pairs] = (await act("list", [], options)) as [string, string[]];
      return [...schedulesOf(pairs).values()].sort((a, b) => (a.id < b.id ? -1 : 1));
    },
    pause: async (id, options) => (await act("pause", [id], options)) === 1,
    resume: async (id, nextAt, options) => (await act("resume", [id, nextAt ?? ""], options)) === 1,
    remove: async (id, options) => (await act("remove", [id], options)) === 1,
  };
}

/** By id; an id may come twice, as one that was asked for and as a dynamic one. */
function schedulesOf(pairs: readonly string[]): Map<string, Schedule> {
  const found = new Map<string, Schedule>();
  for (let i = 0; i < pairs.length; i += 2) {
    const { spec, nextAt, paused, lastAt, fires, dynamic = false } = JSON.parse(pairs[i + 1]!) as Omit<NewSchedule, "id"> & Schedule;
    found.set(pairs[i]!, { id: pairs[i]!, spec, nextAt, dynamic, paused, lastAt, fires });
  }
  return found;
}
