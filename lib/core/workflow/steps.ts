import { AsyncLocalStorage } from "node:async_hooks";
import { toFailure } from "../../contract/thrown.js";
import type { Failure } from "../../contract/job.js";
import type { Clock, Dice } from "../clock.js";
import type { Codec } from "../codec/codec.js";
import type { Definitions } from "../codec/definitions.js";
import type { Shape } from "../codec/shape.js";
import { checkResultSize } from "../codec/size.js";
import type { Log } from "../log.js";
import { backoffMs } from "../task/backoff.js";
import { refuseUnknown, retryPolicy } from "../task/define.js";
import { toMs } from "../task/duration.js";
import type { RetryPolicy } from "../task/task.js";
import { describe } from "../log/describe.js";
import { judge, type Verdict } from "../attempt/retryable.js";
import type { StepContext, StepOptions, WorkflowContext } from "../context/workflow.js";
import { hereStorage } from "./current.js";
import type { Draft, Failed, Tried } from "./entries.js";
import { StepError, StepTimeoutError } from "./errors.js";
import type { Asked } from "./asked.js";
import type { Flow } from "./flow.js";
import type { Fact } from "./past.js";
import { pause } from "./pause.js";

/** Waits between tries up to this long are spent here; for longer ones the run is suspended. */
const SHORT_MS = 1_000;

export interface StepsParts {
  readonly flow: Flow;
  readonly run: WorkflowContext;
  readonly codec: Codec;
  readonly definitions: Definitions;
  readonly clock: Clock;
  readonly dice: Dice;
  readonly log: Log;
  readonly maxResultBytes: number;
  /** Called when the result of a step is in the store or on its way with the pass's ending. */
  readonly done: (key: string, ms: number) => void;
}

/** `StepOptions` with the defaults filled in. */
export interface StepPlan {
  readonly retry: RetryPolicy;
  readonly timeoutMs: number | undefined;
}

/** The tries are used up, which needs no further reason. */
const SPENT = { retryable: false, why: undefined } as const;

const PLAIN: StepPlan = { retry: { attempts: 1, baseMs: 1_000, capMs: 3_600_000, when: undefined }, timeoutMs: undefined };

/** @throws {OptionError} `STEM_OPTION_UNKNOWN`, `STEM_OPTION_INVALID`, `STEM_DURATION_INVALID` */
export function stepPlanOf(name: string, options: StepOptions | undefined): StepPlan {
  if (options === undefined) return PLAIN;
  const of = `of step "${name}"`;
  refuseUnknown(options, ["retry", "timeout"], of);
  return {
    retry: options.retry === undefined ? PLAIN.retry : retryPolicy(options.retry, of),
    timeoutMs: options.timeout === undefined ? undefined : toMs(options.timeout, `timeout ${of}`),
  };
}

/** The steps of one pass. */
export class Steps {
  readonly #parts: StepsParts;
  /** The original errors, for the run's retry policy; a later pass has only the data. */
  readonly #originals = new WeakMap<StepError, unknown>();
  readonly #replayed = new WeakSet<StepError>();
  /** Errors of failed steps that the body has not got. */
  readonly #untold = new Map<string, unknown>();
  /** Steps whose work was done and whose result cannot be kept. */
  readonly #unkept = new Set<string>();

  constructor(parts: StepsParts) {
    this.#parts = parts;
  }

  /** The answer to an ask for a step. `accept` and `refuse` are those of the promise the body awaits. */
  answer<T>(
    key: string,
    plan: StepPlan,
    work: (step: StepContext) => T | Promise<T>,
    accept: (value: T) => void,
    refuse: (error: unknown) => void,
  ): Asked {
    const trial: Trial = { key, plan, work, accept: accept as (value: unknown) => void, refuse, asCalled: AsyncLocalStorage.snapshot() };
    return {
      told: (draft) => this.#told(trial, draft),
      again: (fact) => this.#again(trial, fact),
      begin: () => this.#begin(trial, 1),
    };
  }

  /** The original error of a step, if `error` is its `StepError` from this pass. */
  originalOf(error: unknown): unknown {
    return typeof error === "object" && error !== null && this.#originals.has(error as StepError)
      ? this.#originals.get(error as StepError)
      : error;
  }

