import { usersHeaders } from "../job/headers.js";
import type { Codec } from "../codec/codec.js";
import type { Definitions } from "../codec/definitions.js";
import { payloadOf } from "../canvas/payload-of.js";
import type { Delivery } from "../../contract/job.js";

/** The data of a job signal. `payload` is the stored text; undefined if the store did not return it. */
export interface ToldJob {
  readonly id: string;
  readonly task: string;
  readonly queue: string;
  readonly payload: string | undefined;
  readonly headers?: Readonly<Record<string, string>>;
  readonly inputs?: Delivery["inputs"];
}

interface Decoders {
  readonly codec: Codec;
  readonly definitions: Definitions;
}

/** A signal about one job. Payload and result are decoded when they are first read. */
class JobTold {
  readonly jobId: string;
  readonly task: string;
  readonly queue: string;
  readonly #job: ToldJob;
  readonly #decoders: Decoders;
  readonly #result: string | undefined;
  #payload: { readonly value: unknown } | undefined;
  #decoded: { readonly value: unknown } | undefined;

  constructor(job: ToldJob, decoders: Decoders, result: string | undefined) {
    this.jobId = job.id;
    this.task = job.task;
    this.queue = job.queue;
    this.#job = job;
    this.#decoders = decoders;
    this.#result = result;
  }

  get headers(): Readonly<Record<string, string>> {
    return usersHeaders(this.#job.headers);
  }

  get payload(): unknown {
    return (this.#payload ??= { value: this.#decodedPayload() }).value;
  }

  get result(): unknown {
    return (this.#decoded ??= { value: this.#decodedResult() }).value;
  }

  /**
   * Undefined if it cannot be read, or would have come from inputs that never came.
   * The listener gets the signal all the same.
   */
  #decodedPayload(): unknown {
    const { codec, definitions } = this.#decoders;
    const { payload, inputs = [] } = this.#job;
    if (payload === undefined) return undefined;
    try {
      return payloadOf({ job: { ...this.#job, payload } as Delivery["job"], inputs }, codec, definitions.input(this.#job.task));
    } catch {
      return undefined;
    }
  }

  #decodedResult(): unknown {
    const { codec, definitions } = this.#decoders;
    if (this.#result === undefined) return undefined;
    try {
      const value = codec.decode(this.#result, "result");
      const shape = definitions.output(this.#job.task);
      return shape === undefined ? value : shape.decode(value);
    } catch {
      return undefined;
    }
  }
}

/** A signal about a job, with more fields. */
export function jobSignal<T extends object>(job: ToldJob, decoders: Decoders, more: T, result?: string): JobTold & T {
  return Object.assign(new JobTold(job, decoders, result), more);
}
