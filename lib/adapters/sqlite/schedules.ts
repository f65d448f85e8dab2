import { checkJobs, firedOf, idsMet, limitOf, pageOf, RUN_TIME } from "../../contract/index.js";
import type {
  At,
  Due,
  DueOptions,
  Fired,
  NewSchedule,
  PutFrom,
  Schedule,
  ScheduleChange,
  ScheduleFilter,
  SchedulePage,
  Schedules,
  Self,
  Shot,
} from "../../contract/index.js";
import { enqueue } from "./enqueue.js";
import type { Store } from "./store.js";

/** What was made at run time is `dynamic`, whatever its owner, as version 0.1 writes it. */
const OWNER = `iif(dynamic = 1, '${RUN_TIME}', owner)`;
const COLUMNS = `SELECT id, spec, next_at, last_at, fires, paused, ${OWNER}, deployment FROM schedules`;
const DUE = "paused = 0 AND next_at IS NOT NULL ORDER BY next_at, id LIMIT ?";

const DUE_AT_RUN_TIME = `${COLUMNS} WHERE dynamic = 1 AND ${DUE}`;
const DUE_BY_OWNER = `${COLUMNS} WHERE owner = ? AND dynamic = 0 AND ${DUE}`;
const DUE_BY_ID = `${COLUMNS} WHERE id IN (SELECT value FROM json_each(?)) AND owner IN (SELECT value FROM json_each(?)) AND dynamic = 0 AND ${DUE}`;

const LIST = `id > @from AND (@owner IS NULL OR ${OWNER} = @owner) ORDER BY id LIMIT @limit + 0`;
const LIST_ALL = `${COLUMNS} WHERE ${LIST}`;
const LIST_BY_ID = `${COLUMNS} WHERE id IN (SELECT value FROM json_each(@ids)) AND ${LIST}`;

const PUT = `INSERT INTO schedules (id, spec, next_at, owner, deployment) VALUES (?, ?, ?, ?, ?)
  ON CONFLICT (id) DO UPDATE SET spec = excluded.spec, next_at = iif(spec = excluded.spec, next_at, excluded.next_at), dynamic = 0,
    owner = excluded.owner, deployment = excluded.deployment
  WHERE (dynamic = 1 OR owner <> excluded.owner OR deployment <= excluded.deployment)
    AND (dynamic = 1 OR (spec, owner, deployment) <> (excluded.spec, excluded.owner, excluded.deployment))`;
const PUT_AT_RUN_TIME = `INSERT INTO schedules (id, spec, next_at, dynamic) VALUES (?, ?, ?, 1)
  ON CONFLICT (id) DO UPDATE SET spec = excluded.spec, next_at = excluded.next_at WHERE dynamic = 1 AND spec <> excluded.spec`;

const MOVE = `UPDATE schedules SET next_at = ?, last_at = coalesce(?, last_at), fires = fires + ?
  WHERE id = ? AND next_at = ? AND spec = ? AND paused = 0`;

