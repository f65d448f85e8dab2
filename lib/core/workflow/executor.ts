import type { Stem } from "../client/stem.js";
import type { Dice } from "../clock.js";
import { compose, type Handler, type Middleware } from "../middleware/compose.js";
import type { TaskDefinition } from "../task/task.js";
import type { Ended, Executor } from "../worker/execute.js";
import type { RunningJob } from "../worker/running.js";
import { JournalWriter } from "./journal-writer.js";
import { passOver } from "./pass.js";

export interface WorkflowParts {
  readonly stem: Stem;
  /** See `PassParts.storeNow`. */
  readonly storeNow: () => number;
  readonly dice?: Dice;
  /** Around each pass over a body, the first outermost. */
  readonly middleware?: readonly Middleware[];
}

/** Attempts of workflows: passes over runs. One per worker, so that the journals of all its runs are written together. */
export class WorkflowExecutor implements Executor {
  readonly #parts: WorkflowParts;
  readonly #journal: JournalWriter;
  readonly #composed = new WeakMap<TaskDefinition, TaskDefinition>();

  constructor(parts: WorkflowParts) {
    this.#parts = parts;
    this.#journal = new JournalWriter(parts.stem.adapter.journal);
  }

  execute(job: RunningJob, definition: TaskDefinition, ended: Ended): void {
    const { stem, storeNow, dice } = this.#parts;
    void passOver({
      delivery: job.delivery,
      definition: this.#withMiddleware(definition),
      stem,
      journal: this.#journal,
      storeNow,
      signal: job.signal,
      ...(dice !== undefined && { dice }),
    }).then(
      (outcome) => ended(job, outcome),
      // Such as a journal that is damaged.
      (error: unknown) => ended(job, { kind: "threw", error, retryable: true, cause: "error" }),
    );
  }

  #withMiddleware(definition: TaskDefinition): TaskDefinition {
    const { middleware = [] } = this.#parts;
    if (middleware.length === 0) return definition;
    let composed = this.#composed.get(definition);
    if (composed === undefined) {
      composed = { ...definition, run: compose(middleware, definition.run as Handler) };
      this.#composed.set(definition, composed);
    }
    return composed;
  }
}
