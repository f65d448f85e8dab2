import type { Adapter } from "../../contract/adapter.js";
import { OptionError, StemError } from "../../contract/errors.js";
import type { NewJob } from "../../contract/job.js";
import { FROM_HEADER } from "../canvas/payload-of.js";
import type { Codec } from "../codec/codec.js";
import type { Definitions } from "../codec/definitions.js";
import { encodePayload } from "../codec/payload.js";
import { validate } from "../codec/validate.js";
import type { Clock } from "../clock.js";
import { jobSignal } from "../telemetry/job-signal.js";
import type { Signals } from "../telemetry/signals.js";
import type { TaskRegistry } from "../task/registry.js";
import type { TaskRef } from "../task/ref.js";
import type { TaskDefinition } from "../task/task.js";
import { Coalescer, metById, NONE_MET, type MetById } from "./coalescer.js";
import { markBrief } from "../job/answers.js";
import type { Ends } from "../telemetry/ends.js";
import type { EnqueueOptions } from "../task/options.js";
import { type Draft, draftOf } from "./draft.js";

export interface ProducerParts {
  readonly adapter: Adapter;
  readonly registry: TaskRegistry;
  readonly codec: Codec;
  readonly signals: Signals;
  readonly clock: Clock;
  readonly ids: () => string;
  readonly maxPayloadBytes: number;
  readonly definitions: Definitions;
  readonly ends: Pick<Ends, "tell">;
}

/** A job's payload: a value, an encoded text, or the results of the jobs before it. */
export type Payload = { readonly value: unknown } | { readonly text: string } | { readonly from: "one" | "all" };

/** The way in: checks and encodes jobs, refuses wrong ones, and passes the rest to the store. */
export class Producer {
  readonly parts: ProducerParts;
  readonly #coalescer: Coalescer;
  #closed = false;
  #inside = 0;
  #empty: (() => void)[] = [];

  constructor(parts: ProducerParts) {
    this.parts = parts;
    this.#coalescer = new Coalescer(parts.adapter.broker, (ended) => parts.ends.tell(ended));
  }

  /**
   * The job that `enqueue` would store. @throws as `Stem.enqueue`
   * It is returned at once, unless a schema is asynchronous, so that calls made in one turn are stored in
   * their order.
   */
  draft(
    ref: TaskRef,
    payload: Payload,
    options: EnqueueOptions | undefined,
    id?: string,
    also?: readonly string[],
  ): Draft | Promise<Draft> {
    const definition = this.parts.registry.get(ref.name);
    const draft = this.#plan(ref, definition, options, also);
    const asked = "value" in payload && definition?.input !== undefined ? checkInput(definition, payload.value) : undefined;
    if (asked instanceof Promise) return asked.then(() => this.#fill(draft, ref, definition, payload, id ?? options?.id));
    return this.#fill(draft, ref, definition, payload, id ?? options?.id);
  }

  #fill(draft: Draft, ref: TaskRef, definition: TaskDefinition | undefined, payload: Payload, id: string | undefined): Draft {
    if ("from" in payload) draft.headers = { ...draft.headers, [FROM_HEADER]: payload.from };
    else draft.payload = "text" in payload ? payload.text : this.#encode(ref, definition, payload.value);
    draft.id = id ?? this.#freshId(draft.queue);
    return draft;
  }

  /** As `draft`, for many payloads of one task; `options.id` is a prefix. */
  drafts(ref: TaskRef, payloads: readonly unknown[], options: EnqueueOptions | undefined): readonly Draft[] | Promise<readonly Draft[]> {
    if (!Array.isArray(payloads)) {
      throw new OptionError(
        "STEM_OPTION_INVALID",
        `enqueueMany of task "${ref.name}" got no list of payloads.`,
        "Give an array, one payload per job.",
      );
    }
    const definition = this.parts.registry.get(ref.name);
    const plan = this.#plan(ref, definition, options);
    const asked = definition?.input === undefined ? undefined : checkInputs(definition, payloads);
    return asked === undefined
      ? this.#fillAll(plan, ref, definition, payloads, options?.id)
      : asked.then(() => this.#fillAll(plan, ref, definition, payloads, options?.id));
  }

  #fillAll(
    plan: Draft,
    ref: TaskRef,
    definition: TaskDefinition | undefined,
    payloads: readonly unknown[],
    prefix: string | undefined,
  ): readonly Draft[] {
    const drafts: Draft[] = [];
    for (let i = 0; i < payloads.length; i++) {
      const draft = { ...plan };
      draft.payload = this.#encode(ref, definition, payloads[i]);
      draft.id = prefix === undefined ? this.#freshId(plan.queue) : `${prefix}-${i}`;
      drafts.push(draft);
    }
    return drafts;
  }

