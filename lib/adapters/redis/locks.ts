import type { At, Lock, Locks } from "../../contract/index.js";
import type { Store } from "./store.js";

export function locks(store: Store): Locks {
  const act = (verb: string, { name, owner, token }: Lock, ttlMs: number, options?: At) =>
    store.run("locks", store.home, [verb, name, owner, ttlMs, token], options) as Promise<number>;
  return {
    acquire: async (name, owner, ttlMs, options) => {
      const token = await act("acquire", { name, owner, token: 0 }, ttlMs, options);
      return token === 0 ? undefined : { name, owner, token };
    },
    renew: async (lock, ttlMs, options) => (await act("renew", lock, ttlMs, options)) === 1,
    release: async (lock, options) => (await act("release", lock, 0, options)) === 1,
  };
}