/** The schedule store. */
export function schedules(store: Store, self: Self): Schedules {
  return {
    async put(list: readonly NewSchedule[], from: PutFrom): Promise<boolean> {
      return store.write(() => (from.owner === RUN_TIME ? putAtRunTime(store, list) : put(store, list, from)));
    },

    async due(owners: readonly string[], limit: number, options?: DueOptions): Promise<Due> {
      const now = store.clock(options);
      return store.read(() => {
        const rows = store.rows(DUE_AT_RUN_TIME).all(limit + 1) as ScheduleRow[];
        if (options?.only === undefined)
          for (const owner of new Set(owners)) rows.push(...(store.rows(DUE_BY_OWNER).all(owner, limit + 1) as ScheduleRow[]));
        else rows.push(...(store.rows(DUE_BY_ID).all(JSON.stringify(options.only), JSON.stringify(owners), limit + 1) as ScheduleRow[]));
        const list = Array.from(rows, toSchedule).sort((a, b) => a.nextAt! - b.nextAt!);
        const ready = list.filter(({ nextAt }, i) => i < limit && nextAt! <= now);
        return { schedules: ready, nextDueAt: list[ready.length]?.nextAt, now };
      });
    },

    async fire(shots: readonly Shot[], options?: At): Promise<readonly Fired[]> {
      checkJobs(
        shots.flatMap(({ job }) => job ?? []),
        self,
      );
      const now = store.clock(options);
      return store.write(() => fire(store, shots, now));
    },

    async list(filter: ScheduleFilter = {}, options?: At): Promise<SchedulePage> {
      const [now, limit] = [store.clock(options), limitOf(filter)];
      const { ids, owner = null, from = "" } = filter;
      const which = { owner, from, limit: limit + 1 };
      return store.read(() => {
        const rows = (
          ids === undefined ? store.rows(LIST_ALL).all(which) : store.rows(LIST_BY_ID).all({ ...which, ids: JSON.stringify(ids) })
        ) as ScheduleRow[];
        return { ...pageOf(Array.from(rows, toSchedule), limit, ({ id }) => id), now };
      });
    },

    async change(changes: readonly ScheduleChange[]): Promise<readonly boolean[]> {
      return store.write(() => changes.map((one) => change(store, one)));
    },
  };
}

function putAtRunTime(store: Store, list: readonly NewSchedule[]): boolean {
  for (const { id, spec, nextAt } of list) store.sql(PUT_AT_RUN_TIME).run(id, spec, nextAt ?? null);
  return true;
}

function put(store: Store, list: readonly NewSchedule[], { owner, deployment = 0, retire = false }: PutFrom): boolean {
  const mark = `retired:${owner}`;
  const newest = store.value("SELECT value FROM meta WHERE name = ?").get(mark) as number | undefined;
  if (newest !== undefined && newest > deployment) return false;
  for (const { id, spec, nextAt } of list) store.sql(PUT).run(id, spec, nextAt ?? null, owner, deployment);
  if (!retire) return true;
  store.sql("INSERT INTO meta (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value").run(mark, deployment);
  store
    .sql("DELETE FROM schedules WHERE owner = ? AND dynamic = 0 AND deployment < ? AND id NOT IN (SELECT value FROM json_each(?))")
    .run(owner, deployment, JSON.stringify(list.map(({ id }) => id)));
  return true;
}

function fire(store: Store, shots: readonly Shot[], now: number): readonly Fired[] {
  const moves = shots.map(({ id, slot, nextAt, spec, job }) => {
    const [lastAt, fires] = job === undefined ? [null, 0] : [slot, 1];
    return store.sql(MOVE).run(nextAt ?? null, lastAt, fires, id, slot, spec).changes === 1;
  });
  const jobs = shots.flatMap(({ job }, i) => (moves[i] && job !== undefined ? job : []));
  return firedOf(shots, moves, idsMet({ met: enqueue(store, jobs, now) }));
}

function change(store: Store, one: ScheduleChange): boolean {
  switch (one.to) {
    case "paused":
      return store.sql("UPDATE schedules SET paused = 1 WHERE id = ?").run(one.id).changes === 1;
    case "resumed":
      return store.sql("UPDATE schedules SET paused = 0, next_at = ? WHERE id = ?").run(one.nextAt ?? null, one.id).changes === 1;
    case "removed":
      return store.sql("DELETE FROM schedules WHERE id = ?").run(one.id).changes === 1;
  }
}

type ScheduleRow = [string, string, number | null, number | null, number, number, string, number];

function toSchedule([id, spec, nextAt, lastAt, fires, paused, owner, deployment]: ScheduleRow): Schedule {
  return { id, spec, nextAt: nextAt ?? undefined, owner, deployment, paused: paused === 1, lastAt: lastAt ?? undefined, fires };
}
