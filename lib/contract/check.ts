import type { Capabilities } from "./adapter.js";
import { OptionError, UnsupportedError } from "./errors.js";
import type { NewJob } from "./job.js";

/** What a missing field of `NewJob` means, for every adapter. Milliseconds. */
export const JOB_DEFAULTS = { priority: 0, maxLapses: 5, keepResultMs: 86_400_000, keepFailedMs: 30 * 86_400_000 } as const;

/** When a job that has not started expires, by its `expiresAt` or `expiresInMs`; undefined: never. */
export function expiryOf(job: NewJob, now: number): number | undefined {
  return job.expiresInMs === undefined ? job.expiresAt : now + job.expiresInMs;
}

/**
 * Refuses a batch that no adapter could store whole, before anything is written. Every adapter calls it first in `enqueue`.
 *
 * @throws {OptionError} `STEM_JOB_INVALID`: an id of 0 or more than 200 characters, a priority that is not a whole number from 0 to 9, both `dueAt` and
 *   `delayMs` or both `expiresAt` and `expiresInMs`, a time or count that is not a whole number of 0 or more, a link to a job outside the batch, a `waitsFor` that is not the number of links, or links that go in a circle
 * @throws {UnsupportedError} a field the adapter cannot honour
 */
export function checkJobs(jobs: readonly NewJob[], adapter: { readonly name: string; readonly capabilities: Capabilities }): void {
  let linked = false;
  for (const job of jobs) {
    if (typeof job.id !== "string" || job.id.length === 0 || job.id.length > 200) refuse(job, "an id has 1 to 200 characters");
    if (job.priority !== undefined && !(Number.isInteger(job.priority) && job.priority >= 0 && job.priority <= 9))
      refuse(job, "priority is a whole number from 0 to 9");
    if (job.dueAt !== undefined && job.delayMs !== undefined) refuse(job, "dueAt and delayMs exclude each other");
    if (job.expiresAt !== undefined && job.expiresInMs !== undefined) refuse(job, "expiresAt and expiresInMs exclude each other");
    for (const field of WHOLE)
      if (job[field] !== undefined && !(Number.isSafeInteger(job[field]) && job[field] >= 0))
        refuse(job, `${field} is a whole number of 0 or more`);
    if (job.limits !== undefined && !adapter.capabilities.limits) throw new UnsupportedError(adapter.name, "limits");
    if (job.unique !== undefined && !adapter.capabilities.unique) throw new UnsupportedError(adapter.name, "unique keys");
    if (job.links !== undefined || job.waitsFor !== undefined) linked = true;
  }
  if (linked) checkLinks(jobs);
}

const WHOLE = ["dueAt", "delayMs", "expiresAt", "expiresInMs", "maxLapses", "keepResultMs", "keepFailedMs", "waitsFor"] as const;

function checkLinks(jobs: readonly NewJob[]): void {
  const positions = new Map<string, Set<number>>(jobs.map((job) => [job.id, new Set<number>()]));
  for (const job of jobs) {
    for (const { to, position } of job.links ?? []) {
      const taken = positions.get(to);
      if (taken === undefined || to === job.id) refuse(job, `it links to "${to}", which is not another job of the same call`);
      if (!Number.isSafeInteger(position) || position < 0 || taken.has(position))
        refuse(job, `position ${position} of "${to}" is not a free whole number`);
      taken.add(position);
    }
  }
  for (const job of jobs)
    if ((job.waitsFor ?? 0) !== positions.get(job.id)!.size)
      refuse(job, `it waits for ${job.waitsFor ?? 0} jobs but ${positions.get(job.id)!.size} link to it`);
  refuseCircle(jobs);
}

/** Takes away, again and again, what waits for nothing that is left; what remains would wait for ever. */
function refuseCircle(jobs: readonly NewJob[]): void {
  const byId = new Map(jobs.map((job) => [job.id, job]));
  const waits = new Map(jobs.map((job) => [job.id, job.waitsFor ?? 0]));
  const free = [...byId.values()].filter((job) => waits.get(job.id) === 0);
  for (let job = free.pop(); job !== undefined; job = free.pop()) {
    waits.delete(job.id);
    for (const { to } of job.links ?? []) {
      const left = waits.get(to)! - 1;
      waits.set(to, left);
      if (left === 0) free.push(byId.get(to)!);
    }
  }
  for (const id of waits.keys()) refuse(byId.get(id)!, "it waits, by way of its links, for itself");
}

function refuse(job: NewJob, rule: string): never {
  throw new OptionError(
    "STEM_JOB_INVALID",
    `Job "${String(job.id).slice(0, 60)}" of task "${job.task}" cannot be stored: ${rule}.`,
    "Correct the job; nothing of this call was stored.",
  );
}
