import { OptionError, type NewJob } from "../../../contract/index.js";
import { isPlain, Packer } from "../rows.js";

export type Arg = string | number;

/** The part of a batch for one shard: jobs, links that lead away from jobs there, and links to jobs there. */
export interface Batch {
  readonly jobs: NewJob[];
  readonly links: (readonly [from: string, to: string, position: number, carriesOn: 0 | 1, shard: string])[];
  readonly ins: (readonly [to: string, position: number, from: string])[];
}

/** One script stores a whole batch, and the server answers no other meanwhile: some 2.5 µs per plain job. */
const MOST = 50_000;
/** It is one request, which the server reads completely before it answers others. */
const MOST_CHARACTERS = 64_000_000;

/** @throws {OptionError} `STEM_BATCH_TOO_LARGE` */
export function checkSize(jobs: readonly NewJob[]): void {
  if (jobs.length > MOST)
    throw new OptionError(
      "STEM_BATCH_TOO_LARGE",
      `${jobs.length} jobs in one call are more than the Redis adapter stores in one step (${MOST}).`,
      "Enqueue them in several calls; nothing of this call was stored.",
    );
  let length = 0;
  for (const { payload } of jobs) length += payload.length;
  if (length > MOST_CHARACTERS)
    throw new OptionError(
      "STEM_BATCH_TOO_LARGE",
      `Payloads of ${length.toLocaleString("en")} characters in one call are more than the Redis adapter stores in one step (${MOST_CHARACTERS.toLocaleString("en")}).`,
      "Enqueue them in several calls; nothing of this call was stored.",
    );
}

/**
 * The arguments of lua/common/store.lua for a batch, without the parts that go by mail.
 * `listed`: flags for ids that are in the directory.
 */
export function batchArgs({ jobs, links, ins }: Batch, listed?: (id: string) => string): Arg[] {
  const args: Arg[] = [jobs.length];
  const packer = new Packer();
  const groups: Arg[] = [];
  let length = 0;
  let lengthAt = 0;
  let last: NewJob | undefined;
  let lastPlain = false;
  for (let index = 0; index < jobs.length; index++) {
    const job = jobs[index]!;
    const plain = isPlain(job);
    if (last === undefined || plain !== lastPlain || job.queue !== last.queue || (job.priority ?? 0) !== (last.priority ?? 0)) {
      if (last !== undefined) args[lengthAt] = length;
      length = 0;
      lengthAt = args.push(plain ? "l" : "z", job.queue, job.priority ?? 0, 0) - 1;
    }
    [last, lastPlain] = [job, plain];
    length++;
    args.push(job.id, packer.pack(job, index, listed?.(job.id)));
    if (!plain) args.push(whenOf(job));
    if (job.group !== undefined) groups.push(job.group, index + 1);
  }
  if (last !== undefined) args[lengthAt] = length;
  args.push(links.length);
  for (const link of links) for (const value of link) args.push(value);
  args.push(ins.length);
  for (const link of ins) for (const value of link) args.push(value);
  args.push(groups.length / 2);
  for (const value of groups) args.push(value);
  return args;
}

/** Jobs and links that are all for one shard. */
export function wholeBatch(jobs: readonly NewJob[]): Batch {
  const batch: Batch = { jobs: jobs as NewJob[], links: [], ins: [] };
  for (const { id, links } of jobs)
    for (const { to, position, onFailure } of links ?? []) {
      batch.links.push([id, to, position, onFailure === "continue" ? 1 : 0, ""]);
      batch.ins.push([to, position, id]);
    }
  return batch;
}

/** Of equal ids the first; the others go into `repeated`. */
export function withoutRepeats(jobs: readonly NewJob[], repeated: string[]): readonly NewJob[] {
  const ids = new Set<string>();
  for (const { id } of jobs) if (ids.size === ids.add(id).size) repeated.push(id);
  if (repeated.length === 0) return jobs;
  const seen = new Set<string>();
  return jobs.filter(({ id }) => !seen.has(id) && seen.add(id));
}

/** When a job is due, in the notation of the script. */
function whenOf({ waitsFor = 0, dueAt, delayMs = 0 }: NewJob): string {
  if (waitsFor > 0) return "b";
  if (dueAt !== undefined) return String(dueAt);
  return delayMs === 0 ? "" : `+${delayMs}`;
}
