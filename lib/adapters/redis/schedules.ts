import { checkJobs } from "../../contract/index.js";
import type { Schedule, Schedules } from "../../contract/index.js";
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
          given.flatMap(({ id, spec, nextAt }) => [id, spec, nextAt ?? ""]),
          options,
        );
      else store.live();
    },
    due: async (ids, limit, options) => {
      const [now, pairs] = (await act("get", ids.length > 0 ? [...new Set(ids)] : [""], options)) as [string, string[]];
      const standing = schedulesOf(pairs)
        .filter(({ paused, nextAt }) => !paused && nextAt !== undefined)
        .sort((a, b) => a.nextAt! - b.nextAt!);
      const due = standing.filter(({ nextAt }) => nextAt! <= Number(now)).slice(0, limit);
      return { schedules: due, nextDueAt: standing[due.length]?.nextAt, now: Number(now) };
    },
    fire: async (shots, options) => {
      checkJobs(
        shots.map(({ job }) => job),
        self,
      );
      if (shots.length === 0) return (store.live(), []);
      const args: (string | number)[] = [shots.length];
      for (const { id, slot, nextAt, job } of shots) {
        const { args: jobs } = await storing(store, [job], [], store.home, options);
        args.push(id, slot, nextAt ?? "", jobs.length, ...jobs);
      }
      const [moved, mail] = (await store.run("fire", store.home, args, options)) as [string[], Reply[]];
      await store.mail.deliver(store.home, mail, options);
      if (moved.length > 0) store.hintWork([...new Set(shots.map(({ job }) => job.queue))]);
      return moved;
    },
    list: async (options) => {
      const [, pairs] = (await act("get", [], options)) as [string, string[]];
      return schedulesOf(pairs).sort((a, b) => (a.id < b.id ? -1 : 1));
    },
    pause: async (id, options) => (await act("pause", [id], options)) === 1,
    resume: async (id, nextAt, options) => (await act("resume", [id, nextAt ?? ""], options)) === 1,
    remove: async (id, options) => (await act("remove", [id], options)) === 1,
  };
}

function schedulesOf(pairs: readonly string[]): Schedule[] {
  const found: Schedule[] = [];
  for (let i = 0; i < pairs.length; i += 2) {
    const { spec, nextAt, paused, lastAt, fires } = JSON.parse(pairs[i + 1]!) as Omit<Schedule, "id">;
    found.push({ id: pairs[i]!, spec, nextAt, paused, lastAt, fires });
  }
  return found;
}
