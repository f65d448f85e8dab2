import { StoreError, type Within } from "../../../contract/index.js";
import { channelOf, NOBODY } from "../connect/channels.js";
import { codeOf } from "../connect/errors.js";
import { packed } from "../connect/notifier.js";
import type { Row } from "../connect/sql.js";
import { List, texts, toLiteral, type Value } from "../connect/values.js";
import { Announcement, type Store, type Tx } from "../store.js";
import { executorOf, OUTSIDE, refusal, type Executor } from "./executors.js";

/**
 * Columns that are texts.
 * All others are numbers or flags, which each library returns in its own form: 7, "7" or 7n.
 */
const TEXTS: ReadonlySet<string> = new Set(["id", "ids", "name", "key", "error", "wake", "payload", "location", "inside"]);

/**
 * Where a connection leads: the server's start, the database, and the first table of the schema.
 * Two connections with the same three see the same tables. And whether it is inside a transaction: there the
 * transaction began before the statement.
 */
const LOCATION = `SELECT (now() <> statement_timestamp())::text AS inside,
    concat_ws(' ', extract(epoch FROM pg_postmaster_start_time())::text, d.oid::text, to_regclass('stem.jobs')::oid::text) AS location,
    floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint AS now, current_setting('transaction_isolation') AS key
  FROM pg_database d WHERE d.datname = current_database()`;

/**
 * Runs `work` inside a caller's transaction: what it writes commits or rolls back with it.
 * So does the message that wakes the workers, which the server sends at the commit.
 *
 * @throws {TypeError} if `options.transaction` is not an open transaction on the database of this store
 */
export async function inTransaction<T>(
  store: Store,
  options: Within,
  needs: "any isolation" | "read committed",
  work: (tx: Tx) => Promise<T>,
): Promise<T> {
  const execute = executorOf(options.transaction);
  let home = await locationOf(store);
  const rows = (text: string, values: readonly Value[] = []): Promise<Row[]> => run(store, execute, text, values);
  const [inside, location, now, isolation] = (await rows(LOCATION))[0] as [string, string, number, string];
  if (inside !== "true") throw refusal(OUTSIDE);
  // The server may have been restarted, or replaced, a moment ago.
  if (location !== home) home = await locationOf(store, true);
  if (location !== home)
    throw refusal(
      "on another database, or without Stem's schema in sight: only on the database where Stem keeps its jobs can both commit together",
    );
  // Jobs that wait for an event, or have ended meanwhile, are read once its locks are held; an older view
  // would miss them.
  if (needs === "read committed" && isolation !== needs)
    throw refusal(
      `of isolation level ${isolation}, in which events, links to jobs and unique keys are not safe: use READ COMMITTED (plain jobs go in any)`,
    );
  const tx: Tx = { isCallers: true, rows, now: options.now ?? now, announcement: new Announcement() };
  const result = await work(tx);
  await announce(store, tx);
  return result;
}

/** Locations of stores, until their server starts anew. */
const homes = new WeakMap<Store, { readonly started: number; readonly location: string }>();

/** Read again after a while, since a server may have been restarted or replaced. */
const HOME_MS = 1_000;

async function locationOf(store: Store, isAnew = false): Promise<string> {
  const known = homes.get(store);
  if (!isAnew && known !== undefined && performance.now() - known.started < HOME_MS) return known.location;
  const location = (await store.rows(LOCATION))[0]![1] as string;
  if (location !== known?.location) store.forget();
  homes.set(store, { started: performance.now(), location });
  return location;
}

async function run(store: Store, execute: Executor, text: string, values: readonly Value[]): Promise<Row[]> {
  let found: readonly object[];
  try {
    found = await execute(
      store.named(text),
      values.map((value) => (value instanceof List ? toLiteral(value) : value === null ? null : String(value))),
    );
  } catch (error) {
    throw failure(store, error);
  }
  return found.map((row) => Object.entries(row).map(([column, value]) => (TEXTS.has(column) ? value : plain(value))));
}

/** The driver's own error, which the libraries wrap, as an error of Stem. */
function failure(store: Store, error: unknown): unknown {
  let inner = error;
  for (let depth = 0; depth < 5 && inner instanceof Error && codeOf(inner).length !== 5; depth++)
    inner = (inner as { driverError?: unknown }).driverError ?? inner.cause ?? inner;
  if (codeOf(inner) === "25P02" || /current transaction is aborted/.test(String((error as Error | undefined)?.message)))
    return new StoreError(
      "STEM_STORE_FAILED",
      "The transaction that was given is aborted: an earlier statement in it failed.",
      "Roll it back (or back to a savepoint) and begin anew; nothing was stored.",
      { cause: error },
    );
  return store.connection.failure(inner);
}

function plain(value: unknown): unknown {
  if (typeof value === "bigint") return Number(value);
  if (typeof value !== "string") return value;
  return value === "t" || value === "true" ? true : value === "f" || value === "false" ? false : Number(value);
}

/** Makes the server notify all processes at the commit. */
async function announce(store: Store, { rows, announcement }: Tx): Promise<void> {
  await store.learnLanes(announcement.lanes);
  for (const lane of announcement.lanes) {
    const queue = store.queueOf(lane);
    if (queue !== undefined) announcement.queues.add(queue);
  }
  const messages = [
    ...packed(announcement.queues).map((payload) => ({ channel: channelOf(store.name, "work"), payload })),
    ...packed(announcement.done).map((payload) => ({ channel: channelOf(store.name, "done"), payload })),
  ];
  if (messages.length === 0) return;
  await rows("SELECT count(pg_notify(u.channel, u.payload)::text) AS n FROM unnest($1::text[], $2::text[]) u(channel, payload)", [
    texts(messages.map(({ channel }) => channel)),
    texts(messages.map(({ payload }) => NOBODY + payload)),
  ]);
}
