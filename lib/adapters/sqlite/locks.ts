import type { At, Lock, Locks } from "../../contract/index.js";
import { type Store } from "./store.js";

/** Named mutual exclusion. Tokens are drawn from one counter for all names, so they grow for each. */
export function locks(store: Store): Locks {
  return {
    async acquire(name: string, owner: string, ttlMs: number, options?: At): Promise<Lock | undefined> {
      const now = store.clock(options);
      // A look first: if the lock is taken, there is no need to wait for the write lock.
      const taken = (): boolean =>
        store.value("SELECT 1 FROM locks WHERE name = ? AND owner <> ? AND until > ?").get(name, owner, now) !== undefined;
      if (store.read(taken)) return undefined;
      return store.write(() => {
        if (taken()) return undefined;
        const token = store.value("UPDATE meta SET value = value + 1 WHERE name = 'lock_token' RETURNING value").get() as number;
        store.sql("INSERT OR REPLACE INTO locks (name, owner, token, until) VALUES (?, ?, ?, ?)").run(name, owner, token, now + ttlMs);
        return { name, owner, token };
      });
    },

    async renew({ name, owner, token }: Lock, ttlMs: number, options?: At): Promise<boolean> {
      const now = store.clock(options);
      const renew = "UPDATE locks SET until = max(until, ?) WHERE name = ? AND owner = ? AND token = ? AND until > ?";
      return store.write(() => store.sql(renew).run(now + ttlMs, name, owner, token, now).changes === 1);
    },

    async release({ name, owner, token }: Lock, options?: At): Promise<boolean> {
      const now = store.clock(options);
      const held = store.write(
        () =>
          store.value("DELETE FROM locks WHERE name = ? AND owner = ? AND token = ? RETURNING until").get(name, owner, token) as
            number | undefined,
      );
      return held !== undefined && held > now;
    },
  };
}
