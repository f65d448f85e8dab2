import type { Settlement } from "../../contract/broker.js";
import type { Delivery } from "../../contract/job.js";
import { leaseText } from "../../contract/lease.js";
import { type Clock, type Dice, steadyNow } from "../clock.js";
import type { Definitions } from "../codec/definitions.js";
import type { Log } from "../log.js";
import type { TaskRegistry } from "../task/registry.js";
import type { TaskDefinition } from "../task/task.js";
import { abortReason, TimeoutError } from "../attempt/aborted.js";
import type { Answers } from "./answers.js";
import { Deadlines } from "./deadlines.js";
import { decide } from "../attempt/decide.js";
import type { Executor } from "../attempt/executor.js";
import type { Outcome } from "../attempt/outcome.js";
import type { Endings } from "./endings.js";
import type { ServedQueues } from "./queues.js";
import { Refusals, type RefusalsParts } from "./refusals.js";
import { judge } from "../attempt/retryable.js";
import { RunningJob, type RunningJobs } from "../attempt/running.js";
import { SUSPECT_LAPSES, Suspects } from "./suspects.js";
import type { Announcer } from "./announcer.js";
import { unknownTask } from "../attempt/unfit.js";

export interface AttemptsParts {
  readonly registry: TaskRegistry;
  readonly definitions: Definitions;
  readonly queues: ServedQueues;
  readonly running: RunningJobs;
  readonly clock: Clock;
  readonly dice: Dice;
  readonly log: Log;
  readonly announcer: Announcer;
  readonly tasks: Executor;
  readonly workflows: Executor;
  readonly refusals: Omit<RefusalsParts, "decided" | "dice" | "log" | "queues">;
  readonly answers: Answers;
  /** Takes what is to be written. */
  readonly endings: Endings;
}

/** How long a handler may go on after its time was up before a warning counts it. */
const PATIENCE_MS = 5_000;

/** The life of each attempt in this process: start, end, timeout, loss, shutdown. */
export class Attempts {
  readonly #parts: AttemptsParts;
  readonly #deadlines: Deadlines;
  readonly #suspects = new Suspects();
  readonly #refusals: Refusals;
  /**
   * Handlers that go on although their attempt has failed by timeout; they hold no slot.
   * Kept by lease, not by job: one that never ends must not keep its payload.
   */
  readonly #overdue = new Map<string, { readonly task: string; readonly since: number }>();
  #warned = 0;
  #stopping = false;
  /** How many jobs were handed back. */
  released = 0;

  constructor(parts: AttemptsParts) {
    this.#parts = parts;
    const { dice, log, queues, refusals } = parts;
    this.#refusals = new Refusals({ ...refusals, dice, log, queues, decided: (job, outcome) => this.#ended(job, outcome) });
    this.#deadlines = new Deadlines(parts.clock, parts.running, (job) => this.#timedOut(job));
  }

