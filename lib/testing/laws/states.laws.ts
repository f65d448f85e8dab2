import assert from "node:assert/strict";
import { JOB_STATES, mayMove, NEXT_STATES } from "../../contract/index.js";
import type { Ending, JobState, Lease, NewJob } from "../../contract/index.js";
import { failure } from "./bench.js";
import type { LawBench } from "./bench.js";
import type { Law } from "./law.js";

/** A job in some state, with the values that the verbs need. */
interface Subject {
  readonly job: NewJob;
  /** The job it waits, or waited, for. */
  readonly input: NewJob;
  /** What its last worker holds; a made-up one for a job never lent. */
  lease: Lease;
  inputLease: Lease;
  readonly worker: string;
}

type Verb = (bench: LawBench, subject: Subject) => Promise<unknown>;

/** Long enough for every lease, deadline and expiry of the subjects to pass, or just too short. */
const LEASE_MS = 1_000;
const DEADLINE_MS = 2_000;
const EXPIRES_MS = 4_000;

const ENDINGS: Readonly<Record<string, Ending>> = {
  succeeds: { as: "succeeded", result: "1" },
  fails: { as: "failed", cause: "error", error: failure() },
  "is retried": { as: "ready", attempt: "spent" },
  "is snoozed": { as: "ready", attempt: "returned", delayMs: 1 },
  "is parked": { as: "parked", waits: [{ name: "later", key: "", after: 0 }] },
  "begins anew": { as: "anew", payload: "2" },
  "cancels itself": { as: "cancelled", error: failure() },
};

/** Everything that can be done to a job or happen to it. */
const VERBS: Readonly<Record<string, Verb>> = {
  "is enqueued again": (bench, { job }) => bench.enqueue({ id: job.id, task: job.task, queue: job.queue, payload: "other" }),
  "is claimed": (bench, { job }) => bench.take({ worker: bench.name("claimer"), from: [{ queue: job.queue }] }),
  ...Object.fromEntries(
    Object.entries(ENDINGS).map(([word, ending]): [string, Verb] => [word, (bench, { lease }) => bench.settle({ lease, ...ending })]),
  ),
  "succeeds under an older fence": (bench, { lease }) => bench.settle({ lease: { ...lease, fence: lease.fence - 1 }, as: "succeeded" }),
  "is cancelled": (bench, { job }) => bench.cancel([job.id], "stop"),
  "is retried by a person": (bench, { job }) => bench.retry([job.id]),
  "has its journal rewritten": (bench, { job }) => bench.adapter.journal.rewrite(job.id, { keepTo: 0 }, bench.at),
  "is purged with the dead of another task": (bench) => bench.purge({ task: bench.name("none") }),
  "has its event": (bench, { job }) =>
    bench.adapter.events.emit([{ id: bench.name(`event ${job.id}`), name: bench.name("paid"), key: job.id }], bench.at),
  "has an event of another key": (bench, { job }) =>
    bench.adapter.events.emit([{ id: bench.name(`other ${job.id}`), name: bench.name("paid"), key: "other" }], bench.at),
  "has its deadline pass": (bench, subject) => later(bench, subject, DEADLINE_MS, { beating: true }),
  "has its worker vanish": (bench, subject) => later(bench, subject, LEASE_MS, { beating: false }),
  "has its worker vanish once too often": (bench, subject) => later(bench, subject, LEASE_MS, { beating: false }),
  "has its worker leave": (bench, { worker }) => bench.adapter.workers.leave(worker, bench.at),
  "has its expiry pass": async (bench, subject) => {
    bench.pass(EXPIRES_MS + 1);
    await bench.hire(subject.worker, LEASE_MS);
    // The deadline has passed as well by then, so the claim must not lend more than the expired job.
    await bench.take({ worker: bench.name("claimer"), from: [{ queue: subject.job.queue }] });
  },
  "has its queue paused": async (bench, { job }) => {
    await bench.pause(job.queue);
    await bench.take({ worker: bench.name("claimer"), from: [{ queue: job.queue }] });
  },
  "has its input succeed": (bench, { inputLease }) => bench.settle({ lease: inputLease, as: "succeeded" }),
  "has its input fail": (bench, { inputLease }) => bench.settle({ lease: inputLease, as: "failed", cause: "error", error: failure() }),
  "has its input cancelled": (bench, { input }) => bench.cancel([input.id], "stop"),
  "has its input retried by a person": (bench, { input }) => bench.retry([input.id]),
  "is looked over by prune": (bench) => bench.adapter.jobs.prune(undefined, bench.at),
};

