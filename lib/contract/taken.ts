import { StemError } from "./errors.js";

/**
 * An id is that of a stored job of another task: one that was chosen for a job, of whose call nothing was
 * stored, or one that was asked for.
 */
export class IdTakenError extends StemError {
  readonly jobId: string;
  /** The task that was asked for, and the one whose job has the id. */
  readonly task: string;
  readonly holder: string;

  /** @param asked a job of the task was asked for by this id, not stored */
  constructor(jobId: string, task: string, holder: string, asked = false) {
    const id = `"${jobId.slice(0, 200)}"`;
    super(
      "STEM_ID_TAKEN",
      asked
        ? `Job ${id} was asked for as one of task "${task}", but it is of task "${holder}".`
        : `The id ${id} was chosen for a job of task "${task}", but a job of task "${holder}" has it.`,
      asked
        ? `Ask for it by the client of "${holder}", or by stem.handle, which takes a job of any task.`
        : `Ids are unique over all tasks: put the task into the id, such as "${task}:${jobId.slice(0, 60)}". Nothing of this call was stored.`,
    );
    this.jobId = jobId;
    this.task = task;
    this.holder = holder;
  }
}
