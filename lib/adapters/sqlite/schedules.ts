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
import { insertJobs } from "./enqueue.js";
import { type Store } from "./store.js";

const COLUMNS = "SELECT id, spec, next_at, last_at, fires, paused, dynamic FROM schedules";

/** Two lists that need no sort of everything: of the ids asked, and of the dynamic ones by their index. */
const DUE = `SELECT * FROM (${COLUMNS} WHERE id IN (SELECT value FROM json_each(?)) AND dynamic = 0 AND paused = 0 AND next_at IS NOT NULL ORDER BY next_at, id LIMIT ?)
  UNION ALL SELECT * FROM (${COLUMNS} WHERE dynamic = 1 AND paused = 0 AND next_at IS NOT NULL ORDER BY next_at, id LIMIT ?)
  ORDER BY next_at, id LIMIT ?`;

type ScheduleRow = [string, string, number | null, number | null, number, number, number];

/** The schedule store. */
export function schedules(store: Store, adapter: Pick<Adapter, "name" | "honours">): Schedules {
  return {
    async upsert(list: readonly NewSchedule[]): Promise<void> {
      store.write(() => {
        const upsert = store.sql(
          `INSERT INTO schedules (id, spec, next_at, dynamic) VALUES (?, ?, ?, ?)
           ON CONFLICT (id) DO UPDATE SET spec = excluded.spec, next_at = iif(spec = excluded.spec, next_at, excluded.next_at), dynamic = excluded.dynamic
           WHERE (spec <> excluded.spec OR dynamic <> excluded.dynamic) AND (dynamic = 1 OR excluded.dynamic = 0)`,
        );
        for (const { id, spec, nextAt, dynamic = false } of list) upsert.run(id, spec, nextAt ?? null, dynamic ? 1 : 0);
      });
    },

    async due(ids: readonly string[], limit: number, options?: At): Promise<Due> {
      const now = store.clock(options);
      return store.read(() => {
        const rows = store.rows(DUE).all(JSON.stringify(ids), limit + 1, limit + 1, limit + 1) as ScheduleRow[];
        const list = Array.from(rows, toSchedule);
        const ready = list.filter(({ nextAt }, i) => i < limit && nextAt! <= now);
        return { schedules: ready, nextDueAt: list[ready.length]?.nextAt, now };
      });
    },

    async fire(shots: readonly Shot[], options?: At): Promise<readonly string[]> {
      checkJobs(
        shots.flatMap(({ job }) => job ?? []),
        adapter,
      );
      const now = store.clock(options);
      return store.write(() => {
        const move = store.sql(
          `UPDATE schedules SET next_at = ?, last_at = coalesce(?, last_at), fires = fires + ?
           WHERE id = ? AND next_at = ? AND spec = ? AND paused = 0`,
        );
        const fired = shots.filter(({ id, slot, nextAt, spec, job }) => {
          const [lastAt, fires] = job === undefined ? [null, 0] : [slot, 1];
          return move.run(nextAt ?? null, lastAt, fires, id, slot, spec).changes === 1;
        });
        insertJobs(
          store,
          fired.flatMap(({ job }) => job ?? []),
          now,
        );
        return fired.map(({ id }) => id);
      });
    },

    async get(ids: readonly string[], options?: At) {
      const now = store.clock(options);
      return store.read(() => {
        const one = store.rows(`${COLUMNS} WHERE id = ?`);
        const found = ids.map((id) => one.get(id) as ScheduleRow | undefined);
        return { schedules: found.map((row) => row && toSchedule(row)), now };
      });
    },

    async list(): Promise<readonly Schedule[]> {
      return store.read(() => Array.from(store.rows(`${COLUMNS} ORDER BY id`).all() as ScheduleRow[], toSchedule));
    },

    async pause(id: string): Promise<boolean> {
      return store.write(() => store.sql("UPDATE schedules SET paused = 1 WHERE id = ?").run(id).changes === 1);
    },

    async resume(id: string, nextAt: number | undefined): Promise<boolean> {
      return store.write(
        () => store.sql("UPDATE schedules SET paused = 0, next_at = ? WHERE id = ?").run(nextAt ?? null, id).changes === 1,
      );
    },

    async remove(id: string): Promise<boolean> {
      return store.write(() => store.sql("DELETE FROM schedules WHERE id = ?").run(id).changes === 1);
    },
  };
}

function toSchedule([id, spec, nextAt, lastAt, fires, paused, dynamic]: ScheduleRow): Schedule {
  return { id, spec, nextAt: nextAt ?? undefined, dynamic: dynamic === 1, paused: paused === 1, lastAt: lastAt ?? undefined, fires };
}
