import { existsSync, readFileSync } from "node:fs";
import { Command, CommanderError } from "commander";
import { keepAlive } from "../core/timers.js";
import { messageOf } from "./app.js";
import { addDlq } from "./commands/dlq.js";
import { addDoctor } from "./commands/doctor.js";
import { addGenerate } from "./commands/generate.js";
import { addHealth } from "./commands/health.js";
import { addJobs } from "./commands/jobs.js";
import { addSchema } from "./commands/schema.js";
import { addTasks } from "./commands/tasks.js";
import { addWork } from "./commands/work.js";
import { Exit, EXIT } from "./exit.js";
import { paint } from "./print.js";

/** The whole command line. */
export function program(): Command {
  const stem = new Command("stem")
    .description("Background jobs, canvas, cron and durable workflows for NestJS")
    .version(version())
    .showSuggestionAfterError()
    .showHelpAfterError("(add --help for the options)")
    .exitOverride();
  const withAppOptions = (command: Command): Command =>
    command
      .option("-a, --app <file#Class>", "the app's built root module, such as dist/app.module.js#AppModule")
      .option("--config <file>", "a config file (default: stem.config.js, .mjs or .cjs)")
      .option("--instance <name>", "the named instance of Stem, if the app has several");
  addGenerate(stem);
  addWork(stem, withAppOptions);
  addTasks(stem, withAppOptions);
  addJobs(stem, withAppOptions);
  addDlq(stem, withAppOptions);
  addHealth(stem, withAppOptions);
  addDoctor(stem, withAppOptions);
  addSchema(stem, withAppOptions);
  for (const command of [stem, ...stem.commands, ...stem.commands.flatMap((one) => one.commands)]) {
    command.exitOverride();
    // Errors begin as all others of this command.
    command.configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, `${paint("red", "stem:")} `)) });
  }
  return stem;
}

/** Runs one command line and returns the exit code of the process. Never throws. */
export async function runProgram(args: readonly string[]): Promise<number> {
  // Only its end ends a command; it may have no timer that keeps the process alive.
  const letGo = keepAlive();
  try {
    await program().parseAsync(args, { from: "user" });
    return Number(process.exitCode ?? EXIT.ok);
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    process.stderr.write(`${paint("red", "stem:")} ${messageOf(error)}\n`);
    return error instanceof Exit ? error.code : codeOf(error);
  } finally {
    letGo();
  }
}

function codeOf(error: unknown): number {
  const code = typeof error === "object" && error !== null && "code" in error ? String(error.code) : "";
  return /^STEM_(PROJECT|OUT|OPTION|MANIFEST|GIT|CODEGEN_CONFIG)/.test(code) ? EXIT.usage : EXIT.unusable;
}

function version(): string {
  // From dist/lib/cli, or from the sources in lib/cli.
  const file = ["../../../package.json", "../../package.json"]
    .map((path) => new URL(path, import.meta.url))
    .find((url) => existsSync(url))!;
  return (JSON.parse(readFileSync(file, "utf8")) as { readonly version: string }).version;
}
