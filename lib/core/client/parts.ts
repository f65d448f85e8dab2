import type { Adapter } from "../../contract/adapter.js";
import type { Clock } from "../clock.js";
import type { Codec } from "../codec/codec.js";
import type { Log } from "../log.js";
import type { Definitions } from "../codec/definitions.js";
import type { Signals } from "../telemetry/signals.js";
import type { TaskRegistry } from "../task/registry.js";

/** The parts of a Stem. */
export interface StemParts {
  /** Open already, or opened before the first call. */
  readonly adapter: Adapter;
  readonly registry: TaskRegistry;
  /** Default `jsonCodec`. */
  readonly codec?: Codec;
  readonly signals?: Signals;
  readonly clock?: Clock;
  /** Makes ids of jobs, canvases and events. Default: unique over processes, sorted by time. */
  readonly ids?: () => string;
  /** Largest payload in bytes of UTF-8. Default 1 MiB. */
  readonly maxPayloadBytes?: number;
  /**
   * The types of generated clients (`StemClient.definitions`).
   * Default: none, so that values travel as JSON.
   */
  readonly definitions?: Definitions;
  readonly log?: Log;
}
