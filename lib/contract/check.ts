import type { Adapter } from "./adapter.js";
import type { Along } from "./along.js";
import type { NewLife } from "./broker.js";
import { OptionError, UnsupportedError } from "./errors.js";
import { hasLinks, refusedFields } from "./fields.js";
import type { NewJob, Unique } from "./job.js";
import { isRecord } from "./options.js";
import { flawOfCharacters, flawOfText } from "./text.js";

/** What checks need to know of an adapter: what it is called, and the kinds of fields it honours. */
export type Self = Pick<Adapter, "name" | "honours">;

/** When a job that has not started expires, by its `expiresAt` or `expiresInMs`; undefined: never. */
export function expiryOf(job: NewJob, now: number): number | undefined {
  return job.expiresInMs === undefined ? job.expiresAt : now + job.expiresInMs;
}

/**
 * Refuses a batch that no adapter could store whole, before anything is written.
 * Every adapter calls it first in `enqueue`.
 *
 * @throws {OptionError} `STEM_JOB_INVALID`: an id, task, queue or group that cannot be a key in every store
 * (`flawOfText`), a header likewise, a priority that is not a whole number from 0 to 9, both `dueAt` and
 * `delayMs` or both `expiresAt` and `expiresInMs`, a time or count that is not a whole number of 0 or more, a
 * link to a job outside the batch, a `waitsFor` that is not the number of links, links that go in a circle,
 * or a unique key that is not as `Unique` says
 * @throws {UnsupportedError} a field of a kind that the adapter does not honour, named
 */
export function checkJobs(jobs: readonly NewJob[], adapter: Self): void {
  const refused = refusedFields(adapter.honours);
  let linked = false;
  let last: NewJob | undefined;
  for (const job of jobs) {
    checkTexts(job, last);
    last = job;
    if (job.priority !== undefined && !(Number.isInteger(job.priority) && job.priority >= 0 && job.priority <= 9))
      refuse(job, "priority is a whole number from 0 to 9");
    if (job.dueAt !== undefined && job.delayMs !== undefined) refuse(job, "dueAt and delayMs exclude each other");
    if (job.expiresAt !== undefined && job.expiresInMs !== undefined) refuse(job, "expiresAt and expiresInMs exclude each other");
    // Field by field: a loop over their names would cost twice as much as all else here.
    checkWhole(job, "dueAt", job.dueAt);
    checkWhole(job, "delayMs", job.delayMs);
    checkWhole(job, "expiresAt", job.expiresAt);
    checkWhole(job, "expiresInMs", job.expiresInMs);
    checkWhole(job, "maxLapses", job.maxLapses);
    checkWhole(job, "keepResultMs", job.keepResultMs);
    checkWhole(job, "keepFailedMs", job.keepFailedMs);
    checkWhole(job, "waitsFor", job.waitsFor);
    for (const field of refused) if (job[field] !== undefined) throw new UnsupportedError(adapter.name, `the field "${field}" of a job`);
    if (job.unique !== undefined) checkUnique(job, job.unique);
    linked ||= hasLinks(job);
  }
  if (linked) checkLinks(jobs);
}

/**
 * Refuses jobs that travel along and that no adapter could store.
 * Every adapter calls it first in `settle` and `append`, before anything of the call is written.
 * @throws as `checkJobs`
 */
export function checkAlong(list: readonly Along[], adapter: Self): void {
  for (const { enqueue } of list) if (enqueue !== undefined) checkJobs(enqueue, adapter);
}

/** @param last the job before it, whose names are usually the same and so need no second look */
function checkTexts(job: NewJob, last: NewJob | undefined): void {
  const flaw = flawOfText(job.id);
  if (flaw !== undefined) refuse(job, `its id ${flaw}`);
  if (last === undefined || job.task !== last.task) checkName(job, "task");
  if (last === undefined || job.queue !== last.queue) checkName(job, "queue");
  if (job.group !== undefined && job.group !== last?.group) checkName(job, "group");
  if (job.headers !== undefined && job.headers !== last?.headers) checkHeaders(job, job.headers);
}

function checkName(job: NewJob, field: "task" | "queue" | "group"): void {
  const flaw = flawOfText(job[field]);
  if (flaw !== undefined) refuse(job, `its ${field} ${flaw}`);
}

function checkHeaders(job: NewJob, headers: Readonly<Record<string, string>>): void {
  const flaw = flawOfHeaders(headers);
  if (flaw !== undefined) refuse(job, flaw);
}

/** Values, too, so that every store returns the headers as they were given. */
function flawOfHeaders(headers: Readonly<Record<string, string>>): string | undefined {
  if (!isRecord(headers)) return "its headers are not an object";
  for (const name of Object.keys(headers)) {
    const value: unknown = headers[name];
    const flaw = flawOfCharacters(name) ?? (typeof value === "string" ? flawOfCharacters(value) : "is not a string");
    if (flaw !== undefined) return `its header ${JSON.stringify(name.slice(0, 60))} ${flaw}`;
  }
  return undefined;
}

/**
 * Refuses a new life of a job that no adapter could store.
 * @throws {OptionError} `STEM_JOB_INVALID`: the payload is not a string, or a header is not as `checkJobs`
 *   wants it
 */
export function checkNewLife(jobId: string, { payload, headers }: NewLife): void {
  const flaw = typeof payload !== "string" ? "its payload is not a string" : headers === undefined ? undefined : flawOfHeaders(headers);
  if (flaw === undefined) return;
  throw new OptionError(
    "STEM_JOB_INVALID",
    `Job ${shown(jobId)} cannot begin anew: ${flaw}.`,
    "Correct the new life; nothing of this call was stored.",
  );
}

function checkWhole(job: NewJob, field: keyof NewJob, value: number | undefined): void {
  if (value !== undefined && !(Number.isSafeInteger(value) && value >= 0)) refuse(job, `${field} is a whole number of 0 or more`);
}

function checkUnique(job: NewJob, { key, until, whenHeld, maxWaitMs }: Unique): void {
  const flaw = flawOfText(key);
  if (flaw !== undefined) refuse(job, `its unique key ${flaw}`);
  if (until !== "started" && until !== "ended" && !(Number.isSafeInteger(until?.ms) && until.ms > 0))
    refuse(job, 'the until of its unique key is "started", "ended", or { ms } with a whole number above 0');
  if (whenHeld !== "keep" && whenHeld !== "replace" && whenHeld !== "postpone")
    refuse(job, 'the whenHeld of its unique key is "keep", "replace" or "postpone"');
  if (whenHeld !== "keep" && until !== "started")
    refuse(job, `its unique key can ${whenHeld} only what has not started, so it needs until: "started"`);
  if (maxWaitMs !== undefined && !(whenHeld === "postpone" && Number.isSafeInteger(maxWaitMs) && maxWaitMs >= 0))
    refuse(job, 'the maxWaitMs of its unique key is a whole number of 0 or more, and goes with whenHeld: "postpone"');
  if (hasLinks(job)) refuse(job, "it has a unique key and links; what a canvas waits for cannot be another job than the one it names");
}

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

/** Removes, again and again, jobs that wait for none that is left; the rest would wait for ever. */
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

/** Any value, quoted and escaped. */
function shown(text: unknown): string {
  return typeof text === "string" ? JSON.stringify(text.slice(0, 60)) : String(text);
}

function refuse(job: NewJob, rule: string): never {
  throw new OptionError(
    "STEM_JOB_INVALID",
    `Job ${shown(job.id)} of task ${shown(job.task)} cannot be stored: ${rule}.`,
    "Correct the job; nothing of this call was stored.",
  );
}
