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
import { checkPayloads } from "./connect/payloads.js";
import type { Row } from "./connect/sql.js";
import { statementOf } from "./connect/statements.js";
import { bigs, ints, texts, type Value } from "./connect/values.js";
import { enqueue } from "./enqueue.js";
import { CLOCK, type Store, type Tx } from "./store.js";

/** What was made at run time is `dynamic`, whatever its owner, as version 0.1 writes it. */
const OWNER = `CASE WHEN dynamic THEN '${RUN_TIME}' ELSE owner END`;
const COLUMNS = `id, spec, next_at, last_at, fires, paused, ${OWNER} AS owner, deployment`;
const NAMES = "id, spec, next_at, last_at, fires, paused, owner, deployment";
const DUE = statementOf("due", "owned");
const DUE_BY_ID = statementOf("due", "chosen");

const list = (chosen: string): string => `WITH clock AS MATERIALIZED (SELECT ${CLOCK} AS now)
  SELECT clock.now, ${NAMES} FROM clock LEFT JOIN LATERAL (
    SELECT ${COLUMNS} FROM stem.schedules WHERE ${chosen}id > $2::text AND ($3::text IS NULL OR ${OWNER} = $3::text) ORDER BY id LIMIT $4::int) s ON true
  ORDER BY id`;
const LIST = list("");
const LIST_BY_ID = list("id = ANY($5::text[]) AND ");

/** In the order of their ids, so that processes that start at once do not deadlock. */
const put = (dynamic: boolean, replaces: string): string =>
  `INSERT INTO stem.schedules AS s (id, spec, next_at, dynamic, owner, deployment)
   SELECT id, spec, next_at, ${dynamic}, $4::text, $5::bigint FROM unnest($1::text[], $2::text[], $3::bigint[]) u(id, spec, next_at) ORDER BY id COLLATE "C"
   ON CONFLICT (id) DO UPDATE SET spec = excluded.spec, dynamic = excluded.dynamic, owner = excluded.owner, deployment = excluded.deployment,
     next_at = CASE WHEN s.spec = excluded.spec THEN s.next_at ELSE excluded.next_at END
   WHERE ${replaces}`;
const PUT = put(
  false,
  `s.dynamic OR s.owner <> excluded.owner
     OR (s.deployment <= excluded.deployment AND (s.spec, s.deployment) <> (excluded.spec, excluded.deployment))`,
);
const PUT_AT_RUN_TIME = put(true, "s.dynamic AND s.spec <> excluded.spec");
/** In the rows of what was made at run time: if version 0.1 declares one of them, it leaves the owner so. */
const APP = "app";

const MOVE = `UPDATE stem.schedules s SET next_at = u.next_at, last_at = coalesce(u.last_at, s.last_at),
    fires = CASE WHEN u.last_at IS NULL THEN fires ELSE fires + 1 END
  FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::text[], $5::bigint[]) u(id, slot, next_at, spec, last_at)
  WHERE s.id = u.id AND s.next_at = u.slot AND s.spec = u.spec AND NOT s.paused RETURNING s.id`;

/**
 * In the order of their ids, too.
 * Parameters: all ids; of those that stay: ids, paused, moved, next slots; ids of those that go.
 */
const CHANGE = `WITH held AS MATERIALIZED (SELECT id FROM stem.schedules WHERE id = ANY($1::text[]) ORDER BY id FOR UPDATE),
    stay AS (UPDATE stem.schedules s SET paused = u.paused = 1, next_at = CASE WHEN u.moved = 1 THEN u.next_at ELSE s.next_at END
      FROM held JOIN unnest($2::text[], $3::int[], $4::int[], $5::bigint[]) u(id, paused, moved, next_at) ON u.id = held.id WHERE s.id = held.id),
    gone AS (DELETE FROM stem.schedules s USING held WHERE s.id = held.id AND held.id = ANY($6::text[]))
  SELECT id FROM held`;

/** The schedule store. */
export function schedules(store: Store, self: Self): Schedules {
  return {
    async put(given: readonly NewSchedule[], from: PutFrom, options?: At): Promise<boolean> {
      if (from.owner !== RUN_TIME) return store.transact(options, (tx) => putAll(tx, given, from));
      await store.rows(PUT_AT_RUN_TIME, putValues(given, APP, 0));
      return true;
    },

    async due(owners: readonly string[], limit: number, options?: DueOptions): Promise<Due> {
      const [only, asked] = [options?.only, texts([...new Set(owners)])];
      const values = [options?.now ?? null, asked, limit + 1];
      const rows = await (only === undefined ? store.rows(DUE, values) : store.rows(DUE_BY_ID, [...values, texts(only)]));
      const { items, now } = foundIn(rows);
      const ready = items.filter(({ nextAt }, i) => i < limit && nextAt! <= now);
      return { schedules: ready, nextDueAt: items[ready.length]?.nextAt, now };
    },

    async fire(shots: readonly Shot[], options?: At): Promise<readonly Fired[]> {
      const jobs = shots.flatMap(({ job }) => job ?? []);
      checkJobs(jobs, self);
      checkPayloads(jobs);
      await store.learnQueues(jobs.map(({ queue }) => queue));
      return store.transact(options, (tx) => fire(store, tx, shots));
    },

    async list(filter: ScheduleFilter = {}, options?: At): Promise<SchedulePage> {
      const { ids, owner = null, from = "" } = filter;
      const limit = limitOf(filter);
      const values = [options?.now ?? null, from, owner, limit + 1];
      const rows = await (ids === undefined ? store.rows(LIST, values) : store.rows(LIST_BY_ID, [...values, texts(ids)]));
      const { items, now } = foundIn(rows);
      return { ...pageOf(items, limit, ({ id }) => id), now };
    },

    async change(changes: readonly ScheduleChange[]): Promise<readonly boolean[]> {
      const ends = new Map<string, "removed" | { readonly paused: boolean; readonly nextAt: number | null | undefined }>();
      const counts = changes.map((one) => {
        const before = ends.get(one.id);
        if (before === "removed") return false;
        const nextAt = one.to === "resumed" ? (one.nextAt ?? null) : before?.nextAt;
        ends.set(one.id, one.to === "removed" ? one.to : { paused: one.to === "paused", nextAt });
        return true;
      });
      const stay = [...ends].flatMap(([id, end]) => (end === "removed" ? [] : [{ id, ...end }]));
      const rows = await store.rows(CHANGE, [
        texts([...ends.keys()]),
        texts(stay.map(({ id }) => id)),
        ints(stay.map(({ paused }) => (paused ? 1 : 0))),
        ints(stay.map(({ nextAt }) => (nextAt === undefined ? 0 : 1))),
        bigs(stay.map(({ nextAt }) => nextAt ?? null)),
        texts([...ends].flatMap(([id, end]) => (end === "removed" ? [id] : []))),
      ]);
      const held = new Set(rows.map(([id]) => id as string));
      return changes.map(({ id }, i) => counts[i]! && held.has(id));
    },
  };
}

