import { usersHeaders } from "../job/headers.js";
import { OptionError, StemError } from "../../contract/errors.js";
import type { Delivery } from "../../contract/job.js";
import { shown } from "../../contract/options.js";
import { checkText, flawOfText, LONGEST } from "../../contract/text.js";
import type { Codec } from "../codec/codec.js";
import type { Definitions } from "../codec/definitions.js";
import { checkName, refuseUnknown } from "../task/define.js";
import { type Duration, toMs } from "../task/duration.js";
import type { EventType } from "../event/event.js";
import type { SignalWaitOptions, StepContext, StepOptions, WaitOptions, Winner, WorkflowContext } from "../context/workflow.js";
import { hereStorage } from "./current.js";
import { type EntryKind, type Heard, type Waited, type Waiting, WITHDRAWN } from "./entries.js";
import type { Asked } from "./asked.js";
import type { Flow } from "./flow.js";
import { eventOf, signalOf, type SignalType, spokenEvent } from "../event/signal.js";
import { stepPlanOf, type StepPlan, Steps, type StepsParts } from "./steps.js";
import { Unawaited, Watched } from "./watched.js";

export interface RunParts extends Omit<StepsParts, "run"> {
  readonly delivery: Delivery;
  readonly payload: unknown;
  readonly signal: AbortSignal;
}

/** The second argument of a body: turns its calls into asks of the flow. One per pass. */
export class Run implements WorkflowContext {
  readonly runId: string;
  readonly workflow: string;
  readonly payload: unknown;
  readonly attempt: number;
  readonly startedAt: Date;
  readonly signal: AbortSignal;
  readonly steps: Steps;
  readonly unawaited = new Unawaited();
  readonly #flow: Flow;
  readonly #codec: Codec;
  readonly #definitions: Definitions;
  readonly #delivery: Delivery;
  /** The ask of each promise given to the body. */
  readonly #asks = new WeakMap<Promise<unknown>, { readonly key: string; readonly kind: EntryKind }>();

  constructor(parts: RunParts) {
    const { job, attempt } = parts.delivery;
    this.runId = job.id;
    this.workflow = job.task;
    this.payload = parts.payload;
    this.attempt = attempt;
    this.startedAt = new Date(job.enqueuedAt);
    this.signal = parts.signal;
    this.#flow = parts.flow;
    this.#codec = parts.codec;
    this.#definitions = parts.definitions;
    this.#delivery = parts.delivery;
    this.steps = new Steps({ ...parts, run: this });
  }

  get headers(): Readonly<Record<string, string>> {
    return usersHeaders(this.#delivery.job.headers);
  }

  get jobId(): string {
    return this.runId;
  }

  get task(): string {
    return this.workflow;
  }

  get queue(): string {
    return this.#delivery.job.queue;
  }

  get replaying(): boolean {
    return this.#flow.replaying;
  }

  step<T>(name: string, work: (step: StepContext) => T | Promise<T>, options?: StepOptions): Promise<T> {
    return this.#ask<T, StepPlan>(
      name,
      "step",
      () => stepPlanOf(name, options),
      (key, accept, refuse, plan) => this.steps.answer(key, plan, work, accept, refuse),
    );
  }

