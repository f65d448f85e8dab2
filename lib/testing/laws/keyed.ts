import assert from "node:assert/strict";
import type { Met, NewJob, Unique } from "../../contract/index.js";
import type { LawBench } from "./bench.js";
import type { Law } from "./law.js";

/** A law for adapters that honour unique keys. That the others refuse them is a separate law. */
export function keyLaw(title: string, check: (bench: LawBench) => Promise<void>): Law {
  return { title, check: async (bench) => (bench.adapter.honours.has("key") ? check(bench) : undefined) };
}

/** A job with a unique key: by default one that holds it until its end, and that others leave as it is. */
export function keyed(bench: LawBench, unique: Partial<Unique> = {}, over: Partial<NewJob> = {}): NewJob {
  return bench.job({ unique: { key: "tenant", until: "ended", whenHeld: "keep", ...unique }, ...over });
}

/** As `keyed`, of a job that others replace as long as it waits. */
export function latest(bench: LawBench, over: Partial<NewJob> = {}, unique: Partial<Unique> = {}): NewJob {
  return keyed(bench, { until: "started", whenHeld: "replace", ...unique }, over);
}

/** Enqueues one job; returns what it met. */
export async function metBy(bench: LawBench, job: NewJob): Promise<Pick<Met, "as" | "existing"> | undefined> {
  const { met } = await bench.enqueue(job);
  assert.ok(met.length <= 1 && met.every(({ id }) => id === job.id), "what a job met names the job");
  return met[0] && { as: met[0].as, existing: met[0].existing };
}

/** The key of the job is free: a new job of it is stored. That one is cancelled again. */
export async function isFree(bench: LawBench, { unique, queue, task }: NewJob, why?: string): Promise<void> {
  const probe = bench.job({ unique: { ...unique!, whenHeld: "keep" }, queue, task, delayMs: 3_600_000 });
  assert.equal(await metBy(bench, probe), undefined, why);
  await bench.cancel([probe.id]);
}

/** The key of the job is held by it. */
export async function isHeld(bench: LawBench, { id, unique, queue, task }: NewJob, why?: string): Promise<void> {
  const probe = bench.job({ unique: { ...unique!, whenHeld: "keep" }, queue, task });
  assert.deepEqual(await metBy(bench, probe), { as: "kept", existing: id }, why);
  assert.equal(await bench.record(probe.id), undefined, why);
}
