import type { Lock, Locks } from "../../contract/index.js";
import type { LockRow } from "./rows.js";
import type { Store } from "./store.js";

export function locks(store: Store): Locks {
  return {
    acquire: async (name, owner, ttlMs, options) =>
      store.step(options, (now) => {
        const held = store.locks.get(name);
        if (held !== undefined && held.until > now && held.owner !== owner) return undefined;
        // One counter for all names, so that a name forgotten after a release starts above its last token all
        // the same.
        const token = ++store.lockToken;
        store.locks.set(name, { owner, token, until: now + ttlMs });
        return { name, owner, token };
      }),
    renew: async (lock, ttlMs, options) =>
      store.step(options, (now) => {
        const held = current(store, lock, now);
        if (held !== undefined) held.until = Math.max(held.until, now + ttlMs);
        return held !== undefined;
      }),
    release: async (lock, options) =>
      store.step(options, (now) => current(store, lock, now) !== undefined && store.locks.delete(lock.name)),
  };
}

/** Forgets locks that have run out. */
export function pruneLocks(store: Store, now: number): void {
  for (const [name, { until }] of store.locks) if (until <= now) store.locks.delete(name);
}

function current(store: Store, { name, owner, token }: Lock, now: number): LockRow | undefined {
  const held = store.locks.get(name);
  return held !== undefined && held.token === token && held.owner === owner && held.until > now ? held : undefined;
}