  /** Whether it is the error of a step whose failure is journaled: every further pass gets the same. */
  isFinal(error: unknown): boolean {
    if (typeof error !== "object" || error === null) return false;
    if (this.#replayed.has(error as StepError)) return true;
    return this.#originals.has(error as StepError) && this.#parts.flow.ledger.failures.has((error as StepError).step);
  }

  /**
   * A step that was done in this pass without an entry in the journal.
   * Its result cannot be kept, and the body has not gone on since.
   */
  get unkept(): string | undefined {
    for (const key of this.#unkept) if (!this.#parts.flow.ledger.failures.has(key)) return key;
    return undefined;
  }

  /** Warns after the body has returned without awaiting these. */
  warnOfUntold(): void {
    const { log, run } = this.#parts;
    for (const [key, error] of this.#untold)
      log.warn(
        `Step "${key}" of run ${run.runId} (workflow "${run.workflow}") failed after the body had returned, so that the run does not fail of it: ${describe(error)} → Await the step.`,
      );
  }

  #told({ key, accept, refuse }: Trial, draft: Draft): void {
    if (draft.state === "failed") {
      const { error, attempts } = JSON.parse(draft.value!) as Failed;
      const replayed = new StepError(key, error, attempts);
      this.#replayed.add(replayed);
      return refuse(replayed);
    }
    try {
      accept(this.#decode(key, draft.value));
    } catch (error) {
      refuse(error);
    }
  }

  #decode(key: string, text: string | undefined): unknown {
    const value = this.#parts.codec.decode(text, `result of step "${key}"`);
    const shape = this.#shapeOf(key);
    return shape === undefined ? value : shape.decode(value);
  }

  #shapeOf(key: string): Shape | undefined {
    const { definitions, run } = this.#parts;
    return definitions.step(run.workflow, key.split("#", 1)[0]!);
  }

  #again(trial: Trial, { last }: Fact): void {
    const { attempt, dueAt } = JSON.parse(last.value!) as Tried;
    if (dueAt <= this.#parts.flow.storeNow()) this.#begin(trial, attempt + 1);
    else this.#later(trial, attempt + 1, dueAt);
  }

  #later(trial: Trial, attempt: number, dueAt: number): void {
    this.#parts.flow.wait(trial.key, { until: dueAt, elapsed: () => this.#begin(trial, attempt) });
  }

