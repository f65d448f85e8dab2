import type { Adapter } from "../contract/adapter.js";
import type { NewJob } from "../contract/job.js";
import type { Clock } from "./clock.js";
import type { Codec } from "./codec/codec.js";
import type { Definitions } from "./codec/definitions.js";
import type { Log } from "./log.js";
import type { EnqueueOptions } from "./task/options.js";
import type { Target } from "./task/ref.js";
import type { TaskRegistry } from "./task/registry.js";
import type { Ends } from "./telemetry/ends.js";
import type { Signals } from "./telemetry/signals.js";

/** What workers, workflows and beats share with the producers of their process: a `Stem`, as they see it. */
export interface Kit {
  readonly adapter: Adapter;
  readonly clock: Clock;
  readonly codec: Codec;
  readonly definitions: Definitions;
  readonly log: Log;
  readonly maxPayloadBytes: number;
  readonly registry: TaskRegistry;
  readonly signals: Signals;
  readonly ends: Ends;
  /** The job that `enqueue` would store, checked and encoded. @throws as `Stem.enqueue` */
  draft(target: Target, payload?: unknown, options?: EnqueueOptions): Promise<NewJob>;
  /** As `draft`, for a payload that `draft` has encoded earlier. */
  draftEncoded(target: Target, payload: string, options?: EnqueueOptions): Promise<NewJob>;
}
