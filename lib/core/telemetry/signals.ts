import type { DeathCause, Failure } from "../../contract/job.js";

/** The fields of every job signal. */
export interface JobSignal {
  readonly jobId: string;
  readonly task: string;
  readonly queue: string;
  /**
   * Decoded when it is read, and revived by its type if a generated client has it.
   * Undefined if it cannot be read.
   */
  readonly payload?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * In-process lifecycle signals and their fields. Durations are milliseconds.
 * They are sent after the store has confirmed, where the store is involved. Each end of a job is signalled
 * once in the whole system, by the process whose call ended it: `job:succeeded`, `job:dead`, `job:cancelled`
 * or `job:expired`, from any cause.
 */
export interface SignalMap {
  readonly "job:enqueued": JobSignal;
  readonly "job:started": JobSignal & { readonly attempt: number };
  readonly "job:succeeded": JobSignal & {
    readonly attempt: number;
    readonly ms: number;
    /** The result of the handler, decoded when it is read. */
    readonly result?: unknown;
  };
  /** An attempt failed and another will follow after `delayMs`. */
  readonly "job:retried": JobSignal & { readonly attempt: number; readonly ms: number; readonly delayMs: number; readonly error: Failure };
  /**
   * It failed for good. `ms`: of its last attempt, where that ended it.
   * `cause`: its handler (`error`), a refusal (`rejected`), lost workers (`lapsed`), or a job it waited for
   * (`input`).
   */
  readonly "job:dead": JobSignal & {
    readonly attempt: number;
    readonly ms?: number;
    readonly cause?: DeathCause;
    readonly error: Failure;
  };
  /** It was cancelled, in any state, or (`cause: "input"`) because a job it waited for was. */
  readonly "job:cancelled": JobSignal & { readonly attempt: number; readonly cause?: DeathCause; readonly error: Failure };
  /** It had not started in time. */
  readonly "job:expired": JobSignal & { readonly attempt: number; readonly error: Failure };
  readonly "job:snoozed": JobSignal & { readonly attempt: number; readonly ms: number };
  readonly "job:parked": JobSignal & { readonly attempt: number; readonly ms: number };
  /** Handed back at shutdown, attempt not spent. */
  readonly "job:released": JobSignal & { readonly attempt: number };
  /**
   * An attempt here was in vain: the job was cancelled, or had gone to another worker.
   * Its result was not recorded.
   */
  readonly "job:lost": JobSignal & { readonly attempt: number };
  readonly "run:step": { readonly runId: string; readonly workflow: string; readonly step: string; readonly ms: number };
  readonly "schedule:fired": { readonly schedule: string; readonly slot: Date; readonly jobId: string; readonly lateMs: number };
  readonly "worker:started": { readonly workerId: string; readonly queues: readonly string[] };
  readonly "worker:stopped": { readonly workerId: string; readonly released: number; readonly ms: number };
  /** The store failed or did not answer; the loop goes on by itself after `retryInMs`. */
  readonly "worker:error": { readonly workerId: string; readonly error: unknown; readonly retryInMs: number };
  readonly "beat:error": { readonly error: unknown; readonly retryInMs: number };
}

export type SignalName = keyof SignalMap;
export type SignalListener<N extends SignalName> = (signal: SignalMap[N]) => void;

/**
 * Typed in-process signals.
 * A listener that throws, or returns a promise that rejects, is reported through `onError` and affects no
 * other.
 */
export class Signals {
  readonly #listeners = new Map<SignalName, Set<SignalListener<never>>>();
  readonly #onError: (error: unknown, name: SignalName) => void;

  constructor(onError: (error: unknown, name: SignalName) => void = () => {}) {
    this.#onError = onError;
  }

  /** Returns the function that stops listening. */
  on<N extends SignalName>(name: N, listener: SignalListener<N>): () => void {
    let heard = this.#listeners.get(name);
    if (heard === undefined) this.#listeners.set(name, (heard = new Set()));
    heard.add(listener as SignalListener<never>);
    return () => void heard.delete(listener as SignalListener<never>);
  }

  /** Whether anyone listens; lets the hot path skip building a signal. */
  has(name: SignalName): boolean {
    return (this.#listeners.get(name)?.size ?? 0) > 0;
  }

  tell<N extends SignalName>(name: N, signal: SignalMap[N]): void {
    const listeners = this.#listeners.get(name);
    if (listeners === undefined) return;
    // A copy: a listener that stops and listens again meanwhile would be called again and again.
    for (const listener of Array.from(listeners)) {
      try {
        const answer: unknown = (listener as (signal: SignalMap[N]) => unknown)(signal);
        if (typeof answer === "object" && answer !== null) Promise.resolve(answer).catch((error: unknown) => this.#report(error, name));
      } catch (error) {
        this.#report(error, name);
      }
    }
  }

  #report(error: unknown, name: SignalName): void {
    try {
      this.#onError(error, name);
    } catch {
      // A failing `onError` leaves no place for the error.
    }
  }
}
