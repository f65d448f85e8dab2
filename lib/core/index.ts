/** `nestjs-stem/core`: the same without Nest. Every public name is listed here. */

export type { Adapter } from "../contract/adapter.js";
export type { Cancelled, DeadLetter, DeadLetterFilter, JobFilter, Purge, Removed, RemoveFilter } from "./client/job-filters.js";
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
export type { Failure, JobState } from "../contract/job.js";
export type { CountFilter, JobRecord, StateCounts } from "../contract/jobs.js";
export { Beat } from "./beat/beat.js";
export type { ScheduleDefinition } from "./beat/schedule.js";
export type {
  CanvasHandle,
  CanvasOptions,
  ManyOptions,
  EventClient,
  GroupHandle,
  JobHandle,
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
export type { StemParts } from "./client/parts.js";
export type { ScheduleInfo, ScheduleList } from "./client/schedules.js";
export { Stem } from "./client/stem.js";
export { type Clock, systemClock } from "./clock.js";
export type { Codec } from "./codec/codec.js";
export { Definitions } from "./codec/definitions.js";
export { jsonCodec } from "./codec/json.js";
export type { Log } from "./log.js";
export type { StemDefinitions } from "./schema/json-schema.js";
export { type JobSignal, type SignalMap, type SignalName, Signals } from "./telemetry/signals.js";
export { defineTask } from "./task/define.js";
export type { Duration } from "./task/duration.js";
export { type InputOf, type OutputOf, taskOf, type TaskRef } from "./task/ref.js";
export { TaskRegistry } from "./task/registry.js";
export type { Schema } from "./task/schema.js";
export {
  NonRetryableError,
  type JobRetryOptions,
  type RetryOptions,
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
