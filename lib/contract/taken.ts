import { StemError } from "./errors.js";

/** An id that was chosen for a job is that of a stored job of another task. Nothing of the call was stored. */
export class IdTakenError extends StemError {
  readonly jobId: string;
  /** The task that was asked for, and the one whose job has the id. */
  readonly task: string;
  readonly holder: string;

  constructor(jobId: string, task: string, holder: string) {
    super(
      "STEM_ID_TAKEN",
      `The id "${jobId.slice(0, 200)}" was chosen for a job of task "${task}", but a job of task "${holder}" has it.`,
      `Ids are unique over all tasks: put the task into the id, such as "${task}:${jobId.slice(0, 60)}". Nothing of this call was stored.`,
    );
    this.jobId = jobId;
    this.task = task;
    this.holder = holder;
  }
}
