import type { TaskRegistry } from "../core/task/registry.js";
import { isScheduledOnly } from "./explore/schedules.js";

/**
 * What an app has, counted as "stem generate" counts it.
 * A method that is only scheduled is a schedule and not a task.
 */
export function countsText(registry: TaskRegistry, schedules: readonly unknown[]): string {
  const handlers = registry.all().filter((task) => !isScheduledOnly(task));
  const workflows = handlers.filter(({ kind }) => kind === "workflow").length;
  return `${plural(handlers.length - workflows, "task")}, ${plural(workflows, "workflow")} and ${plural(schedules.length, "schedule")}`;
}

export function plural(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}
