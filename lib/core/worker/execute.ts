import type { Codec } from "../codec/codec.js";
import type { Definitions } from "../codec/definitions.js";
import { MAX_PAYLOAD_BYTES } from "../codec/payload.js";
import { checkResultSize } from "../codec/size.js";
import { validate } from "../codec/validate.js";
import type { Log } from "../log.js";
import { compose, type Handler, type Middleware } from "../context/middleware.js";
import { Snooze, type TaskDefinition } from "../task/task.js";
import { AttemptContext } from "./context.js";
import { taskStorage } from "./current.js";
import { isWhole, payloadOf } from "../canvas/payload-of.js";
import type { Ended, Executor } from "../attempt/executor.js";
import type { Outcome } from "../attempt/outcome.js";
import { judge } from "../attempt/retryable.js";
import type { RunningJob } from "../attempt/running.js";
import { refusedPayload, rejected, unfit } from "../attempt/unfit.js";

export interface TaskParts {
  readonly codec: Codec;
  readonly definitions: Definitions;
  readonly log: Log;
  readonly middleware: readonly Middleware[];
  readonly maxResultBytes?: number;
}

/**
 * Attempts of tasks.
 * Decode and revive → validate → context → middleware → handler → validate the result → encode. A handler
 * without schemas and middleware gets no extra promise.
 */
export class TaskExecutor implements Executor {
  readonly #codec: Codec;
  readonly #definitions: Definitions;
  readonly #log: Log;
  readonly #middleware: readonly Middleware[];
  readonly #maxResultBytes: number;
  readonly #handlers = new WeakMap<TaskDefinition, Handler>();

  constructor(parts: TaskParts) {
    this.#codec = parts.codec;
    this.#definitions = parts.definitions;
    this.#log = parts.log;
    this.#middleware = parts.middleware;
    this.#maxResultBytes = parts.maxResultBytes ?? MAX_PAYLOAD_BYTES;
  }

  execute(job: RunningJob, definition: TaskDefinition, ended: Ended): void {
    let payload: unknown;
    try {
      const shape = this.#definitions.input(definition.name);
      payload = payloadOf(job.delivery, this.#codec, shape);
      if (shape !== undefined && definition.validate && definition.input === undefined && isWhole(job.delivery))
        shape.check(payload, "payload", nameOf(definition));
    } catch (error) {
      return ended(job, refusedPayload(rejected(error)));
    }
    try {
      if (definition.input !== undefined) payload = validate(definition.input, payload, "payload", nameOf(definition));
    } catch (error) {
      return ended(job, refusedPayload(unfit(error, definition, this.#log)));
    }
    if (definition.input === undefined || !isThenable(payload)) return this.#call(job, definition, payload, ended);
    payload.then(
      (valid) => this.#call(job, definition, valid, ended),
      (error: unknown) => ended(job, refusedPayload(unfit(error, definition, this.#log))),
    );
  }

  #call(job: RunningJob, definition: TaskDefinition, payload: unknown, ended: Ended): void {
    const context = new AttemptContext(job, job.retry.attempts, this.#codec, payload);
    let value: unknown;
    try {
      value = taskStorage.run(context, this.#handlerOf(definition), payload, context as never);
      if (!isThenable(value)) return this.#returned(job, definition, value, ended);
      // Only a promise of this realm is sure to call back once, later and without throwing.
      if (!(value instanceof Promise)) value = Promise.resolve(value);
    } catch (error) {
      return ended(job, this.#threw(definition, error));
    }
    (value as Promise<unknown>).then(
      (result) => this.#returned(job, definition, result, ended),
      (error: unknown) => ended(job, this.#threw(definition, error)),
    );
  }

  #handlerOf(definition: TaskDefinition): Handler {
    if (this.#middleware.length === 0) return definition.run;
    let handler = this.#handlers.get(definition);
    if (handler === undefined) this.#handlers.set(definition, (handler = compose(this.#middleware, definition.run)));
    return handler;
  }

  #returned(job: RunningJob, definition: TaskDefinition, value: unknown, ended: Ended): void {
    if (value === undefined && definition.output === undefined) return ended(job, NOTHING);
    if (value instanceof Snooze) return ended(job, { kind: "snoozed", delayMs: value.delayMs });
    let valid = value;
    try {
      if (definition.output !== undefined) valid = validate(definition.output, value, "result", nameOf(definition));
    } catch (error) {
      return ended(job, unfit(error, definition, this.#log));
    }
    if (definition.output === undefined || !isThenable(valid)) return ended(job, this.#encoded(definition, valid));
    valid.then(
      (result) => ended(job, this.#encoded(definition, result)),
      (error: unknown) => ended(job, unfit(error, definition, this.#log)),
    );
  }

  #encoded(definition: TaskDefinition, value: unknown): Outcome {
    try {
      const shape = this.#definitions.output(definition.name);
      const result = this.#codec.encode(shape === undefined ? value : shape.encode(value), "result");
      checkResultSize(result, this.#maxResultBytes, definition);
      return { kind: "returned", result };
    } catch (error) {
      return rejected(error);
    }
  }

  #threw(definition: TaskDefinition, error: unknown): Outcome {
    return { kind: "threw", error, ...judge(error, definition.retry, definition.name, this.#log), cause: "error" };
  }
}

const NOTHING: Outcome = { kind: "returned", result: undefined };

function nameOf({ kind, name }: TaskDefinition): string {
  return `${kind} "${name}"`;
}

/** @throws the error of a `then` getter */
function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && typeof (value as { then?: unknown }).then === "function";
}
