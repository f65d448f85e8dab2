import type { At, JobRecord } from "../../../contract/index.js";
import type { Shard } from "../cluster/mail.js";
import { endOf, hasPassed, recordOf, unpack } from "../rows.js";
import type { Store } from "../store.js";

/** Of jobs that have had their time, those that no job needs. */
async function unneeded(store: Store, shard: Shard, ids: readonly string[], options: At | undefined): Promise<ReadonlySet<string>> {
  const needed = (await store.run("needed", shard, ids, options)) as number[];
  return new Set(ids.filter((_, i) => needed[i] === 0));
}

/** Records read in one script at most. */
export const AT_ONCE = 500;

export interface Read {
  readonly record: JobRecord;
  readonly seq: number;
  readonly segment: string;
}

/**
 * What is stored of jobs, undefined for what is not, or has had its time.
 *
 * @param bare without payloads
 * @param even also those that have had their time
 */
export async function read(
  store: Store,
  shard: Shard,
  ids: readonly string[],
  options: At | undefined,
  { bare = false, even = false } = {},
): Promise<readonly (Read | undefined)[]> {
  type Columns = [
    bodies: (string | null)[],
    loans: (string | null)[],
    ends: (string | null)[],
    facts: (string | null)[],
    workers: string[],
    now: string,
  ];
  const [bodies, loans, ends, facts, workers, now] = (await store.run("get", shard, [bare ? 1 : 0, ...ids], options)) as unknown as Columns;
  if (!bare) store.portion.came(ids.length, bytesOfBodies(bodies, ends));
  const passed: string[] = [];
  const found = ids.map((id, i) => {
    if (bodies[i] === null) return undefined;
    const row = unpack(bodies[i]!);
    const end = ends[i];
    if (!even && typeof end === "string" && hasPassed(row, endOf(end), Number(now))) passed.push(id);
    return { record: recordOf(id, row, loans[i]!, ends[i]!, facts[i]!, workers[i]!, Number(now)), seq: row.seq, segment: row.segment };
  });
  if (passed.length === 0) return found;
  const gone = await unneeded(store, shard, passed, options);
  return found.map((one) => (one === undefined || gone.has(one.record.id) ? undefined : one));
}

function bytesOfBodies(bodies: readonly (string | null)[], ends: readonly (string | null)[]): number {
  let bytes = 0;
  for (const [i, body] of bodies.entries()) bytes += (body?.length ?? 0) + (ends[i]?.length ?? 0);
  return bytes;
}