  #begin(trial: Trial, attempt: number): void {
    this.#parts.flow.run(() => this.#run(trial, attempt));
  }

  async #run(trial: Trial, first: number): Promise<void> {
    const { flow, codec, clock, done } = this.#parts;
    const { key, accept } = trial;
    for (let attempt = first; ; attempt++) {
      const began = clock.now();
      let value: unknown;
      try {
        value = await this.#try(trial, attempt);
      } catch (error) {
        const wait = this.#failed(trial, attempt, error);
        if (wait === undefined || !(await flow.flush()) || !(await this.#pause(wait))) return;
        continue;
      }
      let text: string | undefined;
      try {
        const shape = this.#shapeOf(key);
        text = codec.encode(shape === undefined ? value : shape.encode(value), `result of step "${key}"`);
        checkResultSize(text, this.#parts.maxResultBytes, `step "${key}"`);
        // The body gets what later passes will get, not the object itself, which may have more than its data.
        if (typeof value === "object" || typeof value === "number") value = this.#decode(key, text);
      } catch (error) {
        this.#unkept.add(key);
        return this.#fail(trial, attempt, error, undefined, true);
      }
      const ms = clock.now() - began;
      return flow.news({
        key,
        entry: { key, kind: "step", state: "done", ...(text !== undefined && { value: text }) },
        tell: () => accept(value),
        written: () => done(key, ms),
      });
    }
  }

  /** @returns how long to wait here before the next try; undefined: not here */
  #failed(trial: Trial, attempt: number, error: unknown): number | undefined {
    const { flow, run, dice, log } = this.#parts;
    const { key, plan } = trial;
    // It stopped because of the abort, which is not a failure. The next pass runs it again.
    if (run.signal.aborted) return undefined;
    if (flow.over) {
      this.#untold.set(key, error);
      return undefined;
    }
    const verdict: Verdict | typeof SPENT =
      attempt >= plan.retry.attempts ? SPENT : judge(error, plan.retry, `${run.workflow}/${key}`, log);
    if (!verdict.retryable) {
      this.#fail(trial, attempt, error, verdict.why);
      return undefined;
    }
    const wait = backoffMs(attempt, plan.retry, dice());
    const dueAt = Math.ceil(flow.storeNow() + wait);
    flow.ledger.add(triedOf(key, { attempt, error: toFailure(error, attempt), dueAt }));
    if (wait <= SHORT_MS) return wait;
    this.#later(trial, attempt + 1, dueAt);
    return undefined;
  }

  /**
   * The step has failed for good: its error goes to the body.
   *
   * @param why it was not tried again although tries were left
   * @param once its work was done, so that a pass without an entry must not do it again
   */
  #fail({ key, refuse }: Trial, attempts: number, thrown: unknown, why?: string, once?: true): void {
    const error: Failure = { ...toFailure(thrown, attempts), ...(why !== undefined && { notRetried: why }) };
    const failure = new StepError(key, error, attempts);
    this.#originals.set(failure, thrown);
    this.#untold.set(key, thrown);
    this.#parts.flow.news({
      key,
      entry: {
        failed: (after) => ({ key, kind: "step", state: "failed", value: JSON.stringify({ error, attempts, after } satisfies Failed) }),
        anew: attempts > 1 ? triedOf(key, { attempt: 0, error, dueAt: 0 }) : undefined,
        once: once === true,
      },
      tell: () => {
        this.#untold.delete(key);
        refuse(failure);
      },
    });
  }

  async #try({ key, plan, work, asCalled }: Trial, attempt: number): Promise<unknown> {
    const { run, clock } = this.#parts;
    const step = new TryContext(`${run.runId}/${key.includes("#") ? key : `${key}#1`}`, attempt, run);
    const running = asCalled(() => hereStorage.run({ run, step }, work, step));
    if (plan.timeoutMs === undefined) return running;
    const { timeoutMs } = plan;
    let cancel: (() => void) | undefined;
    const late = new Promise<never>((_, refuse) => {
      cancel = clock.after(timeoutMs, () => {
        const error = new StepTimeoutError(key, timeoutMs);
        // First, so that the body gets this error and not that of work that stops on the signal.
        refuse(error);
        step.abort(error);
      });
    });
    try {
      return await Promise.race([running, late]);
    } finally {
      cancel?.();
    }
  }

  /** False when the pass was ended meanwhile. */
  async #pause(ms: number): Promise<boolean> {
    const { clock, flow, run } = this.#parts;
    await pause(clock, ms, run.signal);
    return !flow.over;
  }
}

interface Trial {
  readonly key: string;
  readonly plan: StepPlan;
  readonly work: (step: StepContext) => unknown;
  readonly accept: (value: unknown) => void;
  readonly refuse: (error: unknown) => void;
  /** Calls back in the async context of the body's call, since a timer may begin the work. */
  readonly asCalled: <T>(call: () => T) => T;
}

/** A signal is made only when it is read, or for a timeout. */
class TryContext implements StepContext {
  readonly idempotencyKey: string;
  readonly attempt: number;
  readonly #run: WorkflowContext;
  #controller: AbortController | undefined;
  #signal: AbortSignal | undefined;

  constructor(idempotencyKey: string, attempt: number, run: WorkflowContext) {
    this.idempotencyKey = idempotencyKey;
    this.attempt = attempt;
    this.#run = run;
  }

  get signal(): AbortSignal {
    if (this.#signal === undefined) {
      this.#controller ??= new AbortController();
      this.#signal = AbortSignal.any([this.#run.signal, this.#controller.signal]);
    }
    return this.#signal;
  }

  abort(reason: unknown): void {
    this.#controller ??= new AbortController();
    this.#controller.abort(reason);
  }
}

function triedOf(key: string, tried: Tried): Draft {
  return { key, kind: "step", state: "open", value: JSON.stringify(tried) };
}
