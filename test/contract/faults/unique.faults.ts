import type { Adapter, JobState, Met, NewJob, Unique } from "../../../lib/contract/index.js";
import {
  but,
  changesOf,
  type Fault,
  type Faults,
  inBroker,
  inChanges,
  inJobs,
  inJournal,
  inSchedules,
  jobsAs,
  omit,
  without,
} from "./fault.js";

/** Jobs with a key are stored with another one. */
const uniqueAs = (change: (unique: Unique, job: NewJob) => Unique): Fault =>
  jobsAs((job) => (job.unique === undefined ? job : { ...job, unique: change(job.unique, job) }));

/** Met jobs are told otherwise. */
const metAs = (change: (met: Met, jobs: readonly NewJob[]) => readonly Met[]): Fault =>
  inBroker(({ enqueue }) => ({
    async enqueue(jobs, options) {
      const done = await enqueue(jobs, options);
      return { ...done, met: done.met.flatMap((met) => change(met, jobs)) };
    },
  }));

/** A second register of keys, which knows more holders than there are: whatever of a key `isHeld` says. */
const keptBy = (nameOf: (job: NewJob, unique: Unique) => string, isHeld: (state: JobState | undefined) => boolean): Fault => {
  return (adapter) => {
    const holders = new Map<string, string>();
    return inBroker(({ enqueue }, { jobs: stored }) => ({
      async enqueue(jobs, options) {
        const met: Met[] = [];
        for (const job of jobs) {
          const name = job.unique && nameOf(job, job.unique);
          const existing = name === undefined ? undefined : holders.get(name);
          const state = existing === undefined ? undefined : (await stored.get([existing], options))[0]?.state;
          if (existing !== undefined && isHeld(state)) met.push({ id: job.id, as: "kept", existing });
          else {
            const done = await enqueue([job], options);
            met.push(...done.met);
            if (name !== undefined && done.met.length === 0) holders.set(name, job.id);
          }
        }
        return { met };
      },
    }))(adapter);
  };
};

const perKey = ({ queue }: NewJob, { key }: Unique): string => `${queue} ${key}`;
const isIn =
  (...states: readonly (JobState | undefined)[]) =>
  (state: JobState | undefined): boolean =>
    states.includes(state);

/** A key is looked at, and taken a moment later: what comes between sees it free. */
const lateKeys: Fault = (adapter: Adapter) => {
  let last: Promise<unknown> = Promise.resolve();
  return inBroker(({ enqueue }) => ({
    async enqueue(jobs, options) {
      const before = last;
      const [job] = jobs;
      const mine = enqueue(job?.unique === undefined ? jobs : jobs.map(without("unique")), options);
      last = mine;
      await before;
      return mine;
    },
  }))(adapter);
};