  /**
   * Stores jobs, all or none, and returns which were not stored, by their ids.
   *
   * @param named the caller chose the ids. Ids made here are new, so "stored already" can then only mean an
   * earlier try of this very call
   */
  async send(jobs: readonly NewJob[], named: boolean, transaction?: unknown): Promise<MetById> {
    if (jobs.length === 0) return NONE_MET;
    for (const job of jobs) markBrief(job);
    let met =
      transaction === undefined
        ? await this.#coalescer.enqueue(jobs, named)
        : metById((await this.parts.adapter.broker.enqueue(jobs, { transaction })).met);
    if (!named && met.size > 0) met = metById([...met.values()].filter(({ as }) => as !== "known"));
    const { signals } = this.parts;
    if (signals.has("job:enqueued")) {
      for (const job of jobs) if (!met.has(job.id)) signals.tell("job:enqueued", jobSignal(job, this.parts, {}));
    }
    return met;
  }

  /**
   * Wraps every public call, so that `close` can answer those under way.
   * @throws {StemError} `STEM_CLOSED`
   */
  async answer<T>(call: () => Promise<T>): Promise<T> {
    if (this.#closed) throw closedError();
    this.#inside++;
    try {
      return await call();
    } finally {
      if (--this.#inside === 0) for (const done of this.#empty.splice(0)) done();
    }
  }

  /** Refuses later calls and resolves when earlier ones have been answered. */
  close(): Promise<void> {
    this.#closed = true;
    return this.#inside === 0 ? Promise.resolve() : new Promise((done) => this.#empty.push(done));
  }

  #plan(ref: TaskRef, definition: TaskDefinition | undefined, options: EnqueueOptions | undefined, also: readonly string[] = []): Draft {
    const { clock, registry } = this.parts;
    return draftOf(ref, definition, options, { now: () => clock.now(), names: () => registry.names(), also });
  }

  /** A new id. In a store that is spread over several servers it also carries the place of the job. */
  #freshId(queue: string): string {
    const id = this.parts.ids();
    return this.parts.adapter.routedId?.(id, queue) ?? id;
  }

  /** Checks by the type, unless the task's own schema has done so, and encodes. */
  #encode(ref: TaskRef, definition: TaskDefinition | undefined, value: unknown): string {
    const { codec, maxPayloadBytes, definitions } = this.parts;
    const shape = definitions.input(ref.name);
    if (shape === undefined) return encodePayload(codec, value, maxPayloadBytes, ref);
    if (definition === undefined || (definition.validate && definition.input === undefined))
      shape.check(value, "payload", `${definition?.kind ?? "task"} "${ref.name}"`);
    return encodePayload(codec, shape.encode(value), maxPayloadBytes, ref);
  }
}

/** The error of every call after `close`. */
export function closedError(): StemError {
  return new StemError("STEM_CLOSED", "This Stem has been closed.", "Enqueue and wait before the application shuts down.");
}

/**
 * The payload travels as given, not as the schema returned it: the worker validates again, and a schema need
 * not accept its own output.
 */
function checkInput(definition: TaskDefinition, value: unknown): unknown {
  return validate(definition.input!, value, "payload", `${definition.kind} "${definition.name}"`);
}

/** Undefined: all were accepted at once. */
function checkInputs(definition: TaskDefinition, payloads: readonly unknown[]): Promise<void> | undefined {
  for (let i = 0; i < payloads.length; i++) {
    const asked = checkInput(definition, payloads[i]);
    if (asked instanceof Promise) return checkLater(definition, payloads, i + 1, asked);
  }
  return undefined;
}

async function checkLater(definition: TaskDefinition, payloads: readonly unknown[], from: number, asked: Promise<unknown>): Promise<void> {
  await asked;
  for (let i = from; i < payloads.length; i++) await checkInput(definition, payloads[i]);
}