async function putAll(tx: Tx, given: readonly NewSchedule[], { owner, deployment = 0, retire = false }: PutFrom): Promise<boolean> {
  // One at a time: what an older one stores is seen by a newer one that retires, or not stored.
  await tx.rows("SELECT pg_advisory_xact_lock(hashtextextended('stem.schedules' || $1::text, 1))::text", [owner]);
  const [newest] = await tx.rows("SELECT deployment FROM stem.retired WHERE owner = $1::text", [owner]);
  if (newest !== undefined && (newest[0] as number) > deployment) return false;
  if (!retire) {
    await tx.rows(PUT, putValues(given, owner, deployment));
    return true;
  }
  await tx.rows(
    "INSERT INTO stem.retired (owner, deployment) VALUES ($1::text, $2::bigint) ON CONFLICT (owner) DO UPDATE SET deployment = excluded.deployment",
    [owner, deployment],
  );
  const values = [texts(given.map(({ id }) => id)), owner, deployment];
  const older = "owner = $2::text AND NOT dynamic AND deployment < $3::bigint";
  await tx.rows(`SELECT id FROM stem.schedules WHERE id = ANY($1::text[]) OR (${older}) ORDER BY id FOR UPDATE`, values);
  await tx.rows(PUT, putValues(given, owner, deployment));
  await tx.rows(`DELETE FROM stem.schedules WHERE ${older} AND id <> ALL($1::text[])`, values);
  return true;
}

function putValues(given: readonly NewSchedule[], owner: string, deployment: number): Value[] {
  return [
    texts(given.map(({ id }) => id)),
    texts(given.map(({ spec }) => spec)),
    bigs(given.map(({ nextAt }) => nextAt ?? null)),
    owner,
    deployment,
  ];
}

async function fire(store: Store, tx: Tx, shots: readonly Shot[]): Promise<readonly Fired[]> {
  await tx.rows("SELECT id FROM stem.schedules WHERE id = ANY($1::text[]) ORDER BY id FOR UPDATE", [texts(shots.map(({ id }) => id))]);
  const moved = new Set<Shot>();
  for (const round of roundsOf(shots)) {
    const rows = await tx.rows(MOVE, [
      texts(round.map(({ id }) => id)),
      bigs(round.map(({ slot }) => slot)),
      bigs(round.map(({ nextAt }) => nextAt ?? null)),
      texts(round.map(({ spec }) => spec)),
      bigs(round.map(({ slot, job }) => (job === undefined ? null : slot))),
    ]);
    const ids = new Set(rows.map(([id]) => id as string));
    for (const shot of round) if (ids.has(shot.id)) moved.add(shot);
  }
  const jobs = shots.flatMap((shot) => (moved.has(shot) && shot.job !== undefined ? shot.job : []));
  return firedOf(
    shots,
    shots.map((shot) => moved.has(shot)),
    jobs.length === 0 ? [] : idsMet({ met: await enqueue(store, tx, jobs) }),
  );
}

/**
 * Shots at one schedule, each in a round of its own, in the order given.
 * Nearly always there is one round.
 */
function roundsOf(shots: readonly Shot[]): readonly (readonly Shot[])[] {
  const rounds: Shot[][] = [];
  const counts = new Map<string, number>();
  for (const shot of shots) {
    const before = counts.get(shot.id) ?? 0;
    counts.set(shot.id, before + 1);
    (rounds[before] ??= []).push(shot);
  }
  return rounds;
}

/** The store's time, and what was found: a row without a schedule stands for none. */
function foundIn(rows: readonly Row[]): { readonly items: readonly Schedule[]; readonly now: number } {
  const items = rows.filter((row) => row[1] !== null).map(([, ...row]) => toSchedule(row));
  return { items, now: rows[0]![0] as number };
}

function toSchedule(row: Row): Schedule {
  const [id, spec, nextAt, lastAt, fires, paused, owner, deployment] = row as [
    string,
    string,
    number | null,
    number | null,
    number,
    boolean,
    string,
    number,
  ];
  return { id, spec, nextAt: nextAt ?? undefined, owner, deployment, paused, lastAt: lastAt ?? undefined, fires };
}