  /** Never throws. */
  start(delivery: Delivery, holder: string): void {
    const { registry, queues, running, clock } = this.#parts;
    const definition = registry.get(delivery.job.task);
    const job = new RunningJob(delivery, definition, queues.get(delivery.job.queue), holder, clock.now());
    running.join(job);
    if (this.#stopping) return this.#release(job);
    if (delivery.lapses < SUSPECT_LAPSES) return this.#begin(job, definition);
    if (!this.#suspects.admit(job, () => this.#beginSuspect(job, definition))) this.#putOff(job);
  }

  /**
   * The store has confirmed how a job ended. Never throws.
   *
   * @param how `refused`: the store would not take it; the job has become a dead letter with this error
   */
  settled(job: RunningJob, settlement: Settlement, how: { readonly lost: boolean; readonly refused?: unknown }): void {
    this.#parts.answers.settled(job, settlement, how);
    // Of one that never began here there is nothing to tell.
    if (!this.#suspects.settled(job)) this.#parts.announcer.settled(job, settlement, how);
  }

  #begin(job: RunningJob, definition: TaskDefinition | undefined): void {
    const { registry, definitions, clock, announcer, tasks, workflows } = this.#parts;
    if (definition === undefined) return this.#ended(job, unknownTask(job.delivery.job.task, registry, definitions));
    announcer.started(job);
    if (definition.timeoutMs !== undefined) {
      job.deadline = steadyNow(clock) + definition.timeoutMs;
      this.#deadlines.watch(job);
    }
    try {
      (definition.kind === "task" ? tasks : workflows).execute(job, definition, this.#ended);
    } catch (error) {
      // No error may keep the jobs lent together with this one from starting.
      this.#ended(job, { kind: "threw", error, retryable: true, cause: "error" });
    }
  }

  /** While it waited, the worker may have begun to stop, or the job may have gone. */
  #beginSuspect(job: RunningJob, definition: TaskDefinition | undefined): void {
    if (!job.live) return;
    if (job.gone) return this.#ended(job, GONE);
    if (this.#stopping) return this.#release(job);
    this.#begin(job, definition);
  }

  /** Hands a job back unstarted, to be lent again a little later, by itself if possible. */
  #putOff(job: RunningJob): void {
    const { running, dice, endings } = this.#parts;
    running.leave(job);
    endings.add(job, { lease: job.delivery.lease, as: "ready", attempt: "returned", delayMs: 250 + Math.floor(dice() * 750) });
  }

  /**
   * To be called when the store says that another worker may have a running job.
   * Its slot is free when its handler ends.
   */
  lose(job: RunningJob, why: "cancelled" | "lost"): void {
    job.abort(why, abortReason(why, job.delivery.job.id));
  }

  /** From now on jobs that are lent are handed back. */
  stopStarting(): void {
    this.#stopping = true;
  }

  /** Aborts all running handlers because the worker shuts down. */
  abortAll(): void {
    for (const job of this.#parts.running.all()) job.abort("shutdown", abortReason("shutdown", job.delivery.job.id));
  }

  /**
   * Hands back jobs that still run; what those handlers do from now on is not recorded.
   * @returns how many jobs
   */
  releaseAll(): number {
    const left = this.#parts.running.all().filter((job) => !job.gone);
    for (const job of left) this.#release(job);
    return left.length;
  }

  /** No more timers. */
  stop(): void {
    this.#deadlines.stop();
  }

  /** Warns when the number of handlers that ignore their timeout has grown. Called at every heartbeat. */
  lookAtOverdue(): void {
    const { clock, log } = this.#parts;
    const now = steadyNow(clock);
    const late = [...this.#overdue.values()].filter(({ since }) => now - since >= PATIENCE_MS);
    if (late.length > this.#warned) {
      const tasks = [...new Set(late.map(({ task }) => task))].join(", ");
      log.warn(
        `${late.length} handlers go on although their attempt has failed by timeout (${tasks}). They hold no slot but do use this process; let them stop on ctx.signal.`,
      );
    }
    this.#warned = late.length;
  }

  readonly #ended = (job: RunningJob, outcome: Outcome): void => {
    const { running, announcer, dice, endings } = this.#parts;
    if (!job.live) return void this.#overdue.delete(leaseText(job.delivery.lease));
    if (outcome.kind === "refused" && !job.gone) {
      // Nothing of it has been done, so it has no deadline any more.
      job.deadline = Number.POSITIVE_INFINITY;
      return this.#refusals.refuse(job, outcome);
    }
    running.leave(job);
    this.#suspects.ended(job);
    // A handler that stops with an error after an abort at shutdown does not count as failed. A pass over a
    // run reports that itself.
    const toldTo = job.abortedBy === "shutdown" && outcome.kind === "threw" && job.definition?.kind === "task";
    const really = toldTo ? SHUT_DOWN : outcome;
    const settlement = job.gone ? undefined : decide(really, job.delivery, job.retry, dice);
    if (settlement === undefined) {
      announcer.lost(job);
      return endings.changed();
    }
    if (really.kind === "aborted" && really.reason === "shutdown") this.#count(job);
    if (really.kind === "handedBack") job.released = true;
    endings.add(job, settlement);
  };

  #timedOut(job: RunningJob): void {
    const { log, clock } = this.#parts;
    const definition = job.definition!;
    const error = new TimeoutError(job.delivery.job.id, definition.name, definition.timeoutMs!);
    job.abort("timeout", error);
    // A handler may have answered the abort at once, in a listener of its signal.
    if (!job.live) return;
    this.#ended(job, { kind: "threw", error, ...judge(error, definition.retry, definition.name, log), cause: "error" });
    this.#overdue.set(leaseText(job.delivery.lease), { task: definition.name, since: steadyNow(clock) });
  }

  #release(job: RunningJob): void {
    job.abort("shutdown", abortReason("shutdown", job.delivery.job.id));
    if (!job.live) return;
    this.#parts.running.leave(job);
    this.#suspects.ended(job);
    this.#count(job);
    this.#parts.endings.add(job, { lease: job.delivery.lease, as: "ready", attempt: "returned" });
  }

  #count(job: RunningJob): void {
    job.released = true;
    this.released++;
  }
}

const GONE: Outcome = { kind: "aborted", reason: "lost" };
const SHUT_DOWN: Outcome = { kind: "aborted", reason: "shutdown" };
