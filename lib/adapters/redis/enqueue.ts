import { OptionError, type At, type NewJob } from "../../contract/index.js";
import type { Reply } from "./connect/driver.js";
import { isPlain, Packer } from "./rows.js";
import type { Store } from "./store.js";

/** One script stores a whole batch, and no other is served meanwhile: some 2.5 µs per plain job. */
const MOST = 50_000;

/** Stores a batch that has been checked. Returns the ids that were stored already. */
export async function enqueue(store: Store, jobs: readonly NewJob[], options: At | undefined): Promise<readonly string[]> {
  if (jobs.length === 0) return (store.live(), []);
  const repeated: string[] = [];
  const args = jobArgs(jobs, repeated);
  const [duplicates, mail] = (await store.run("enqueue", store.home, args, options)) as [string[], Reply[]];
  await store.mail.deliver(store.home, mail, options);
  store.hintWork([...new Set(jobs.map(({ queue }) => queue))]);
  if (duplicates.length === 0 && repeated.length === 0) return duplicates;
  return inOrder(jobs, new Set(duplicates), repeated);
}

/** Reports duplicates in the order given: what was stored before, and the second of two equal ids of this call. */
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

/** The batch as lua/common/store.lua wants it. Ids met a second time are left out and put into `repeated`. */
export function jobArgs(given: readonly NewJob[], repeated: string[]): (string | number)[] {
  if (given.length > MOST)
    throw new OptionError(
      "STEM_BATCH_TOO_LARGE",
      `${given.length} jobs in one call are more than the Redis adapter stores in one step (${MOST}).`,
      "Enqueue them in several calls; nothing of this call was stored.",
    );
  const jobs = withoutRepeats(given, repeated);
  const args: (string | number)[] = [jobs.length];
  const packer = new Packer();
  const links: (string | number)[] = [];
  const ins: (string | number)[] = [];
  const groups: (string | number)[] = [];
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
    args.push(job.id, packer.pack(job, index));
    if (!plain) args.push(whenOf(job));
    if (job.group !== undefined) groups.push(job.group, index + 1);
  }
  args[lengthAt] = length;
  for (const { id, links: given } of jobs)
    for (const { to, position, onFailure } of given ?? []) {
      links.push(id, to, position, onFailure === "continue" ? 1 : 0, "");
      ins.push(to, position, id);
    }
  args.push(links.length / 5, ...links, ins.length / 3);
  for (const value of ins) args.push(value);
  args.push(groups.length / 2);
  for (const value of groups) args.push(value);
  return args;
}

function withoutRepeats(jobs: readonly NewJob[], repeated: string[]): readonly NewJob[] {
  const ids = new Set<string>();
  for (const { id } of jobs) if (ids.size === ids.add(id).size) repeated.push(id);
  if (repeated.length === 0) return jobs;
  const seen = new Set<string>();
  return jobs.filter(({ id }) => !seen.has(id) && seen.add(id));
}

/** When a job is due, as the script computes it. */
function whenOf({ waitsFor = 0, dueAt, delayMs = 0 }: NewJob): string {
  if (waitsFor > 0) return "b";
  if (dueAt !== undefined) return String(dueAt);
  return delayMs === 0 ? "" : `+${delayMs}`;
}