  sleep(name: string, duration: Duration): Promise<void> {
    return this.#sleep(name, () => {
      const ms = toMs(duration, `sleep "${name}" of workflow "${this.workflow}"`);
      return () => this.#flow.storeNow() + ms;
    });
  }

  sleepUntil(name: string, moment: Date): Promise<void> {
    return this.#sleep(name, () => this.#momentOf(name, moment));
  }

  /** @throws {OptionError} `STEM_OPTION_INVALID` */
  #momentOf(name: string, moment: Date): () => number {
    // By method, not with instanceof, so that a date of another realm is one too.
    const ms = typeof moment === "object" && moment !== null && typeof moment.getTime === "function" ? moment.getTime() : Number.NaN;
    if (!Number.isFinite(ms)) {
      throw new OptionError(
        "STEM_OPTION_INVALID",
        `The moment of sleep "${name}" of workflow "${this.workflow}" is ${String(moment)}.`,
        "Give a Date, such as new Date(ms).",
      );
    }
    return () => Math.max(0, ms);
  }

  waitFor<T>(event: EventType<T>, options: WaitOptions & { readonly timeout: Duration }): Promise<T | undefined>;
  waitFor<T>(event: EventType<T>, options?: WaitOptions): Promise<T>;
  waitFor<T>(event: EventType<T>, options: WaitOptions = {}): Promise<T | undefined> {
    const { name = event.name, key = "", timeout } = options ?? {};
    return this.#wait(event.name, key, name, timeout, () => {
      refuseUnknown(
        options,
        ["key", "timeout", "name"] satisfies (keyof WaitOptions)[],
        `of wait "${name}" of workflow "${this.workflow}"`,
      );
      checkName(event.name, `event name of a wait of workflow "${this.workflow}"`);
      checkText(key, `The key of wait "${name}" of workflow "${this.workflow}"`, LONGEST.eventKey, 0);
    });
  }

  waitForSignal<T>(signal: SignalType<T>, options: SignalWaitOptions & { readonly timeout: Duration }): Promise<T | undefined>;
  waitForSignal<T>(signal: SignalType<T>, options?: SignalWaitOptions): Promise<T>;
  waitForSignal<T>(signal: SignalType<T>, options: SignalWaitOptions = {}): Promise<T | undefined> {
    const { name = signal.name, timeout } = options ?? {};
    return this.#wait(eventOf(signal), this.runId, name, timeout, () => {
      refuseUnknown(options, ["timeout", "name"] satisfies (keyof SignalWaitOptions)[], `of wait "${name}" of workflow "${this.workflow}"`);
      checkName(signal.name, `signal name of a wait of workflow "${this.workflow}"`);
    });
  }

  #wait<T>(event: string, about: string, name: string, timeout: Duration | undefined, check: () => void): Promise<T | undefined> {
    const flow = this.#flow;
    const ms = () => {
      check();
      return timeout === undefined ? undefined : toMs(timeout, `timeout of wait "${name}" of workflow "${this.workflow}"`);
    };
    return this.#ask<T | undefined, number | undefined>(name, "wait", ms, (key, accept, refuse, ms) => {
      const park = ({ name: event, key: about, deadline }: Waiting): void => {
        const heard = (heard: Heard): void =>
          flow.news({ key, entry: { key, kind: "wait", state: "done", value: JSON.stringify(heard) }, tell: () => tell(heard) });
        flow.wait(key, { event: { name: event, key: about }, heard, ...(deadline !== undefined && { deadline }) });
      };
      const tell = (waited: Heard): void => {
        try {
          accept(this.#heard(waited.name, waited.payload) as T);
        } catch (error) {
          refuse(error);
        }
      };
      return {
        told: ({ value }) => {
          const waited = JSON.parse(value!) as Waited;
          if ("late" in waited) return waited.withdrawn === true ? undefined : accept(undefined);
          tell(waited);
        },
        again: ({ last }) => park(JSON.parse(last.value!) as Waiting),
        begin: () => {
          const waiting: Waiting = { name: event, key: about, ...(ms !== undefined && { deadline: Math.ceil(flow.storeNow() + ms) }) };
          flow.ledger.add({ key, kind: "wait", state: "open", value: JSON.stringify(waiting) });
          park(waiting);
        },
      };
    });
  }

  /**
   * Not checked, only revived: the sender has checked it, and a replay must not end otherwise than the pass
   * before.
   */
  #heard(event: string, text: string | undefined): unknown {
    const payload = this.#codec.decode(text, `payload of ${spokenEvent(event)}`);
    const signal = signalOf(event);
    const shape = signal === undefined ? this.#definitions.event(event) : this.#definitions.signal(this.workflow, signal);
    return shape === undefined ? payload : shape.decode(payload);
  }

  race<T extends Readonly<Record<string, Promise<unknown>>>>(entrants: T): Promise<Winner<T>> {
    const all = Object.entries(entrants);
    if (all.length === 0) {
      const what = `A race of workflow "${this.workflow}" has no entrants, so that it would never end.`;
      return Promise.reject(new OptionError("STEM_OPTION_INVALID", what, "Give waits, sleeps or steps by name: ctx.race({ paid, late })."));
    }
    const race = Promise.race(all.map(([key, entrant]) => Promise.resolve(entrant).then((value) => ({ key, value }) as Winner<T>)));
    const withdraw = (): void => {
      for (const [, entrant] of all) {
        const asked = this.#asks.get(entrant);
        if (asked !== undefined && (asked.kind === "wait" || asked.kind === "sleep")) this.#flow.withdraw(asked.key, asked.kind);
      }
    };
    return race.then(
      (winner) => {
        withdraw();
        return winner;
      },
      (error: unknown) => {
        withdraw();
        throw error;
      },
    );
  }

  now(): Promise<Date> {
    const flow = this.#flow;
    return this.#ask<Date, void>("now", "now", nothing, (key, accept) => ({
      told: ({ value }) => accept(new Date(Number(value))),
      begin: () => {
        const now = Math.floor(flow.storeNow());
        flow.news({ key, entry: { key, kind: "now", state: "done", value: String(now) }, tell: () => accept(new Date(now)) });
      },
    }));
  }

  #sleep(name: string, check: () => () => number): Promise<void> {
    const flow = this.#flow;
    return this.#ask<void, () => number>(name, "sleep", check, (key, accept, _, until) => {
      const over = (): void => flow.news({ key, entry: { key, kind: "sleep", state: "done" }, tell: accept });
      const wait = (moment: number): void => (moment <= flow.storeNow() ? over() : flow.wait(key, { until: moment, elapsed: over }));
      return {
        told: ({ value }) => (value === WITHDRAWN ? undefined : accept()),
        again: ({ last }) => wait(Number(last.value)),
        begin: () => {
          const moment = Math.ceil(until());
          flow.ledger.add({ key, kind: "sleep", state: "open", value: String(moment) });
          wait(moment);
        },
      };
    });
  }

  /** Rejects a wrong ask (by `check` and the name) without a change to the run. */
  #ask<T, C>(
    name: string,
    kind: EntryKind,
    check: () => C,
    answer: (key: string, accept: (value: T) => void, refuse: (error: unknown) => void, checked: C) => Asked,
  ): Promise<T> {
    let asked: { readonly key: string; readonly kind: EntryKind } | undefined;
    const promise = new Watched<T>((accept, refuse) => {
      checkEntryName(name, kind, this.workflow);
      checkPlace(name, kind);
      const checked = check();
      this.#flow.ask(name, kind, (key) => {
        asked = { key, kind };
        // Steps are waited for in any case; that one failed has to be known.
        const failed = (error: unknown): void => {
          this.unawaited.add({ key, kind, promise, error });
          refuse(error);
        };
        return answer(key, accept, kind === "step" ? failed : refuse, checked);
      });
    });
    if (asked !== undefined) this.#asks.set(promise, asked);
    // A body that forgets to await a step that fails must not end the process.
    promise.catch(nothing);
    Watched.forget(promise);
    if (asked !== undefined && (kind === "sleep" || kind === "wait")) this.unawaited.add({ key: asked.key, kind, promise });
    return promise;
  }
}

function nothing(): void {}

/** @throws {StemError} `STEM_STEP_NESTED` */
function checkPlace(name: string, kind: EntryKind): void {
  const inside = hereStorage.getStore()?.step;
  if (inside === undefined) return;
  throw new StemError(
    "STEM_STEP_NESTED",
    `The work of step ${inside.idempotencyKey} asked its run for ${kind} "${name}".`,
    "A step is one piece of work: call plain functions inside it, and ask for steps, sleeps and waits in the body.",
  );
}

/** `#` counts occurrences. @throws {OptionError} `STEM_NAME_INVALID` */
function checkEntryName(name: unknown, kind: EntryKind, workflow: string): asserts name is string {
  const flaw = flawOfText(name);
  if (flaw === undefined && !(name as string).includes("#")) return;
  throw new OptionError(
    "STEM_NAME_INVALID",
    `A ${kind} of workflow "${workflow}" is called ${shown(name)}.`,
    'Give a name of 1 to 200 whole characters without "#" and U+0000.',
  );
}
