import { markOf } from "../../../lib/contract/index.js";
import type { Adapter, Hint, Lock, WorkerRecord } from "../../../lib/contract/index.js";
import { both, changesOf, inBroker, inChanges, inEvents, inLocks, inJobs, inWorkers, omit, pageAs, recordsAs, but } from "./fault.js";
import type { Fault, Faults } from "./fault.js";
import { orderFaults } from "./orders.faults.js";

const workersAs = (change: (workers: readonly WorkerRecord[], now: number) => readonly WorkerRecord[]): Fault =>
  inWorkers(({ list }) => ({
    list: async (filter, options) => {
      const page = await list(filter, options);
      return { ...page, items: change(page.items, options?.now ?? 0) };
    },
  }));

const hintsAs =
  (change: (hint: Hint) => Hint | undefined): Fault =>
  (adapter) => ({
    ...adapter,
    hints: {
      ...adapter.hints,
      subscribe: (listener) =>
        adapter.hints.subscribe((hint) => {
          const heard = change(hint);
          if (heard) listener(heard);
        }),
    },
  });

/** No hints follow the given verbs. */
const silent =
  (wrap: (quiet: <A extends unknown[], R>(verb: (...args: A) => Promise<R>) => (...args: A) => Promise<R>) => Fault): Fault =>
  (adapter) => {
    let deaf = false;
    const quiet =
      <A extends unknown[], R>(verb: (...args: A) => Promise<R>) =>
      async (...args: A): Promise<R> => {
        deaf = true;
        try {
          return await verb(...args);
        } finally {
          deaf = false;
        }
      };
    return both(
      wrap(quiet),
      hintsAs((hint) => (deaf ? undefined : hint)),
    )(adapter);
  };

