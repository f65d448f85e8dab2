import type { NewJob } from "./job.js";

/** The values of missing fields of `NewJob`, in every adapter. Milliseconds. */
export const JOB_DEFAULTS = { priority: 0, maxLapses: 5, keepResultMs: 86_400_000, keepFailedMs: 30 * 86_400_000 } as const;

/**
 * What a store has to do for a field of a job.
 * `"body"`: keep it · `"fact"`: the same, and few jobs have it · `"line"`: lend the job no sooner ·
 * `"expiry"`: end it when it has not started in time · `"link"`: hand its end on, or wait for others ·
 * `"ask"`: decide what happens if the id is known · `"track"`: respect limits · `"key"`: store no second
 * job while one holds the key.
 */
export type FieldKind = "body" | "fact" | "line" | "expiry" | "link" | "ask" | "track" | "key";

/**
 * Every field a job may have.
 * A new field of `NewJob` does not compile until it stands here, and adapters that do not honour its kind
 * refuse it by themselves.
 */
export const FIELDS = {
  id: "body",
  task: "body",
  queue: "body",
  payload: "body",
  headers: "fact",
  priority: "body",
  group: "fact",
  maxLapses: "fact",
  keepResultMs: "fact",
  keepFailedMs: "fact",
  dueAt: "line",
  delayMs: "line",
  expiresAt: "expiry",
  expiresInMs: "expiry",
  links: "link",
  waitsFor: "link",
  known: "ask",
  limits: "track",
  unique: "key",
} as const satisfies Readonly<Record<keyof NewJob, FieldKind>>;

/** The kinds of fields that every adapter honours. */
export const COMMON_KINDS: readonly FieldKind[] = ["body", "fact", "line", "expiry", "link", "ask"];

type Of<K extends FieldKind> = { [F in keyof typeof FIELDS]: (typeof FIELDS)[F] extends K ? F : never }[keyof typeof FIELDS];

/*
 * Tests of a job, by kind. Written out, since a loop over the table would cost three times as much, and each
 * job passes here. A test compares them with the table.
 */

/** It has a fact with another value than the default. */
export function hasFacts({ headers, group, maxLapses, keepResultMs, keepFailedMs }: Pick<NewJob, Of<"fact">>): boolean {
  return (
    headers !== undefined ||
    group !== undefined ||
    (keepResultMs !== undefined && keepResultMs !== JOB_DEFAULTS.keepResultMs) ||
    (keepFailedMs !== undefined && keepFailedMs !== JOB_DEFAULTS.keepFailedMs) ||
    (maxLapses !== undefined && maxLapses !== JOB_DEFAULTS.maxLapses)
  );
}

/** It has a due time. */
export function hasDueTime({ dueAt, delayMs }: Pick<NewJob, Of<"line">>): boolean {
  return dueAt !== undefined || (delayMs !== undefined && delayMs !== 0);
}

/** It may expire. */
export function hasExpiry({ expiresAt, expiresInMs }: Pick<NewJob, Of<"expiry">>): boolean {
  return expiresAt !== undefined || expiresInMs !== undefined;
}

/** Other jobs wait for it, or it for others. */
export function hasLinks({ links, waitsFor }: Pick<NewJob, Of<"link">>): boolean {
  return (links !== undefined && links.length > 0) || (waitsFor !== undefined && waitsFor !== 0);
}

/** The fields of a job that an adapter does not honour, by the kinds that it does. */
export function refusedFields(honours: ReadonlySet<FieldKind>): readonly (keyof NewJob)[] {
  let refused = REFUSED.get(honours);
  if (refused === undefined) {
    refused = (Object.keys(FIELDS) as (keyof NewJob)[]).filter((field) => !honours.has(FIELDS[field]));
    REFUSED.set(honours, refused);
  }
  return refused;
}

const REFUSED = new WeakMap<ReadonlySet<FieldKind>, readonly (keyof NewJob)[]>();
