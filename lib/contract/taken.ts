import { StemError } from "./errors.js";

/**
 * An id belongs to a stored job of another task.
 * It was chosen for a new job, and nothing of that call was stored; or it was asked for.
 */
export class IdTakenError extends StemError {
  readonly jobId: string;
  /** The task of the call, and the task whose job has the id. */
  readonly task: string;
  readonly holder: string;

  /** @param asked the id was only asked for; no job was to be stored */
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
