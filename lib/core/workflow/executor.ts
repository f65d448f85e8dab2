import type { Kit } from "../kit.js";
import type { Dice } from "../clock.js";
import { compose, type Handler, type Middleware } from "../context/middleware.js";
import type { TaskDefinition } from "../task/task.js";
import type { Ended, Executor } from "../attempt/executor.js";
import type { RunningJob } from "../attempt/running.js";
import { EventReader } from "./inbox.js";
import { JournalWriter } from "./journal-writer.js";
import { passOver } from "./pass.js";

const LONGEST_PATIENCE_MS = 60_000;
const REMEMBERED = 1_000;

export interface WorkflowParts {
  readonly stem: Kit;
  /** See `PassParts.storeNow`. */
  readonly storeNow: () => number;
  readonly dice?: Dice;
  /** Around each pass over a body, the first outermost. */
  readonly middleware?: readonly Middleware[];
}

/**
 * Attempts of workflows: passes over runs.
 * One per worker, so that the journals of all its runs are written together.
 */
export class WorkflowExecutor implements Executor {
  readonly #parts: WorkflowParts;
  readonly #journal: JournalWriter;
  readonly #events: EventReader;
  /** Runs whose body did not ask for what it did before, and how long it may do so the next time. */
  readonly #patience = new Map<string, number>();
  readonly #composed = new WeakMap<TaskDefinition, TaskDefinition>();

  constructor(parts: WorkflowParts) {
    this.#parts = parts;
    this.#journal = new JournalWriter(parts.stem.adapter.journal);
    this.#events = new EventReader(parts.stem.adapter.events);
  }

  execute(job: RunningJob, definition: TaskDefinition, ended: Ended): void {
    const { stem, storeNow, dice } = this.#parts;
    const { id } = job.delivery.job;
    const patienceMs = this.#patience.get(id);
    void passOver({
      delivery: job.delivery,
      definition: this.#withMiddleware(definition),
      stem,
      journal: this.#journal,
      events: this.#events,
      storeNow,
      signal: job.signal,
      ...(dice !== undefined && { dice }),
      ...(patienceMs !== undefined && { patienceMs }),
    }).then(
      (outcome) => {
        if (outcome.kind === "refused" && outcome.patienceMs !== undefined) this.#wasSilent(id, outcome.patienceMs);
        else if (patienceMs !== undefined) this.#patience.delete(id);
        ended(job, outcome);
      },
      // Such as a damaged journal.
      (error: unknown) => ended(job, { kind: "threw", error, retryable: true, cause: "error" }),
    );
  }

  /** A body that waits long for something outside the journal gets longer each time. */
  #wasSilent(runId: string, ms: number): void {
    this.#patience.delete(runId);
    if (this.#patience.size >= REMEMBERED) this.#patience.delete(this.#patience.keys().next().value!);
    this.#patience.set(runId, Math.min(ms * 4, LONGEST_PATIENCE_MS));
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
