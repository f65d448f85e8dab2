import type { Command } from "commander";
import { type AppOptions, withApp } from "../app.js";
import type { DeadLetter, DeadLetterFilter, Purge } from "../../core/client/job-filters.js";
import { describe } from "../../core/log/describe.js";
import { Exit, EXIT } from "../exit.js";
import { jobsOf, NOTHING_STORED, sayJob, textOf, whyLeft, withContents } from "../letters.js";
import { count, json, paint, progress, say, show, table } from "../print.js";

interface FilterOptions extends AppOptions {
  readonly queue?: string;
  readonly task?: string;
  readonly limit?: string;
  readonly all?: boolean;
  readonly yes?: boolean;
  readonly json?: boolean;
  readonly table?: boolean;
}

/** How many are retried in one call of the store. */
const PAGE = 500;

export function addDlq(program: Command, withAppOptions: (command: Command) => Command): void {
  const dlq = program.command("dlq").description("dead letters: jobs that have used up their attempts, or could not be run");
  const filtered = (command: Command): Command =>
    withAppOptions(command).option("-q, --queue <name>", "only of this queue").option("-t, --task <name>", "only of this task");

  filtered(dlq.command("list"))
    .description("show them, the latest first")
    .option("-l, --limit <n>", "at most this many", "50")
    .option("--json", "as JSON (the default when piped)")
    .option("--table", "as a table (the default on a terminal)")
    .action(async (options: FilterOptions) => {
      const letters = await withApp(options, async ({ stem }) => withContents(stem, await stem.deadLetters.list(filterOf(options))));
      if (show(options).json) return json(letters);
      if (letters.length === 0) return say("No dead letters.");
      table(
        ["ID", "TASK", "QUEUE", "CAUSE", "ATTEMPTS", "DIED", "ERROR", "PAYLOAD"],
        letters.map(({ id, task, queue, cause, attempts, diedAt, error, payload }) => [
          id,
          task,
          queue,
          cause,
          attempts,
          new Date(diedAt).toISOString(),
          error.notRetried === undefined ? describe(error) : `${describe(error)} (not retried: ${error.notRetried})`,
          textOf(payload),
        ]),
      );
    });

  withAppOptions(dlq.command("show"))
    .description("everything that is stored of jobs: payload, headers, times, the whole error")
    .argument("<ids...>", "ids of the jobs")
    .option("--json", "as JSON (the default when piped)")
    .option("--table", "as text (the default on a terminal)")
    .action(async (ids: string[], options: FilterOptions) => {
      const jobs = await withApp(options, ({ stem }) => jobsOf(stem, ids));
      const missing = ids.filter((id) => !jobs.some((job) => job.id === id));
      if (missing.length > 0) process.exitCode = EXIT.no;
      if (show(options).json) return json(jobs);
      for (const job of jobs) sayJob(job);
      for (const id of missing) say(`${id}: ${NOTHING_STORED}`);
    });

  filtered(dlq.command("retry"))
    .description("make dead letters ready again, attempts counted anew; jobs that failed because of them wait for them again")
    .argument("[ids...]", "ids of the jobs")
    .option("--all", "all that match --queue and --task")
    .option("--json", "as JSON")
    .action(async (ids: string[], options: FilterOptions) => {
      demandChoice(ids, options);
      const { retried, left } = await withApp(options, async ({ stem }) => {
        if (ids.length > 0) {
          const named = await stem.deadLetters.retry(ids);
          return {
            retried: named,
            left: await whyLeft(
              stem,
              ids.filter((id) => !named.includes(id)),
            ),
          };
        }
        const moved: string[] = [];
        const bar = progress("Retrying", undefined);
        // Pages go on from the last one seen, so that a job which dies again meanwhile is not retried for
        // ever.
        for (let page: readonly DeadLetter[] = await stem.deadLetters.list({ ...filterOf(options), limit: PAGE }); page.length > 0;) {
          const cursor = page.at(-1)!.id;
          const next = page.length < PAGE ? [] : await stem.deadLetters.list({ ...filterOf(options), limit: PAGE, cursor });
          moved.push(...(await stem.deadLetters.retry(page.map(({ id }) => id))));
          bar.at(moved.length);
          page = next;
        }
        bar.end();
        return { retried: moved, left: [] };
      });
      if (options.json === true) json({ retried, left });
      else {
        say(
          `${retried.length > 0 ? paint("green", "Retried") : "Retried"} ${retried.length} of ${ids.length > 0 ? ids.length : "all matching"} dead letters.`,
        );
        for (const { id, why } of left) say(`  ${id}: ${why}`);
      }
      if (retried.length < Math.max(ids.length, 1)) process.exitCode = EXIT.no;
    });

  filtered(dlq.command("purge"))
    .description("forget dead letters for good")
    .argument("[ids...]", "ids of the jobs")
    .option("--all", "all that match --queue and --task")
    .option("-y, --yes", "do it; without this, nothing is purged")
    .option("--json", "as JSON")
    .action(async (ids: string[], options: FilterOptions) => {
      demandChoice(ids, options);
      const filter = purgeOf(ids, options);
      const purged = await withApp(options, async ({ stem }) => {
        if (options.yes !== true) return undefined;
        return stem.deadLetters.purge(filter);
      });
      if (purged === undefined)
        throw new Exit(EXIT.usage, 'Purged jobs cannot be brought back. Add --yes to do it; look at them first with "stem dlq list".');
      if (options.json === true) json({ purged });
      else say(`Purged ${count(purged, "dead letter")}.`);
      if (purged === 0) process.exitCode = EXIT.no;
    });
}

function purgeOf(ids: readonly string[], { queue, task }: FilterOptions): Purge {
  if (ids.length > 0) return { ids };
  if (queue !== undefined) return { queue, ...(task !== undefined && { task }) };
  return task === undefined ? { all: true } : { task };
}

function demandChoice(ids: readonly string[], options: FilterOptions): void {
  if (ids.length > 0 === (options.all === true || options.queue !== undefined || options.task !== undefined)) {
    throw new Exit(EXIT.usage, "Name the jobs by their ids, or choose them with --all, --queue or --task, but not both.");
  }
}

function filterOf(options: FilterOptions): DeadLetterFilter {
  const limit = Number(options.limit ?? 50);
  if (!(Number.isInteger(limit) && limit >= 1 && limit <= 1_000))
    throw new Exit(EXIT.usage, `--limit is a whole number from 1 to 1000, not "${options.limit}".`);
  return { ...(options.queue !== undefined && { queue: options.queue }), ...(options.task !== undefined && { task: options.task }), limit };
}
