import type { At, Fired, NewSchedule, PutFrom, Schedule, Schedules } from "../../../lib/contract/index.js";
import { but, changesOf, inSchedules, omit } from "./fault.js";
import type { Fault, Faults } from "./fault.js";

const schedulesAs = (change: (schedule: Schedule) => Schedule): Fault =>
  inSchedules(({ list, due }) => ({
    list: async (filter, options) => {
      const page = await list(filter, options);
      return { ...page, items: page.items.map(change) };
    },
    due: async (owners, limit, options) => {
      const found = await due(owners, limit, options);
      return { ...found, schedules: found.schedules.map(change) };
    },
  }));

const putsAs = (change: (given: readonly NewSchedule[], from: PutFrom) => readonly [readonly NewSchedule[], PutFrom]): Fault =>
  inSchedules(({ put }) => ({ put: (given, from, options) => put(...change(given, from), options) }));

/** All of the schedules, which are few. */
const all = async ({ list }: Pick<Schedules, "list">, options?: At): Promise<readonly Schedule[]> =>
  (await list({ limit: 1_000 }, options)).items;

/** Stores schedules as if nothing of them were known. */
async function putAnew({ put, change }: Schedules, given: readonly NewSchedule[], from: PutFrom, options?: At): Promise<boolean> {
  await change(
    given.map(({ id }) => ({ id, to: "removed" })),
    options,
  );
  return put(given, from, options);
}

/**
 * Schedules are retired, and nothing of that is kept in the store.
 *
 * @param may whether a put that retires nothing may store, being that of the newest deployment or not
 */
const retires = (may: (isNewest: boolean) => Promise<boolean>): Fault =>
  inSchedules((sound) => {
    const newest = new Map<string, number>();
    return {
      put: async (given, { retire, ...from }, options) => {
        const { owner, deployment = 0 } = from;
        if (retire !== true) return (await may(deployment >= (newest.get(owner) ?? 0))) && sound.put(given, from, options);
        newest.set(owner, deployment);
        await sound.put(given, from, options);
        const kept = new Set(given.map(({ id }) => id));
        const older = (await all(sound, options)).filter((one) => one.owner === owner && one.deployment < deployment && !kept.has(one.id));
        return (await sound.change(older.map(({ id }) => ({ id, to: "removed" })), options)).length >= 0; // prettier-ignore
      },
    };
  });

