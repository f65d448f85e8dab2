import type { Command } from "commander";
import { type AppOptions, withApp } from "../app.js";
import { json, show, table } from "../print.js";

export function addTasks(program: Command, withAppOptions: (command: Command) => Command): void {
  withAppOptions(program.command("tasks"))
    .description("list the tasks, workflows and schedules of the app")
    .option("--json", "as JSON (the default when piped)")
    .option("--table", "as a table (the default on a terminal)")
    .action(async (options: AppOptions & { readonly json?: boolean; readonly table?: boolean }) => {
      const { tasks, schedules } = await withApp(options, async ({ registry, schedules: declared }) => ({
        tasks: registry
          .all()
          .map(({ name, kind, queue, priority, retry, timeoutMs, where }) => ({
            name,
            kind,
            queue,
            priority,
            attempts: retry.attempts,
            timeoutMs,
            where,
          }))
          .sort((a, b) => (a.name < b.name ? -1 : 1)),
        schedules: declared.map(({ id, cron, timeZone, task }) => ({ id, cron, timeZone, task })),
      }));
      if (show(options).json) return json({ tasks, schedules });
      table(
        ["NAME", "KIND", "QUEUE", "PRIORITY", "ATTEMPTS", "HANDLER"],
        tasks.map((task) => [task.name, task.kind, task.queue, task.priority, task.attempts, task.where]),
      );
      if (schedules.length === 0) return;
      process.stdout.write("\n");
      table(
        ["SCHEDULE", "CRON", "TIME ZONE", "TASK"],
        schedules.map((schedule) => [schedule.id, schedule.cron, schedule.timeZone, schedule.task]),
      );
    });
}
