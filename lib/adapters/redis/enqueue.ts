import { IdTakenError, metKnown, withEnded, type At, type Ended, type Enqueued, type NewJob } from "../../contract/index.js";
import { batchArgs, checkSize, wholeBatch, withoutRepeats, type Arg } from "./cluster/batch.js";
import { plan } from "./cluster/plan.js";
import type { Reply } from "./connect/driver.js";
import type { Shard, Store } from "./store.js";

/** Stores a batch that has been checked. */
export async function enqueue(store: Store, jobs: readonly NewJob[], options: At | undefined): Promise<Enqueued> {
  if (jobs.length === 0) return (store.live(), { met: [] });
  const repeated: string[] = [];
  const known = new Set<string>();
  let ended: readonly Ended[] = [];
  for (;;) {
    const { shard, args, late, listed } = await enqueueArgs(store, jobs, repeated, undefined, options, true);
    const reply = (await store.run("enqueue", shard, [late, ...args], options)) as [string[], Reply[], string?, string?] | null;
    // The ids reserved for it may have been given to another caller: once more.
    if (reply === null) continue;
    const [, , taken, holder] = reply;
    if (taken !== undefined) throw new IdTakenError(taken, taskOf(jobs, taken), holder!);
    const delivered = await store.mail.deliver(shard, reply[1], options);
    for (const ids of [listed, reply[0], delivered.duplicates]) for (const id of ids) known.add(id);
    ended = delivered.ended;
    break;
  }
  store.hintWork([...new Set(jobs.map(({ queue }) => queue))]);
  return withEnded({ met: metKnown(known.size === 0 && repeated.length === 0 ? [] : inOrder(jobs, known, repeated)) }, ended);
}

/** The arguments with which a script stores jobs. */
export interface Storing {
  readonly shard: Shard;
  readonly args: readonly Arg[];
  /** When, on the server's clock, it is too late to store them; "" for never. */
  readonly late: Arg;
  /** Ids that need no storing, being known already. */
  readonly listed: Iterable<string>;
}

/**
 * Prepares jobs to be stored in one step.
 * `here`: the shard whose script will do it; default: that of the first job.
 */
export async function enqueueArgs(
  store: Store,
  given: readonly NewJob[],
  repeated: string[],
  here: Shard | undefined,
  options: At | undefined,
  refuses = false,
): Promise<Storing> {
  checkSize(given);
  const jobs = withoutRepeats(given, repeated);
  if (!store.spread) return { shard: store.home, args: [...batchArgs(wholeBatch(jobs)), 0], late: "", listed: [] };
  await store.queues.know(jobs.map(({ queue }) => queue));
  for (;;) {
    const { first, args, known, late } = await plan(jobs, {
      namespace: store.namespace,
      directory: store.directory,
      options,
      ...(here !== undefined && { here }),
    });
    // With places made, their ids can be reserved.
    if (known.size === 0 || !(await makePlaces(store, jobs, known, refuses, options)))
      return { shard: first, args, late, listed: known.keys() };
  }
}

/**
 * In a spread store: forgets the stored jobs that new ones replace, each in its shard.
 * Returns whether there were any.
 * @throws {IdTakenError}
 */
async function makePlaces(
  store: Store,
  jobs: readonly NewJob[],
  known: ReadonlyMap<string, Shard>,
  refuses: boolean,
  options: At | undefined,
): Promise<boolean> {
  const byShard = new Map<Shard, Arg[]>();
  for (const { id, task, known: wish } of jobs) {
    const shard = known.get(id);
    if (shard === undefined) continue;
    const args = byShard.get(shard) ?? [];
    byShard.set(shard, args);
    args.push(id, task, wish === "again" ? 1 : 0);
  }
  let made = 0;
  for (const [shard, args] of byShard) {
    const reply = (await store.run("place", shard, [refuses ? 1 : 0, ...args], options)) as [Reply[], number, string?, string?];
    const [mail, n, taken, holder] = reply;
    if (taken !== undefined) throw new IdTakenError(taken, taskOf(jobs, taken), holder!);
    await store.mail.deliver(shard, mail, options);
    made += n;
  }
  return made > 0;
}

function taskOf(jobs: readonly NewJob[], wanted: string): string {
  return jobs.find(({ id }) => id === wanted)!.task;
}

/** Reports duplicates in the order given: ids stored before, and the second of two equal ids of this call. */
function inOrder(jobs: readonly NewJob[], known: ReadonlySet<string>, repeated: readonly string[]): string[] {
  const twice = new Set(repeated);
  const seen = new Set<string>();
  return jobs
    .filter(({ id }) => {
      const again = known.has(id) || (twice.has(id) && seen.has(id));
      seen.add(id);
      return again;
    })
    .map(({ id }) => id);
}