export const storeFaults: Faults = {
  "a lock is granted to all": inLocks(({ acquire }) => {
    let token = 1_000;
    return {
      acquire: async (name, owner, ttlMs, options) => (await acquire(name, owner, ttlMs, options)) ?? { name, owner, token: ++token },
    };
  }),
  "locks never expire": inLocks(({ acquire }) => ({ acquire: (name, owner, _, options) => acquire(name, owner, 1e12, options) })),
  "tokens start again": inLocks(({ acquire }) => ({
    acquire: async (name, owner, ttlMs, options) => {
      const lock = await acquire(name, owner, ttlMs, options);
      return lock && { ...lock, token: 1 };
    },
  })),
  "the same owner's old token is as good as the new": inLocks(({ acquire, renew, release }) => {
    const owners = new Map<string, Lock>();
    const current = (lock: Lock): Lock => owners.get(`${lock.name} ${lock.owner}`) ?? lock;
    return {
      acquire: async (name, owner, ttlMs, options) => {
        const lock = await acquire(name, owner, ttlMs, options);
        if (lock) owners.set(`${name} ${owner}`, lock);
        return lock;
      },
      renew: (lock, ttlMs, options) => renew(current(lock), ttlMs, options),
      release: (lock, options) => release(current(lock), options),
    };
  }),
  "renewing does nothing": inLocks(() => ({ renew: async () => true })),
  "a late owner is told it released": inLocks(({ release }) => ({
    release: async (lock, options) => {
      await release(lock, options);
      return true;
    },
  })),

  "records do not tell the worker": recordsAs((record) => omit(record, "worker")),
  "unknown records are left out": inJobs(({ get }) => ({
    get: async (ids, options) => (await get(ids, options)).filter((record) => record !== undefined),
  })),
  "records are listed oldest first": inJobs(({ list }) => ({
    list: async (filter, options) => pageAs(await list(filter, options), (items) => [...items].toReversed()),
  })),
  "filters of records are ignored": inJobs(({ list, count }) => ({
    list: (filter, options) => list(filter?.limit ? { limit: filter.limit } : {}, options),
    count: (_, options) => count({}, options),
  })),
  "the cursor of records is the moment of enqueue": inJobs(({ list }) => ({
    list: async (filter = {}, options) => (filter.cursor === undefined ? list(filter, options) : { items: [] }),
  })),
  "the limit of a list is a thousand": inJobs(({ list }) => ({ list: (filter, options) => list({ limit: 1_000, ...filter }, options) })),
  "a page of records is as large as its records are": inJobs(({ list }) => ({
    async list(filter = {}, options) {
      const records = [...(await list(filter, options)).items];
      for (let more = records; more.length > 0 && records.length < (filter.limit ?? 100);)
        records.push(...(more = [...(await list({ ...omit(filter, "from"), cursor: records.at(-1)!.id }, options)).items]));
      return { items: records.slice(0, filter.limit ?? 100), ...(records.length > 0 && { next: markOf("stored", 0) }) };
    },
  })),
  "a delayed job looks like one that is due": recordsAs((record) => omit(record, "delayed")),
  "a delayed job stays delayed in lists": inJobs(({ list }) => ({
    list: (filter, options) => list(filter, { now: filter?.delayed === true ? (options?.now ?? 0) - 1_000 : (options?.now ?? 0) }),
  })),
  "delayed jobs are not counted apart": inJobs(({ count }) => ({
    count: async (filter, options) => ({ ...(await count(filter, options)), delayed: 0 }),
  })),
  "states with no jobs are not counted": inJobs(({ count }) => ({
    count: async (filter, options) => Object.fromEntries(Object.entries(await count(filter, options)).filter(([, n]) => n > 0)) as never,
  })),
  "expired jobs stay in the count of the ready": inJobs(({ count }) => ({
    count: async (filter, options) => {
      const counts = await count(filter, options);
      return { ...counts, ready: counts.ready + counts.expired };
    },
  })),
  "retention counts from the enqueue": inJobs(({ prune }) => ({
    prune: (limit, options) => prune(limit, { now: (options?.now ?? 0) + 5_000 }),
  })),
  "prune forgets nothing": inJobs(() => ({ prune: async () => 0 })),
  "prune forgets the unfinished": inJobs(({ prune }, { jobs }) => ({
    prune: async (limit, options) => {
      const old = (await jobs.list({ limit: 1_000 }, options)).items;
      const waiting = old.filter(({ enqueuedAt }) => enqueuedAt + 1e10 < (options?.now ?? 0));
      await changesOf(jobs).cancel(
        waiting.map(({ id }) => id),
        "too old",
        options,
      );
      return prune(limit, options);
    },
  })),
  "prune forgets all that succeeded": inJobs(({ prune, list, get }) => {
    const gone = new Set<string>();
    return {
      prune: async (limit, options) => {
        const pruned = await prune(limit, options);
        const succeeded = (await list({ state: "succeeded" }, options)).items.filter(({ id }) => !gone.has(id));
        for (const { id } of succeeded) gone.add(id);
        return pruned + succeeded.length;
      },
      get: async (ids, options) => (await get(ids, options)).map((record) => (record && gone.has(record.id) ? undefined : record)),
    };
  }),
  "the limit of a prune is ignored": inJobs(({ prune }) => ({ prune: (_, options) => prune(1e9, options) })),
  "prune hides the records that stay": (adapter) => {
    let pruned = false;
    return inJobs(({ prune, list }) => ({
      prune: (limit, options) => {
        pruned = true;
        return prune(limit, options);
      },
      list: async (filter, options) => pageAs(await list(filter, options), (items) => items.slice(0, pruned ? 1 : undefined)),
    }))(adapter);
  },

  "workers hold nothing": workersAs((workers) => workers.map((worker) => but(worker, { active: 0 }))),
  "lapsed workers are not listed": workersAs((workers, now) => workers.filter(({ leaseUntil }) => leaseUntil > now)),
  "workers are listed by when they were last seen": workersAs((workers) => workers.toSorted((a, b) => b.seenAt - a.seenAt)),
  "the cursor of workers is how many were listed": inWorkers(({ list }) => ({
    list: async (filter = {}, options) => {
      const all = (await list({ limit: 1_000 }, options)).items;
      const [from, limit] = [Number(filter.from ?? 0), filter.limit ?? 100];
      return { items: all.slice(from, from + limit), ...(all.length > from + limit && { next: String(from + limit) }) };
    },
  })),
  "a renewal reports no lost leases": inWorkers(({ renew }) => ({
    renew: async (worker, held, options) => ({ ...(await renew(worker, held, options)), lost: [] }),
  })),
  "a renewal covers only what it names": inWorkers(({ renew, leave }) => ({
    renew: async (worker, held, options) => {
      if (held.length === 0) await leave(worker.id, options);
      return renew(worker, held, options);
    },
  })),
  "a renewal after a lapse starts from nothing": inWorkers(({ renew, list, leave }) => ({
    renew: async (worker, held, options) => {
      const known = (await list({ limit: 1_000 }, options)).items.find(({ id }) => id === worker.id);
      if (known && known.leaseUntil <= (options?.now ?? 0)) await leave(worker.id, options);
      return renew(worker, held, options);
    },
  })),
  ...orderFaults,
  "leaving does nothing": inWorkers(() => ({ leave: async () => undefined })),
  "a lapse does not count": inWorkers(({ leave, list }, { broker }) => {
    const { claim } = broker;
    Object.assign(broker, {
      claim: async (...[request, options]: Parameters<typeof claim>) => {
        for (const { id, leaseUntil } of (await list({ limit: 1_000 }, options)).items)
          if (leaseUntil <= (options?.now ?? 0) && id !== request.worker) await leave(id, options);
        return claim(request, options);
      },
    });
    return {};
  }),

  "work is not hinted at": hintsAs((hint) => (hint.kind === "work" ? undefined : hint)),
  "ends are not hinted at": hintsAs((hint) => (hint.kind === "done" ? undefined : hint)),
  "a hint names only the first that ended": hintsAs((hint) =>
    hint.kind === "done" ? { ...hint, ids: (hint.ids ?? []).slice(0, 1) } : hint,
  ),
  "a listener's error is the verb's": (adapter) => {
    const thrown: unknown[] = [];
    const told = inBroker(({ enqueue }) => ({
      enqueue: async (jobs, options) => {
        const stored = await enqueue(jobs, options);
        if (thrown.length > 0) throw thrown.pop();
        return stored;
      },
    }));
    const heard: Fault = (sound) => ({
      ...sound,
      hints: {
        ...sound.hints,
        subscribe: (listener) =>
          sound.hints.subscribe((hint) => {
            try {
              listener(hint);
            } catch (error) {
              thrown.push(error);
            }
          }),
      },
    });
    return both(told, heard)(adapter);
  },
  "settling hints at nothing": silent((quiet) => inBroker(({ settle }) => ({ settle: quiet(settle) }))),
  "cancelling hints at nothing": silent((quiet) => inChanges(({ cancel }) => ({ cancel: quiet(cancel) }))),
  "retrying hints at nothing": silent((quiet) => inChanges(({ retry }) => ({ retry: quiet(retry) }))),
  "emitting hints at nothing": silent((quiet) => inEvents(({ emit }) => ({ emit: quiet(emit) }))),
  "control messages are dropped": hintsAs((hint) => (hint.kind === "control" ? undefined : hint)),
  "unsubscribing does nothing": (adapter) => ({
    ...adapter,
    hints: {
      ...adapter.hints,
      subscribe: (listener) => {
        adapter.hints.subscribe(listener);
        return () => undefined;
      },
    },
  }),

  "the first close closes for all": (adapter) => ({
    ...adapter,
    close: async () => {
      await adapter.close();
      await adapter.close();
    },
  }),
  "a closed adapter goes on": (adapter) => ({ ...adapter, close: async () => undefined }),
  "a ping says nothing": (adapter) => ({ ...adapter, ping: async () => ({ ...(await adapter.ping()), store: "" }) }),
  "the store's clock stands still": withoutClock,
};

/** Verbs without a `now` are given one far back. */
function withoutClock(adapter: Adapter): Adapter {
  return inWorkers(({ renew }) => ({ renew: (worker, held, options) => renew(worker, held, options ?? { now: 1 }) }))(adapter);
}
