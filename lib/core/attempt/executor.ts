import type { TaskDefinition } from "../task/task.js";
import type { Outcome } from "./outcome.js";
import type { RunningJob } from "./running.js";

/** Called exactly once per attempt, perhaps before `execute` returns; must not throw. */
export type Ended = (job: RunningJob, outcome: Outcome) => void;

/** Carries out attempts of one kind of handler. */
export interface Executor {
  /** Never throws. Answers through `ended` rather than a promise: one promise less per job. */
  execute(job: RunningJob, definition: TaskDefinition, ended: Ended): void;
}
