import {
  checkJobs,
  type At,
  type Adapter,
  type Due,
  type NewSchedule,
  type Schedule,
  type Schedules,
  type Shot,
} from "../../contract/index.js";
import type { Row } from "./connect/sql.js";
import { bigs, texts } from "./connect/values.js";
import { checkPayloads, insertJobs } from "./enqueue.js";
import { CLOCK, type Store } from "./store.js";

const COLUMNS = "id, spec, next_at, last_at, fires, paused, dynamic";

/** Two lists that need no sort of everything: of the ids asked, and of the dynamic ones by their index. */
const DUE = `WITH clock AS MATERIALIZED (SELECT ${CLOCK} AS now)
  SELECT clock.now, ${COLUMNS} FROM clock LEFT JOIN LATERAL (
    (SELECT ${COLUMNS} FROM stem.schedules WHERE id = ANY($2::text[]) AND NOT dynamic AND NOT paused AND next_at IS NOT NULL ORDER BY next_at, id LIMIT $3::int)
    UNION ALL (SELECT ${COLUMNS} FROM stem.schedules WHERE dynamic AND NOT paused AND next_at IS NOT NULL ORDER BY next_at, id LIMIT $3::int)
    ORDER BY next_at, id LIMIT $3::int) s ON true
  ORDER BY next_at, id`;

/** The schedule store. */
export function schedules(store: Store, adapter: Pick<Adapter, "name" | "honours">): Schedules {
  return {
    async upsert(list: readonly NewSchedule[]): Promise<void> {
      // In the order of their ids, so that two processes that start at once do not deadlock; the last of two
      // equal ids counts, as if one by one.
      const byId = [...new Map(list.map((schedule) => [schedule.id, schedule])).values()].sort((a, b) => (a.id < b.id ? -1 : 1));
      await store.rows(
        `INSERT INTO stem.schedules AS s (id, spec, next_at, dynamic) SELECT id, spec, next_at, id = ANY($4::text[]) FROM unnest($1::text[], $2::text[], $3::bigint[]) u(id, spec, next_at)
         ON CONFLICT (id) DO UPDATE SET spec = excluded.spec, dynamic = excluded.dynamic,
           next_at = CASE WHEN s.spec = excluded.spec THEN s.next_at ELSE excluded.next_at END
         WHERE (s.spec, s.dynamic) <> (excluded.spec, excluded.dynamic) AND (s.dynamic OR NOT excluded.dynamic)`,
        [
          texts(byId.map(({ id }) => id)),
          texts(byId.map(({ spec }) => spec)),
          bigs(byId.map(({ nextAt }) => nextAt ?? null)),
          texts(byId.filter(({ dynamic }) => dynamic).map(({ id }) => id)),
        ],
      );
    },

    async due(ids: readonly string[], limit: number, options?: At): Promise<Due> {
      const rows = await store.rows(DUE, [options?.now ?? null, texts(ids), limit + 1]);
      const now = rows[0]![0] as number;
      const list = rows.filter((row) => row[1] !== null).map((row) => toSchedule(row.slice(1)));
      const ready = list.filter(({ nextAt }, i) => i < limit && nextAt! <= now);
      return { schedules: ready, nextDueAt: list[ready.length]?.nextAt, now };
    },

    async fire(shots: readonly Shot[], options?: At): Promise<readonly string[]> {
      const jobs = shots.flatMap(({ job }) => job ?? []);
      checkJobs(jobs, adapter);
      checkPayloads(jobs);
      await store.learnQueues(jobs.map(({ queue }) => queue));
      return store.transact(options, async (tx) => {
        await tx.rows("SELECT id FROM stem.schedules WHERE id = ANY($1::text[]) ORDER BY id FOR UPDATE", [
          texts(shots.map(({ id }) => id)),
        ]);
        const moved = await tx.rows(
          `UPDATE stem.schedules s SET next_at = u.next_at, last_at = coalesce(u.last_at, s.last_at),
             fires = CASE WHEN u.last_at IS NULL THEN fires ELSE fires + 1 END
           FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::text[], $5::bigint[]) u(id, slot, next_at, spec, last_at)
           WHERE s.id = u.id AND s.next_at = u.slot AND s.spec = u.spec AND NOT s.paused RETURNING s.id, u.slot`,
          [
            texts(shots.map(({ id }) => id)),
            bigs(shots.map(({ slot }) => slot)),
            bigs(shots.map(({ nextAt }) => nextAt ?? null)),
            texts(shots.map(({ spec }) => spec)),
            bigs(shots.map(({ slot, job }) => (job === undefined ? null : slot))),
          ],
        );
        const slots = new Map(moved as [string, number][]);
        // Of two shots at one slot the first counts.
        const fired = shots.filter(({ id, slot }) => slots.get(id) === slot && slots.delete(id));
        const born = fired.flatMap(({ job }) => job ?? []);
        if (born.length > 0) await insertJobs(store, tx, born);
        return fired.map(({ id }) => id);
      });
    },

    async get(ids: readonly string[], options?: At) {
      const rows = await store.rows(
        `WITH clock AS MATERIALIZED (SELECT ${CLOCK} AS now)
         SELECT clock.now, ${COLUMNS} FROM clock LEFT JOIN stem.schedules ON id = ANY($2::text[])`,
        [options?.now ?? null, texts(ids)],
      );
      const known = new Map(rows.filter((row) => row[1] !== null).map((row) => [row[1] as string, toSchedule(row.slice(1))]));
      return { schedules: ids.map((id) => known.get(id)), now: rows[0]![0] as number };
    },

    async list(): Promise<readonly Schedule[]> {
      return (await store.rows(`SELECT ${COLUMNS} FROM stem.schedules ORDER BY id`)).map(toSchedule);
    },

    async pause(id: string): Promise<boolean> {
      return (await store.rows("UPDATE stem.schedules SET paused = true WHERE id = $1::text RETURNING 1", [id])).length === 1;
    },

    async resume(id: string, nextAt: number | undefined): Promise<boolean> {
      const values = [id, nextAt ?? null];
      return (
        (await store.rows("UPDATE stem.schedules SET paused = false, next_at = $2::bigint WHERE id = $1::text RETURNING 1", values))
          .length === 1
      );
    },

    async remove(id: string): Promise<boolean> {
      return (await store.rows("DELETE FROM stem.schedules WHERE id = $1::text RETURNING 1", [id])).length === 1;
    },
  };
}

function toSchedule(row: Row): Schedule {
  const [id, spec, nextAt, lastAt, fires, paused, dynamic] = row as [
    string,
    string,
    number | null,
    number | null,
    number,
    boolean,
    boolean,
  ];
  return { id, spec, nextAt: nextAt ?? undefined, dynamic, paused, lastAt: lastAt ?? undefined, fires };
}
