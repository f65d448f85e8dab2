import type { At, NewJob } from "../../../contract/index.js";
import { batchArgs, type Arg, type Batch } from "./batch.js";
import type { Directory } from "./directory.js";
import type { Shard } from "./mail.js";
import { pieceOf, routeOf, shardOfQueue } from "./route.js";

/** Jobs on their way into several shards. */
export interface Plan {
  /** The shard whose script takes everything; the parts for others go on from there by mail. */
  readonly first: Shard;
  readonly args: readonly Arg[];
  /** Ids that are stored already, with their shards. */
  readonly known: ReadonlyMap<string, Shard>;
  /**
   * When, on the servers' clock, it is too late to store them; "" for never.
   * Their ids may belong to another caller by then.
   */
  readonly late: Arg;
}

/**
 * Sends each job, and each end of each link, to its shard.
 * `here`: the shard that takes everything, if that is given.
 */
export async function plan(
  jobs: readonly NewJob[],
  parts: { readonly namespace: string; readonly directory: Directory; readonly here?: Shard; readonly options: At | undefined },
): Promise<Plan> {
  const { namespace, directory, options } = parts;
  const shards = new Map(jobs.map((job) => [job.id, shardOfQueue(namespace, job.queue)]));
  const chosen = new Map([...shards].filter(([id, shard]) => !isRouted(namespace, id, shard)));
  const several = new Set([...shards.values(), ...(parts.here === undefined ? [] : [parts.here])]).size > 1;
  const { known, until } =
    chosen.size === 0 ? { known: new Map<string, Shard>(), until: "" } : await directory.reserve(chosen, several, options);
  const batches = new Map<Shard, Batch>();
  const batchOf = (shard: Shard): Batch => {
    let batch = batches.get(shard);
    if (batch === undefined) batches.set(shard, (batch = { jobs: [], links: [], ins: [] }));
    return batch;
  };
  for (const job of jobs) {
    if (!known.has(job.id)) batchOf(shards.get(job.id)!).jobs.push(job);
    for (const { to, position, onFailure } of job.links ?? []) {
      if (known.has(to)) continue;
      const [from, target] = [known.get(job.id) ?? shards.get(job.id)!, shards.get(to)!];
      batchOf(from).links.push([job.id, to, position, onFailure === "continue" ? 1 : 0, from === target ? "" : target]);
      batchOf(target).ins.push([to, position, job.id]);
    }
  }
  const first = parts.here ?? batches.keys().next().value ?? shardOfQueue(namespace, jobs[0]!.queue);
  const listed = (id: string): string => (chosen.has(id) ? `U${pieceOf(id)}` : "");
  const args: Arg[] = [...batchArgs(batches.get(first) ?? { jobs: [], links: [], ins: [] }, listed)];
  batches.delete(first);
  args.push(batches.size);
  for (const [shard, batch] of batches) {
    const part = [...batchArgs(batch, listed), 0];
    args.push(shard, part.length);
    for (const arg of part) args.push(arg);
  }
  return { first, args, known, late: until };
}

/** Whether an id holds its shard. One that only looks so, but is for another queue, was chosen by a user. */
function isRouted(namespace: string, id: string, shard: Shard): boolean {
  const queue = routeOf(id);
  return queue !== undefined && shardOfQueue(namespace, queue) === shard;
}