/** Faults about unique keys. */
export const uniqueFaults: Faults = {
  "unique keys are ignored": jobsAs(without("unique")),
  "unique keys are looked at too early": lateKeys,
  "a held key keeps, whatever is asked": uniqueAs(({ key, until }) => ({ key, until, whenHeld: "keep" })),
  "a held key replaces, whatever is asked": uniqueAs((unique) =>
    unique.until === "started" && unique.whenHeld === "keep" ? { ...unique, whenHeld: "replace" } : unique,
  ),
  "postpone knows no end": uniqueAs((unique) => omit(unique, "maxWaitMs")),
  "keys are held until the job has started": uniqueAs((unique) => (unique.until === "ended" ? { ...unique, until: "started" } : unique)),
  "keys are held until the job has ended": uniqueAs((unique) =>
    unique.until === "started" ? { key: unique.key, until: "ended", whenHeld: "keep" } : unique,
  ),
  "keys that are held for some time are held until the job has ended": uniqueAs((unique) =>
    typeof unique.until === "object" && unique.until.ms > 1 ? { ...unique, until: "ended" } : unique,
  ),
  "keys are trimmed": uniqueAs((unique) => (typeof unique.key === "string" ? { ...unique, key: unique.key.trim() || "k" } : unique)),
  "keys are those of all queues": keptBy((_, { key }) => key, isIn("ready", "active")),
  "keys are those of their task": uniqueAs((unique, { task }) =>
    typeof unique.key === "string" && unique.key.length < 100 ? { ...unique, key: `${task} ${unique.key}`.slice(0, 200) } : unique,
  ),
  "a key is held for ever": keptBy(perKey, () => true),
  "a key is held by what has failed": keptBy(perKey, isIn("failed", "ready", "active")),
  "a key is held by what has expired": keptBy(perKey, isIn("expired", "ready", "active")),
  "a key is held by what has been forgotten": keptBy(perKey, isIn(undefined, "ready", "active")),
  "a replaced job keeps what it gets no headers for": jobsAs((job) =>
    job.unique?.whenHeld === "replace" ? omit(job, "headers", "expiresInMs") : job,
  ),
  "what was replaced is told as kept": metAs((met) => [met.as === "known" ? met : { ...met, as: "kept" }]),
  "what met a key is told as known": metAs((met) => [{ ...met, as: "known" }]),
  "what met a key is not told": metAs((met) => (met.as === "known" ? [met] : [])),
  "what met a key is told by its own id": metAs((met) => [{ ...met, existing: met.id }]),
  "a known id takes the key": inBroker(({ enqueue }) => ({
    async enqueue(jobs, options) {
      const done = await enqueue(jobs, options);
      for (const { id, as } of done.met) {
        const job = as === "known" ? jobs.find((one) => one.id === id) : undefined;
        if (job?.unique !== undefined) await enqueue([{ ...job, id: `${id} takes the key` }], options);
      }
      return done;
    },
  })),
  "again forgets before it looks at the key": inBroker(({ enqueue }, { jobs: stored }) => ({
    async enqueue(jobs, options) {
      for (const { id, known } of jobs) if (known === "again") await changesOf(stored).remove([id], options);
      return enqueue(jobs, options);
    },
  })),
  "what a key asks for is not checked": jobsAs((job) => {
    const { key, until, whenHeld } = job.unique ?? {};
    const isFine = typeof key === "string" && key.length > 0 && key.length <= 200 && until !== undefined && whenHeld !== undefined;
    return isFine && until === "ended" && whenHeld === "keep" && job.links === undefined ? job : without("unique")(job);
  }),
  "jobs that travel along have no keys": inBroker(({ settle }) => ({
    settle: (settlements, next, options) =>
      settle(
        settlements.map((one) => (one.enqueue ? { ...one, enqueue: one.enqueue.map(without("unique")) } : one)),
        next,
        options,
      ),
  })),
  "jobs of schedules have no keys": inSchedules(({ fire }) => ({
    fire: (shots, options) =>
      fire(
        shots.map((shot) => ({ ...shot, ...(shot.job && { job: without("unique")(shot.job) }) })),
        options,
      ),
  })),
  "a retry asks for no key": inChanges(({ retry }, { jobs: stored }) => ({
    async retry(ids, options) {
      const moved = await retry(ids, options);
      // As if it had taken it: whoever holds it goes.
      return moved.length < ids.length ? [...moved, ...(await stored.get(ids, options)).flatMap((job) => job?.id ?? [])] : moved;
    },
  })),
  "a retry of a job with a key is refused": inJobs(({ change }) => ({
    async change(which, to, options) {
      if (to.to !== "ready") return change(which, to, options);
      return { answers: (which.ids ?? []).map((id) => ({ id, as: "held", was: "failed" })) };
    },
  })),
  "a rewrite asks for no key": inJournal(({ rewrite }, { jobs: stored }) => ({
    async rewrite(runId, to, options) {
      const done = await rewrite(runId, to, options);
      return done || (await stored.get([runId], options))[0] !== undefined;
    },
  })),
  "a job takes its key to another queue": inJobs(({ change }) => ({
    async change(which, to, options) {
      const done = await change(which, to, options);
      return to.to !== "moved"
        ? done
        : { ...done, answers: done.answers.map((answer) => (answer.as === "held" ? but(answer, { as: "changed" }) : answer)) };
    },
  })),
};
