import type { At, Lock, Locks } from "../../contract/index.js";
import { CLOCK, type Store } from "./store.js";

/** Named mutual exclusion. Tokens are drawn from one sequence for all names, so they grow for each. */
export function locks(store: Store): Locks {
  return {
    async acquire(name: string, owner: string, ttlMs: number, options?: At): Promise<Lock | undefined> {
      const rows = await store.rows(
        `WITH clock AS MATERIALIZED (SELECT ${CLOCK} AS now)
         INSERT INTO stem.locks AS l (name, owner, token, until)
         SELECT $2::text, $3::text, nextval('stem.lock_token'), clock.now + $4::bigint FROM clock
         WHERE NOT EXISTS (SELECT FROM stem.locks x WHERE x.name = $2::text AND x.owner <> $3::text AND x.until > clock.now)
         ON CONFLICT (name) DO UPDATE SET owner = excluded.owner, token = excluded.token, until = excluded.until
           WHERE l.owner = excluded.owner OR l.until <= (SELECT now FROM clock)
         RETURNING token`,
        [options?.now ?? null, name, owner, ttlMs],
      );
      return rows.length === 0 ? undefined : { name, owner, token: rows[0]![0] as number };
    },

    async renew({ name, owner, token }: Lock, ttlMs: number, options?: At): Promise<boolean> {
      const rows = await store.rows(
        `WITH clock AS MATERIALIZED (SELECT ${CLOCK} AS now)
         UPDATE stem.locks l SET until = greatest(l.until, clock.now + $5::bigint) FROM clock
         WHERE l.name = $2::text AND l.owner = $3::text AND l.token = $4::bigint AND l.until > clock.now RETURNING 1`,
        [options?.now ?? null, name, owner, token, ttlMs],
      );
      return rows.length === 1;
    },

    async release({ name, owner, token }: Lock, options?: At): Promise<boolean> {
      const rows = await store.rows(
        `WITH clock AS MATERIALIZED (SELECT ${CLOCK} AS now)
         DELETE FROM stem.locks l USING clock WHERE l.name = $2::text AND l.owner = $3::text AND l.token = $4::bigint RETURNING l.until > clock.now`,
        [options?.now ?? null, name, owner, token],
      );
      return rows[0]?.[0] === true;
    },
  };
}
