import type { EventType } from "../event/event.js";
import type { Duration } from "../task/duration.js";
import type { RetryOptions } from "../task/task.js";
import type { SignalType } from "../event/signal.js";

/**
 * The second argument of every workflow's `run`: what its body may ask for.
 * Everything else in the body must give the same on every replay.
 */
export interface WorkflowContext {
  readonly runId: string;
  readonly workflow: string;
  /** `runId` and `workflow` by the names they have in a task's context, for middleware around both. */
  readonly jobId: string;
  readonly task: string;
  readonly queue: string;
  /** The argument of the body; for middleware. */
  readonly payload: unknown;
  /** Attempt of the whole run: 1 unless a pass has failed. */
  readonly attempt: number;
  readonly headers: Readonly<Record<string, string>>;
  /** When it was started (enqueued); the same in every pass. */
  readonly startedAt: Date;
  /** True while the body runs over what the journal already holds. */
  readonly replaying: boolean;
  /** Aborted when the run is cancelled or lost, or the worker shuts down. */
  readonly signal: AbortSignal;
  /**
   * Runs `work` once in the life of the run; later passes get the journaled value.
   * A step in flight at a crash runs again; use `step.idempotencyKey`.
   */
  step<T>(name: string, work: (step: StepContext) => T | Promise<T>, options?: StepOptions): Promise<T>;
  /** Gives the worker back and goes on after `duration`; survives restarts. */
  sleep(name: string, duration: Duration): Promise<void>;
  sleepUntil(name: string, moment: Date): Promise<void>;
  /**
   * Waits for the next event of that kind and key, also one sent before the wait began.
   * With a `timeout`, undefined says that none came in time.
   */
  waitFor<T>(event: EventType<T>, options: WaitOptions & { readonly timeout: Duration }): Promise<T | undefined>;
  waitFor<T>(event: EventType<T>, options?: WaitOptions): Promise<T>;
  /**
   * Waits for the next signal of that kind to this run, also one sent before the wait began.
   * Each is taken once, in the order they were sent. With a `timeout`, undefined says that none came in time.
   */
  waitForSignal<T>(signal: SignalType<T>, options: SignalWaitOptions & { readonly timeout: Duration }): Promise<T | undefined>;
  waitForSignal<T>(signal: SignalType<T>, options?: SignalWaitOptions): Promise<T>;
  /**
   * The first of several to be over, by its key.
   *
   * ```ts
   * const late = ctx.sleep("patience", "3d");
   * const first = await ctx.race({ approved: ctx.waitForSignal(approved), late });
   * if (first.key === "approved") this.ship(first.value);
   * ```
   *
   * Unlike `Promise.race` it withdraws the waits and sleeps that lost, so that none of them takes an event or
   * a signal away from a later wait. Steps that lost go on. Rejects if the first to be over failed.
   */
  race<T extends Readonly<Record<string, Promise<unknown>>>>(entrants: T): Promise<Winner<T>>;
  /** The time, the same on every replay. */
  now(): Promise<Date>;
}

/** The result of `ctx.race`: the key of the first entrant, and its value. */
export type Winner<T extends Readonly<Record<string, Promise<unknown>>>> = {
  readonly [K in keyof T]: { readonly key: K; readonly value: Awaited<T[K]> };
}[keyof T];

export interface StepContext {
  /**
   * `<runId>/<step>#<n>`: the same each time this step runs again, different for every other step.
   * Give it to payment services and the like.
   */
  readonly idempotencyKey: string;
  /** 1 on the first try of this step. */
  readonly attempt: number;
  readonly signal: AbortSignal;
}

export interface StepOptions {
  /**
   * Tries of this step before its error reaches the body; a number is short for `{ attempts }`.
   * Default 1: the error goes to the body at once.
   */
  readonly retry?: number | RetryOptions;
  /** How long one try may take. Default: no limit. */
  readonly timeout?: Duration;
}

export interface WaitOptions {
  /** The subject of the event, such as an order id. Default `""`. */
  readonly key?: string;
  readonly timeout?: Duration;
  /** Name of the wait in the journal. Default: the event's name. */
  readonly name?: string;
}

/** As `WaitOptions`; the subject of a signal is its run. */
export type SignalWaitOptions = Omit<WaitOptions, "key">;
