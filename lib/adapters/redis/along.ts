import { cancelled, carries, type Along, type At, type NewEvent } from "../../contract/index.js";
import type { Arg } from "./cluster/batch.js";
import { json } from "./connect/json.js";
import { enqueueArgs } from "./enqueue.js";
import type { Shard, Store } from "./store.js";

/** Seven days. */
const KEEP_MS = 7 * 86_400_000;

/** The counts of what travels along, in front of a script's arguments; absent members: nothing. */
export interface Counts {
  readonly enqueue?: number;
  readonly emit?: number;
  readonly cancel?: number;
}

/**
 * What travels along, but for the entries, as lua/common/along.lua wants it. `shard`: whose script it is for.
 */
export async function alongArgs(
  store: Store,
  shard: Shard,
  along: Along,
  options: At | undefined,
): Promise<{ readonly counts: Counts; readonly args: readonly Arg[] }> {
  if (!carries(along)) return NOTHING;
  const { enqueue = [], emit = [], cancel = [] } = along;
  const jobs = enqueue.length === 0 ? [] : (await enqueueArgs(store, enqueue, [], shard, options)).args;
  const args = [...jobs];
  for (const arg of eventArgs(emit)) args.push(arg);
  // After the jobs, whose ids are in the directory by now.
  const ids = cancel.map(({ id }) => id);
  let found = 0;
  for (const [place, part] of await store.place(ids, options))
    for (const i of part) {
      const { id, reason } = cancel[i]!;
      args.push(id, place === shard ? "" : place, json(cancelled(reason)));
      found++;
    }
  return {
    counts: {
      ...(jobs.length > 0 && { enqueue: jobs.length }),
      ...(emit.length > 0 && { emit: emit.length }),
      ...(found > 0 && { cancel: found }),
    },
    args,
  };
}

const NOTHING = { counts: {}, args: [] } as const;

/** Events as lua/common/events.lua wants them. */
export function eventArgs(events: readonly NewEvent[]): Arg[] {
  const args: Arg[] = [];
  for (const { id, name, key, payload, keepMs = KEEP_MS } of events)
    args.push(id, name, key, keepMs, payload === undefined ? "" : `=${payload}`);
  return args;
}
