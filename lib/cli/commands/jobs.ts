import type { Command } from "commander";
import type { JobState } from "../../contract/job.js";
import { checkJobFilter, type JobFilter, type Removed, type RemoveFilter } from "../../core/client/job-filters.js";
import { describe } from "../../core/log/describe.js";
import { type AppOptions, withApp } from "../app.js";
import { Exit, EXIT } from "../exit.js";
import { jobsIn, NOTHING_STORED, textOf } from "../letters.js";
import { count, json, say, show, table } from "../print.js";

interface JobsOptions extends AppOptions {
  readonly queue?: string;
  readonly task?: string;
  readonly state?: string;
  readonly group?: string;
  readonly delayed?: boolean;
  readonly cursor?: string;
  readonly limit?: string;
  readonly all?: boolean;
  readonly yes?: boolean;
  readonly json?: boolean;
  readonly table?: boolean;
}

export function addJobs(program: Command, withAppOptions: (command: Command) => Command): void {
  const jobs = program.command("jobs").description("jobs that are stored, in every state");
  const filtered = (command: Command): Command =>
    withAppOptions(command)
      .option("-q, --queue <name>", "only of this queue")
      .option("-t, --task <name>", "only of this task")
      .option("-s, --state <state>", "only in this state: blocked, ready, active, parked, succeeded, failed, cancelled, expired")
      .option("--delayed", "only those that are due later")
      .option("-g, --group <id>", "only of this group of a canvas");

  filtered(jobs.command("list"))
    .description("show them, the latest enqueued first")
    .option("-l, --limit <n>", "at most this many", "50")
    .option("--cursor <id>", "only those enqueued before this job")
    .option("--json", "as JSON (the default when piped)")
    .option("--table", "as a table (the default on a terminal)")
    .action(async (options: JobsOptions) => {
      const filter = { ...filterOf(options), limit: limitOf(options), ...(options.cursor !== undefined && { cursor: options.cursor }) };
      const found = await withApp(options, ({ stem }) => jobsIn(stem, filter));
      if (show(options).json) return json(found);
      if (found.length === 0) return say("No jobs.");
      table(
        ["ID", "TASK", "QUEUE", "STATE", "ATTEMPTS", "ENQUEUED", "DUE", "ENDED", "ERROR", "PAYLOAD"],
        found.map(({ id, task, queue, state, delayed, attempts, enqueuedAt, dueAt, endedAt, error, payload }) => [
          id,
          task,
          queue,
          delayed ? "delayed" : state,
          attempts,
          new Date(enqueuedAt).toISOString(),
          dueAt === enqueuedAt ? "" : new Date(dueAt).toISOString(),
          endedAt === undefined ? "" : new Date(endedAt).toISOString(),
          error === undefined ? "" : describe(error),
          textOf(payload),
        ]),
      );
    });

  filtered(jobs.command("remove"))
    .description("forget jobs that have ended or wait, so that their ids are free; one that waits will not run")
    .argument("[ids...]", "ids of the jobs")
    .option("--all", "all that are stored")
    .option("-y, --yes", "do it; without this, nothing is removed")
    .option("--json", "as JSON")
    .action(async (ids: string[], options: JobsOptions) => {
      const which = chosen(ids, options);
      if (options.yes !== true)
        throw new Exit(EXIT.usage, 'Removed jobs cannot be brought back. Add --yes to do it; look at them first with "stem jobs list".');
      const answers = await withApp(options, ({ stem }) => stem.jobs.remove(which));
      const removed = answers.filter(({ as }) => as === "removed").length;
      if (options.json === true) json(answers);
      else {
        say(`Removed ${ids.length > 0 ? `${removed} of ${count(ids.length, "job")}` : count(removed, "job")}.`);
        for (const answer of answers) if (answer.as !== "removed") say(`  ${answer.id}: ${WHY_LEFT[answer.as]}`);
      }
      if (removed < Math.max(ids.length, 1)) process.exitCode = EXIT.no;
    });
}

const WHY_LEFT: Readonly<Record<Exclude<Removed["as"], "removed">, string>> = {
  running: "it runs. Cancel it first.",
  needed: "an unfinished job waits for it. Remove that too.",
  unknown: NOTHING_STORED,
};

/** @throws {Exit} neither ids nor a filter, or both */
function chosen(ids: readonly string[], options: JobsOptions): readonly string[] | RemoveFilter {
  const filter = filterOf(options);
  const filters = Object.keys(filter).length;
  if (ids.length > 0) {
    if (filters === 0 && options.all !== true) return ids;
  } else if (options.all === true) {
    if (filters === 0) return { all: true };
  } else if (filters > 0) return options.delayed === true ? ({ state: "ready", ...filter } as RemoveFilter) : (filter as RemoveFilter);
  throw new Exit(
    EXIT.usage,
    "Name the jobs by their ids, or choose them with --state, --delayed, --task, --queue or --group, or with --all; but not by two of these ways.",
  );
}

/** @throws {OptionError} there is no such state */
function filterOf({ queue, task, state, group, delayed }: JobsOptions): JobFilter {
  const filter: JobFilter = {
    ...(state !== undefined && { state: state as JobState }),
    ...(delayed === true && { delayed }),
    ...(task !== undefined && { task }),
    ...(queue !== undefined && { queue }),
    ...(group !== undefined && { group }),
  };
  checkJobFilter(filter);
  return filter;
}

function limitOf({ limit }: JobsOptions): number {
  const number = Number(limit);
  if (!(Number.isInteger(number) && number >= 1 && number <= 1_000))
    throw new Exit(EXIT.usage, `--limit is a whole number from 1 to 1000, not "${limit}".`);
  return number;
}