export const scheduleFaults: Faults = {
  "schedules come in the order they were stored": inSchedules(({ list }) => ({
    list: async (filter, options) => {
      const page = await list(filter, options);
      return { ...page, items: page.items.toReversed() };
    },
  })),
  "deployments have fourteen digits": putsAs((given, from) => [
    given,
    from.deployment === undefined ? from : but(from, { deployment: Number(from.deployment.toPrecision(14)) }),
  ]),
  "a known schedule always takes the new slot": inSchedules((sound) => ({
    put: async (given, from, options) => {
      const known = new Map((await all(sound, options)).map((one) => [one.id, one]));
      const answer = await sound.put(given, from, options);
      for (const { id, nextAt } of given) {
        const was = known.get(id);
        if (was) await sound.change([{ id, to: "resumed", nextAt }], options);
        if (was?.paused) await sound.change([{ id, to: "paused" }], options);
      }
      return answer;
    },
  })),
  "only the schedules of owners are due": inSchedules(({ due }) => ({
    due: async (owners, limit, options) => {
      const found = await due(owners, limit, options);
      return { ...found, schedules: found.schedules.filter(({ owner }) => owner !== "") };
    },
  })),
  "every schedule is due to every beat": inSchedules((sound) => ({
    due: async (_, limit, options) => {
      const owners = (await all(sound, options)).map(({ owner }) => owner);
      return sound.due(owners, limit, options);
    },
  })),
  "all of the owners are due, whichever are asked for": inSchedules(({ due }) => ({
    due: (owners, limit, options) => due(owners, limit, options && omit(options, "only")),
  })),
  "what is asked for by id is due whoever owns it": inSchedules((sound) => ({
    due: async (owners, limit, options) => {
      const all = options?.only === undefined ? [] : (await sound.list({ ids: options.only }, options)).items;
      return sound.due([...owners, ...all.map(({ owner }) => owner)], limit, options);
    },
  })),
  "whoever comes last has the schedule": inSchedules((sound) => ({
    put: async (given, from, options) => {
      const known = (await all(sound, options)).filter(({ id, owner }) => owner !== "" && given.some((one) => one.id === id));
      await sound.change(
        known.map(({ id }) => ({ id, to: "removed" })),
        options,
      );
      return sound.put(given, from, options);
    },
  })),
  "a schedule stays with its first owner": inSchedules((sound) => ({
    put: async (given, from, options) => {
      const known = new Map((await all(sound, options)).map(({ id, owner }) => [id, owner]));
      return sound.put(
        given.filter(({ id }) => ["", from.owner, undefined].includes(known.get(id))),
        from,
        options,
      );
    },
  })),
  "a schedule begins anew with another owner": inSchedules((sound) => ({
    put: async (given, from, options) => {
      const known = new Map((await all(sound, options)).map(({ id, owner }) => [id, owner]));
      const taken = given.filter(({ id }) => known.has(id) && known.get(id) !== "" && known.get(id) !== from.owner);
      await putAnew(sound, taken, from, options);
      return sound.put(given, from, options);
    },
  })),
  "older deployments overwrite newer ones": inSchedules((sound) => ({
    put: async (given, from, options) => {
      const known = new Map((await all(sound, options)).map((one) => [one.id, one]));
      const overwritten = given.filter(
        ({ id }) => known.get(id)?.owner === from.owner && known.get(id)!.deployment > (from.deployment ?? 0),
      );
      await putAnew(sound, overwritten, from, options);
      return sound.put(given, from, options);
    },
  })),
  "deployments of all owners are compared": inSchedules((sound) => ({
    put: async (given, from, options) => {
      const known = new Map((await all(sound, options)).map(({ id, deployment }) => [id, deployment]));
      return sound.put(
        given.filter(({ id }) => (known.get(id) ?? 0) <= (from.deployment ?? 0)),
        from,
        options,
      );
    },
  })),
  "nothing is retired": putsAs((given, from) => [given, omit(from, "retire")]),
  "schedules of all owners are retired": inSchedules((sound) => ({
    put: async (given, from, options) => {
      const answer = await sound.put(given, from, options);
      const kept = new Set(given.map(({ id }) => id));
      const others = (await all(sound, options)).filter(({ id, owner }) => owner !== from.owner && !kept.has(id));
      if (answer && from.retire === true)
        await sound.change(
          others.map(({ id }) => ({ id, to: "removed" })),
          options,
        );
      return answer;
    },
  })),
  "every put retires": putsAs((given, from) => [given, from.deployment === undefined ? from : but(from, { retire: true })]),
  "what was retired comes back by older deployments": retires(() => Promise.resolve(true)),
  "a put looks for newer deployments some time before it stores": retires(async (isNewest) => {
    await new Promise((resolve) => setImmediate(resolve));
    return isNewest;
  }),
  "due forgets what comes next": inSchedules(({ due }) => ({
    due: async (owners, limit, options) => ({ ...(await due(owners, limit, options)), nextDueAt: undefined }),
  })),
  "fire moves, and stores no job": inSchedules(({ fire }, { jobs }) => ({
    fire: async (shots, options) => {
      const fired = await fire(shots, options);
      await changesOf(jobs).cancel(
        shots.flatMap(({ job }) => job?.id ?? []),
        "not stored",
        options,
      );
      return fired;
    },
  })),
  "fire does not compare": inSchedules((sound) => ({
    fire: async (shots, options) => {
      const standing = new Map((await all(sound, options)).map(({ id, nextAt }) => [id, nextAt]));
      return sound.fire(
        shots.map((shot) => but(shot, { slot: standing.get(shot.id) ?? shot.slot })),
        options,
      );
    },
  })),
  "fire does not compare the spec": inSchedules((sound) => ({
    fire: async (shots, options) => {
      const standing = new Map((await all(sound, options)).map(({ id, spec }) => [id, spec]));
      return sound.fire(
        shots.map((shot) => but(shot, { spec: standing.get(shot.id) ?? shot.spec })),
        options,
      );
    },
  })),
  "a move without a job counts as a fire": inSchedules(({ fire, list }) => {
    let moves = 0;
    return {
      fire: async (shots, options) => {
        const fired = await fire(shots, options);
        moves += shots.filter(({ job }, i) => job === undefined && fired[i] !== "gone").length;
        return fired;
      },
      list: async (filter, options) => {
        const page = await list(filter, options);
        return { ...page, items: page.items.map((one) => but(one, { fires: one.fires + moves })) };
      },
    };
  }),
  "fire asks nobody": inSchedules((sound) => ({
    fire: async (shots, options) => {
      const standing = new Map((await all(sound, options)).map((one) => [one.id, one]));
      const forced = shots.flatMap(({ id, slot }) => {
        const known = standing.get(id);
        return known ? [putAnew(sound, [{ id, spec: known.spec, nextAt: slot }], known, options)] : [];
      });
      const [fired] = await Promise.all([sound.fire(shots, options), ...forced]);
      return fired;
    },
  })),
  "one shot that misses spoils the volley": inSchedules((sound) => ({
    fire: async (shots, options) => {
      const known = new Set((await all(sound, options)).map(({ id }) => id));
      return shots.every(({ id }) => known.has(id)) ? sound.fire(shots, options) : shots.map((): Fired => "gone");
    },
  })),
  "a stored job stops the schedule": inSchedules(({ fire }, { jobs }) => ({
    fire: async (shots, options) => {
      const known = await jobs.get(
        shots.map(({ job }) => job?.id ?? ""),
        options,
      );
      const fired = await fire(
        shots.filter((_, i) => known[i] === undefined),
        options,
      );
      let at = 0;
      return shots.map((_, i) => (known[i] === undefined ? fired[at++]! : "known"));
    },
  })),
  "a stored job is not told of": inSchedules(({ fire }) => ({
    fire: async (shots, options) => (await fire(shots, options)).map((answer) => (answer === "known" ? "fired" : answer)),
  })),
  "shots are fired one by one": inSchedules(({ fire }) => ({
    fire: async (shots, options) => {
      const fired: Fired[] = [];
      for (const shot of shots) fired.push(...(await fire([shot], options)));
      return fired;
    },
  })),
  "an ended schedule comes again": schedulesAs((schedule) => ({ ...schedule, nextAt: schedule.nextAt ?? 1 })),
  "a paused schedule is due": inSchedules(({ change }) => ({
    change: async (changes, options) => (changes.every(({ to }) => to === "paused") ? changes.map(() => true) : change(changes, options)),
  })),
  "removing does nothing": inSchedules(({ change }) => ({
    change: async (changes, options) => (changes.every(({ to }) => to === "removed") ? changes.map(() => true) : change(changes, options)),
  })),
  "changes of schedules are carried out from the last to the first": inSchedules(({ change }) => ({
    change: async (changes, options) => (await change(changes.toReversed(), options)).toReversed(),
  })),
  "one change of a schedule that is not there spoils the call": inSchedules((sound) => ({
    change: async (changes, options) => {
      const known = new Set((await all(sound, options)).map(({ id }) => id));
      return changes.every(({ id }) => known.has(id)) ? sound.change(changes, options) : changes.map(() => false);
    },
  })),
  "every page of schedules is the first": inSchedules(({ list }) => ({
    list: (filter, options) => list(filter && omit(filter, "from"), options),
  })),
  "a page of schedules goes on after as many as came before": inSchedules((sound) => ({
    list: async ({ from = "0", limit = 100, ...filter } = {}, options) => {
      const { items, now } = await sound.list({ ...filter, limit: 1_000 }, options);
      const [first, end] = [Number(from), Number(from) + limit];
      return { items: items.slice(first, end), ...(items.length > end && { next: String(end) }), now };
    },
  })),
  "schedules are listed whatever their owner": inSchedules(({ list }) => ({
    list: (filter, options) => list(filter && omit(filter, "owner"), options),
  })),
  "schedules are listed at another time": inSchedules(({ list }) => ({
    list: async (filter, options) => ({ ...(await list(filter, options)), now: 0 }),
  })),
  "of the shots at one schedule the first is the only one": inSchedules(({ fire }) => ({
    async fire(shots, options) {
      const first = shots.filter(({ id }, i) => shots.findIndex((one) => one.id === id) === i);
      const fired = await fire(first, options);
      return shots.map((shot) => (first.includes(shot) ? fired[first.indexOf(shot)]! : "gone"));
    },
  })),
  "what is not understood of schedules is left out": inSchedules(({ list, put, change }) => ({
    list: ({ ids, ...filter } = {}, options) => list({ ...(Array.isArray(ids) && { ids }), ...(filter.limit === 2 && filter) }, options),
    put: (given, from, options) => put(given, { owner: typeof from?.owner === "string" ? from.owner : "app" }, options),
    change: (changes, options) =>
      change(
        changes.filter(({ to }) => to === "paused" || to === "removed").map(({ id, to }) => ({ id, to }) as never),
        options,
      ),
  })),
};