/**
 * Lets time pass, and claims from the job's queue only a job that goes before it.
 * The queue is swept, but the job is not lent.
 */
async function later(bench: LawBench, { job, worker }: Subject, ms: number, how: { beating: boolean }): Promise<void> {
  bench.pass(ms);
  if (how.beating) await bench.hire(worker, LEASE_MS);
  const first = await bench.put({ queue: job.queue, priority: 9 });
  const lent = await bench.takeOne({ worker: bench.name("claimer"), from: [{ queue: job.queue }], limit: 1 });
  assert.equal(lent.job.id, first.id);
}

/**
 * How a job gets into a state, and where each verb takes it from there.
 * A verb that is not named leaves it where it is.
 */
interface Way {
  readonly state: JobState;
  readonly how: string;
  bring(bench: LawBench, subject: Subject): Promise<unknown>;
  readonly moves: Readonly<Record<string, JobState>>;
}

async function endInput(bench: LawBench, subject: Subject, ending: Ending): Promise<void> {
  await bench.settle({ lease: subject.inputLease, ...ending });
}

/** Ends the input well: the job is ready. */
const ready = (bench: LawBench, subject: Subject) => endInput(bench, subject, { as: "succeeded" });

async function active(bench: LawBench, subject: Subject): Promise<void> {
  await ready(bench, subject);
  subject.lease = (await bench.takeOne({ worker: subject.worker, from: [{ queue: subject.job.queue }] })).lease;
}

async function ended(bench: LawBench, subject: Subject, ending: Ending): Promise<void> {
  await active(bench, subject);
  await bench.settle({ lease: subject.lease, ...ending });
}

const WAYS: readonly Way[] = [
  {
    state: "blocked",
    how: "waiting for its input",
    bring: async () => undefined,
    moves: {
      "is cancelled": "cancelled",
      "has its input succeed": "ready",
      "has its input fail": "failed",
      "has its input cancelled": "cancelled",
    },
  },
  {
    state: "ready",
    how: "its input arrived",
    bring: ready,
    moves: { "is claimed": "active", "is cancelled": "cancelled", "has its expiry pass": "expired" },
  },
  {
    state: "active",
    how: "lent to a worker",
    bring: active,
    moves: {
      succeeds: "succeeded",
      fails: "failed",
      "is retried": "ready",
      "is snoozed": "ready",
      "begins anew": "ready",
      "is parked": "parked",
      "cancels itself": "cancelled",
      "is cancelled": "cancelled",
      "has its worker vanish": "ready",
      "has its worker vanish once too often": "failed",
      "has its worker leave": "ready",
    },
  },
  {
    state: "parked",
    how: "waiting for an event",
    bring: async (bench, subject) => {
      const waits = [{ name: bench.name("paid"), key: subject.job.id, after: 0 }];
      await ended(bench, subject, { as: "parked", waits, deadline: bench.now + DEADLINE_MS });
    },
    moves: {
      "is cancelled": "cancelled",
      "has its event": "ready",
      "has its deadline pass": "ready",
      "has its journal rewritten": "ready",
    },
  },
  { state: "succeeded", how: "returned", bring: (bench, subject) => ended(bench, subject, ENDINGS["succeeds"]!), moves: {} },
  {
    state: "failed",
    how: "gave up",
    bring: (bench, subject) => ended(bench, subject, ENDINGS["fails"]!),
    moves: { "is retried by a person": "ready", "has its journal rewritten": "ready" },
  },
  {
    state: "failed",
    how: "died of its input",
    bring: (bench, subject) => endInput(bench, subject, ENDINGS["fails"]!),
    moves: { "has its input retried by a person": "blocked" },
  },
  {
    state: "cancelled",
    how: "revoked while ready",
    bring: async (bench, subject) => {
      await ready(bench, subject);
      await bench.cancel([subject.job.id], "stop");
    },
    moves: { "is retried by a person": "ready", "has its journal rewritten": "ready" },
  },
  {
    state: "cancelled",
    how: "revoked while it waited for its input",
    bring: (bench, subject) => bench.cancel([subject.job.id], "stop"),
    moves: { "is retried by a person": "blocked" },
  },
  {
    state: "cancelled",
    how: "cancelled with its input",
    bring: (bench, { input }) => bench.cancel([input.id], "stop"),
    moves: { "has its input retried by a person": "blocked" },
  },
  {
    state: "expired",
    how: "its time had passed",
    bring: async (bench, subject) => {
      await ready(bench, subject);
      bench.pass(EXPIRES_MS + 1);
      await bench.take({ worker: bench.name("claimer"), from: [{ queue: subject.job.queue }] });
    },
    moves: { "is retried by a person": "ready", "has its journal rewritten": "ready" },
  },
];

