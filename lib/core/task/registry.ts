import { StemError, UnknownTaskError } from "../../contract/errors.js";
import type { TaskDefinition } from "./task.js";

/** The tasks and workflows this process has handlers for, by name. */
export class TaskRegistry {
  readonly #byName = new Map<string, TaskDefinition>();

  /** @throws {StemError} `STEM_DUPLICATE_TASK` when the name is taken, naming both places */
  add(task: TaskDefinition): void {
    const other = this.#byName.get(task.name);
    if (other !== undefined) {
      throw new StemError(
        "STEM_DUPLICATE_TASK",
        `Two handlers are called "${task.name}": ${other.where} and ${task.where}.`,
        "Give one of them another name. A class that extends a task is that task, too, unless it has an @Task of its own.",
      );
    }
    this.#byName.set(task.name, task);
  }

  get(name: string): TaskDefinition | undefined {
    return this.#byName.get(name);
  }

  /** @throws {UnknownTaskError} */
  need(name: string): TaskDefinition {
    const task = this.#byName.get(name);
    if (task === undefined) throw new UnknownTaskError(name, this.names());
    return task;
  }

  names(): readonly string[] {
    return [...this.#byName.keys()];
  }

  all(): readonly TaskDefinition[] {
    return [...this.#byName.values()];
  }

  /** Queues of all tasks, sorted. */
  queues(): readonly string[] {
    return [...new Set(this.all().map((task) => task.queue))].sort();
  }
}
