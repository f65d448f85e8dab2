import type { Input } from "../../contract/job.js";
import type { Duration } from "./duration.js";
import type { Schema } from "./schema.js";

/**
 * How a task is run.
 * The producer reads `queue`, `priority` and what is kept; the worker reads the rest.
 */
export interface TaskOptions {
  /** Default `"default"`. */
  readonly queue?: string;
  /** 0 (default) to 9; the higher goes first within its queue. */
  readonly priority?: number;
  /** A number is short for `{ attempts }`. */
  readonly retry?: number | RetryOptions;
  /**
   * How long one attempt may take. Then `ctx.signal` is aborted and the attempt has failed.
   * Default: no limit.
   */
  readonly timeout?: Duration;
  /** How long the record and result of a success are kept; 0 keeps nothing. Default one day. */
  readonly keepResult?: Duration;
  /** How long dead letters and other ends are kept. Default 30 days. */
  readonly keepFailed?: Duration;
  /** Checks the payload, at enqueue and again before each attempt. The handler gets what it returns. */
  readonly input?: Schema;
  /** Checks what the handler returned. */
  readonly output?: Schema;
  /**
   * False: a generated client does not check payloads by the handler's type. Default true.
   * A schema in `input` takes its place anyway. Dates, maps and the like are translated all the same.
   */
  readonly validate?: boolean;
}

export interface RetryOptions {
  /**
   * How many times the handler may fail before the job is dead, the first included.
   * Default 3; 1 means no retry.
   */
  readonly attempts?: number;
  /**
   * `"exponential"` (default): waits are drawn up to a bound that doubles. `"fixed"`: each wait is `base`.
   */
  readonly backoff?: "exponential" | "fixed";
  /**
   * Longest wait after the first failure; doubles with each further one. Default 1 s.
   * Of a fixed back-off, each wait.
   */
  readonly base?: Duration;
  /** No wait is shorter. Default 0. */
  readonly min?: Duration;
  /** No wait is longer. Default 1 h. */
  readonly cap?: Duration;
  /**
   * False makes this failure final.
   * Default: every error is retried but `NonRetryableError` and Nest's own `HttpException` of a status from
   * 400 to 499 (408, 425 and 429 are retried). The errors of HTTP clients are retried at any status.
   */
  readonly when?: (error: unknown) => boolean;
}

/** Retry options of one job, in place of its task's. A function cannot travel, so `when` is the task's. */
export type JobRetryOptions = Omit<RetryOptions, "when">;

/** The second argument of every task handler: its job, and what it can ask for. */
export interface TaskContext {
  /** Same for all attempts, so it serves as an idempotency key. */
  readonly jobId: string;
  readonly task: string;
  readonly queue: string;
  /** The argument of the handler; for middleware. */
  readonly payload: unknown;
  /** 1 on the first start. */
  readonly attempt: number;
  readonly maxAttempts: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly enqueuedAt: Date;
  /** What the jobs before it left, in order; decoded. */
  readonly inputs: readonly TaskInput[];
  /**
   * Aborted when the attempt's time is up, the job is cancelled or lost, or the worker shuts down.
   * `signal.reason` says which.
   */
  readonly signal: AbortSignal;
  /** `return ctx.snooze("5m")`: run again later, without spending an attempt. */
  snooze(delay: Duration): Snooze;
}

/** An input for a handler: decoded. */
export type TaskInput =
  { readonly jobId: string; readonly state: "succeeded"; readonly result: unknown } | Exclude<Input, { readonly state: "succeeded" }>;

/** The result of `ctx.snooze`, to be returned by the handler. */
export class Snooze {
  readonly delayMs: number;

  constructor(delayMs: number) {
    this.delayMs = delayMs;
  }
}

/** Thrown by a handler if a retry cannot help: the job is dead at once. */
export class NonRetryableError extends Error {
  override readonly name: string = "NonRetryableError";
}

/** A task (or workflow) inside worker and client: its options completed, its handler callable. */
export interface TaskDefinition {
  readonly name: string;
  readonly kind: "task" | "workflow";
  /** Where the handler is, for messages: `"SendMail.run"`. */
  readonly where: string;
  readonly queue: string;
  readonly priority: number;
  readonly retry: RetryPolicy;
  /** Undefined: no limit. */
  readonly timeoutMs: number | undefined;
  readonly keepResultMs: number;
  readonly keepFailedMs: number;
  readonly input: Schema | undefined;
  readonly output: Schema | undefined;
  /** Whether payloads are checked by their type, if a generated client has it and `input` is undefined. */
  readonly validate: boolean;
  /** A digest of the handler's source, which differs between versions of the code. */
  readonly code: string;
  /** Calls the handler with the decoded payload and a `TaskContext`; of a workflow a `WorkflowContext`. */
  readonly run: (payload: unknown, context: never) => unknown;
}

/** `RetryOptions` with the defaults filled in. Milliseconds. */
export interface RetryPolicy {
  readonly attempts: number;
  readonly baseMs: number;
  readonly capMs: number;
  /** Default 0. */
  readonly minMs?: number;
  /** Each wait is `baseMs`. Default false. */
  readonly fixed?: boolean;
  readonly when: ((error: unknown) => boolean) | undefined;
}