/** A fresh job that waits for a fresh input, the input being lent already. */
async function subjectFor(bench: LawBench, verb: string, serial: number): Promise<Subject> {
  const [queue, worker] = [bench.name(`queue ${serial}`), bench.name(`worker ${serial}`)];
  await bench.hire(worker, verb === "has its expiry pass" ? 10 * EXPIRES_MS : LEASE_MS);
  const job = bench.job({
    queue,
    waitsFor: 1,
    expiresAt: bench.now + EXPIRES_MS,
    maxLapses: verb === "has its worker vanish once too often" ? 1 : 5,
  });
  const input = bench.job({ queue: bench.name(`inputs ${serial}`), links: [{ to: job.id, position: 0 }] });
  await bench.enqueue(input, job);
  const { lease } = await bench.takeOne({ worker: bench.name("claimer"), from: [{ queue: input.queue }] });
  return { job, input, worker, lease: { jobId: job.id, fence: 0, job: 1 }, inputLease: lease };
}

function titleOf(state: JobState): string {
  const next: readonly string[] = NEXT_STATES[state];
  if (next.length === 0) return `a ${state} job stays so, whatever is done to it`;
  const list = next.length === 1 ? next[0]! : `${next.slice(0, -1).join(", ")} or ${next.at(-1)!}`;
  return `from ${state} a job moves to ${list}, by the right verb alone, and nowhere else`;
}

/** One law per state: each verb, tried on a fresh job, takes it where the table says or changes nothing. */
export const stateLaws: readonly Law[] = JOB_STATES.map((state) => ({
  title: titleOf(state),
  async check(bench: LawBench): Promise<void> {
    const reached = new Set<JobState>();
    let serial = 0;
    for (const way of WAYS.filter((way) => way.state === state)) {
      for (const [word, verb] of Object.entries(VERBS)) {
        const subject = await subjectFor(bench, word, ++serial);
        await way.bring(bench, subject);
        assert.equal(await bench.state(subject.job.id), state, `brought to ${state} (${way.how})`);
        await verb(bench, subject);
        const found = await bench.state(subject.job.id);
        const wanted = way.moves[word] ?? (word === "has its expiry pass" && state === "parked" ? "active" : state);
        assert.equal(found, wanted, `a job that is ${state} (${way.how}) and ${word}`);
        if (found !== state && way.moves[word] !== undefined) {
          assert.ok(mayMove(state, found), `the table does not permit ${state} → ${found}`);
          reached.add(found);
        }
      }
    }
    assert.deepEqual([...reached].sort(), [...NEXT_STATES[state]].sort(), "every permitted move was made");
  },
}));
