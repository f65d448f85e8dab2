/** `nestjs-stem/core`: the same without Nest. Every public name is listed here. */

export type { Adapter, Capabilities, Health } from "../contract/adapter.js";
export type { Cancelled, DeadLetter, DeadLetterFilter, DeadLetters, Purge, Removed } from "../contract/broker.js";
export type { QueueInfo } from "../contract/queues.js";
export {
  JobFailedError,
  OptionError,
  PayloadError,
  type PayloadIssue,
  ResultNotKeptError,
  ResultTimeoutError,
  StemError,
  StoreError,
  UnknownJobError,
  UnknownScheduleError,
  UnknownTaskError,
  UnsupportedError,
} from "../contract/errors.js";
export { IdTakenError } from "../contract/taken.js";
export type { Failure, JobState, NewJob } from "../contract/job.js";
export type { CountFilter, JobFilter, JobRecord, RemoveFilter, StateCounts } from "../contract/results.js";
export { Beat } from "./beat/beat.js";
export type { ScheduleDefinition } from "./beat/schedule.js";
export { signatureOf } from "./canvas/signature.js";
export { inputsOf, payloadOf } from "./canvas/payload-of.js";
export type {
  CanvasHandle,
  CanvasOptions,
  ManyOptions,
  OptionsOfEach,
  EventClient,
  GroupHandle,
  JobHandle,
  PayloadArgs,
  RunHandle,
  ScheduleClient,
  Signalled,
  SignalsOf,
  TaskClient,
  WaitForOptions,
  WorkflowClient,
} from "./client/face.js";
export type { Emitted, EmitOptions } from "./event/emit.js";
export type { EnqueueOptions, ScheduleOptions, SignatureOptions } from "./task/options.js";
export type { Signature } from "./canvas/signature.js";
export { createStemClient, type StandaloneClient, type StandaloneOptions } from "./client/create.js";
export { uniqueIds } from "./client/ids.js";
export type { StemParts } from "./client/parts.js";
export type { ScheduleInfo, ScheduleList } from "./client/schedules.js";
export { Stem } from "./client/stem.js";
export { type Clock, type Dice, systemClock } from "./clock.js";
export type { Codec } from "./codec/codec.js";
export { Definitions } from "./codec/definitions.js";
export type { Shape } from "./codec/shape.js";
export { jsonCodec } from "./codec/json.js";
export { decodePayload, encodePayload, MAX_PAYLOAD_BYTES } from "./codec/payload.js";
export { validate } from "./codec/validate.js";
export { type Log, silentLog } from "./log.js";
export type { EventShape, JsonSchema, JsonType, StemDefinitions, StemType, TaskShape } from "./schema/json-schema.js";
export { type JobSignal, type SignalListener, type SignalMap, type SignalName, Signals } from "./telemetry/signals.js";
export { backoffMs } from "./task/backoff.js";
export { checkName, DEFAULT_QUEUE, defineTask, refuseUnknown, retryPolicy } from "./task/define.js";
export { type Duration, toMs } from "./task/duration.js";
export {
  type HandlerClass,
  type InputFor,
  type InputOf,
  markRef,
  type OutputFor,
  type OutputOf,
  refOf,
  type Target,
  taskOf,
  type TaskRef,
} from "./task/ref.js";
export { TaskRegistry } from "./task/registry.js";
export type { Schema, SchemaIssue, SchemaResult } from "./task/schema.js";
export {
  NonRetryableError,
  type JobRetryOptions,
  type RetryOptions,
  type RetryPolicy,
  Snooze,
  type TaskContext,
  type TaskDefinition,
  type TaskInput,
  type TaskOptions,
} from "./task/task.js";
export type { Middleware } from "./context/middleware.js";
export { currentTask } from "./worker/current.js";
export type { WorkerOptions } from "./worker/options.js";
export { Worker, type WorkerParts } from "./worker/worker.js";
export { defineEvent, type EventType, type PayloadOf } from "./event/event.js";
export {
  type SignalWaitOptions,
  type StepContext,
  type StepOptions,
  type WaitOptions,
  type Winner,
  type WorkflowContext,
} from "./context/workflow.js";
export { currentRun, currentStep } from "./workflow/current.js";
export { defineSignal, type SignalType } from "./event/signal.js";
export { StepError, StepTimeoutError, WorkflowChangedError } from "./workflow/errors.js";
