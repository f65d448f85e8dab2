import type { Command } from "commander";
import { type AppOptions, messageOf, openApp } from "../app.js";
import { workerOverrides } from "../../nest/worker-environment.js";
import { Exit, EXIT } from "../exit.js";
import { leave } from "../leave.js";
import { say } from "../print.js";

interface WorkOptions extends AppOptions {
  readonly queues?: string;
  readonly concurrency?: string;
  readonly beat?: boolean;
}

export function addWork(program: Command, withAppOptions: (command: Command) => Command): void {
  withAppOptions(program.command("worker"))
    .description("run a worker until it is asked to stop (SIGTERM or SIGINT: finishes what runs; a second SIGINT: at once)")
    .option("-q, --queues <list>", 'queues to serve, with shares if wanted: "mail,images=4" (default: as the app says)')
    .option("-c, --concurrency <n>", "how many jobs may run at once (default: as the app says)")
    .option("--beat", "fire schedules too")
    .action(async ({ queues, concurrency, beat, ...app }: WorkOptions) => {
      checkOverrides(queues, concurrency);
      if (queues !== undefined) process.env["STEM_QUEUES"] = queues;
      if (concurrency !== undefined) process.env["STEM_CONCURRENCY"] = concurrency;
      await run(app, beat === true ? "worker,beat" : "worker");
    });
  withAppOptions(program.command("beat"))
    .description("fire the schedules of the app until asked to stop; any number of beats may run")
    .action(async (app: AppOptions) => run(app, "beat"));
}

/** Before the app boots, and in the words of the command line. */
function checkOverrides(queues: string | undefined, concurrency: string | undefined): void {
  try {
    workerOverrides({ queues, concurrency }, { queues: "--queues", concurrency: "--concurrency" });
  } catch (error) {
    throw new Exit(EXIT.usage, messageOf(error));
  }
}

async function run(app: AppOptions, role: string): Promise<void> {
  // Listens from the start, so that a stop while the app boots is not lost either.
  const asked = untilAskedToStop();
  const { ConsoleLogger } = await import("@nestjs/common");
  const { context, stem } = await openApp(app, role, new ConsoleLogger());
  if (stem.worker === undefined && stem.beat === undefined) {
    await context.close();
    throw new Exit(EXIT.unusable, "The app has no tasks: add a class with @Task or @Workflow to a module's providers.");
  }
  // The app itself logs the queues of its worker and the number of its beat's schedules.
  if (stem.beat !== undefined && stem.schedules.length === 0) say("Beat fires no schedule of the app, only those made at run time");
  process.once("exit", endUnasked);
  await asked;
  process.off("exit", endUnasked);
  await context.close();
}

/**
 * A handler that calls `process.exit(0)` must not look like a worker that has finished.
 * Supervisors would not start another.
 */
function endUnasked(code: number): void {
  process.stderr.write(
    `stem: The process was ended from within (exit code ${code}), not by a signal to it; what it held runs again when its lease has lapsed.\n`,
  );
  if (code === 0) process.exitCode = EXIT.unusable;
}

const LAST_WORDS_MS = 250;

/** SIGTERM or SIGINT; a second SIGINT ends the process at once. */
function untilAskedToStop(): Promise<void> {
  return new Promise((stop) => {
    process.once("SIGTERM", () => stop());
    process.once("SIGINT", () => {
      process.once("SIGINT", () => {
        // At once, but for a moment to write out the last lines.
        setTimeout(() => process.exit(EXIT.interrupted), LAST_WORDS_MS);
        void leave(EXIT.interrupted);
      });
      stop();
    });
  });
}
