/**
 * `nestjs-stem`: background jobs, canvas, cron and durable workflows as ordinary Nest providers.
 * Every public name is listed here.
 */

// Putting it into an app
export { StemModule } from "./nest/module.js";
export type { StemModuleAsyncOptions } from "./nest/module.js";
export type { StemModuleOptions, StemOptions, StemOptionsFactory } from "./nest/options.js";
export { getRuntimeToken, StemRuntime } from "./nest/runtime.js";
export { getStemToken } from "./nest/tokens.js";
export { memory } from "./adapters/memory/index.js";
export type { MemoryOptions } from "./adapters/memory/index.js";

// Handlers
export { Cron } from "./nest/decorators/cron.js";
export type { CronDecorator, CronOptions } from "./nest/decorators/cron.js";
export { InjectStem } from "./nest/decorators/inject-stem.js";
export { Step } from "./nest/decorators/step.js";
export type { StepDecorator } from "./nest/decorators/step.js";
export { Task } from "./nest/decorators/task.js";
export type { HandlerClassDecorator, HandlerDecorator } from "./nest/decorators/types.js";
export { Workflow } from "./nest/decorators/workflow.js";
export { NonRetryableError, Snooze } from "./core/task/task.js";
export type { JobRetryOptions, RetryOptions, TaskContext, TaskInput, TaskOptions } from "./core/task/task.js";
export type { Schema } from "./core/task/schema.js";
export { currentTask } from "./core/worker/current.js";
export { defineEvent } from "./core/event/event.js";
export type { EventType, PayloadOf } from "./core/event/event.js";
export type { SignalWaitOptions, StepContext, StepOptions, WaitOptions, Winner, WorkflowContext } from "./core/context/workflow.js";
export { defineSignal } from "./core/event/signal.js";
export type { SignalType } from "./core/event/signal.js";
export { currentRun, currentStep } from "./core/workflow/current.js";
export { StepError, WorkflowChangedError } from "./core/workflow/errors.js";
export type { Middleware } from "./core/context/middleware.js";
export type { WorkerOptions } from "./core/worker/options.js";

// Producers
export { createStemClient } from "./core/client/create.js";
export type { StandaloneClient, StandaloneOptions } from "./core/client/create.js";
export { Stem } from "./core/client/stem.js";
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
} from "./core/client/face.js";
export type { Emitted, EmitOptions } from "./core/event/emit.js";
export type { EnqueueOptions, ScheduleOptions, SignatureOptions } from "./core/task/options.js";
export type { Signature } from "./core/canvas/signature.js";
export type { ScheduleInfo, ScheduleList } from "./core/client/schedules.js";
export type { StemHealth } from "./core/client/health.js";
export { taskOf } from "./core/task/ref.js";
export type { InputOf, OutputOf, TaskRef } from "./core/task/ref.js";
export type { Duration } from "./core/task/duration.js";
export type { StemDefinitions } from "./core/schema/json-schema.js";
export type { Codec } from "./core/codec/codec.js";
export type { SignalMap, SignalName } from "./core/telemetry/signals.js";
export type { Adapter } from "./contract/adapter.js";
export type { DeadLetter, DeadLetterFilter, JobFilter, Purge, Removed, RemoveFilter } from "./core/client/job-filters.js";
export type { QueueInfo } from "./contract/queues.js";
export type { Failure, JobState } from "./contract/job.js";
export type { CountFilter, JobRecord, StateCounts } from "./contract/jobs.js";

// Errors
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
} from "./contract/errors.js";
export { IdTakenError } from "./contract/taken.js";
export { StemBootError } from "./nest/boot-error.js";
