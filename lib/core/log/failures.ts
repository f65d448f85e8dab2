import type { Failure } from "../../contract/job.js";
import type { Log } from "../log.js";
import { describe } from "./describe.js";
import type { Repeats } from "./repeats.js";

/** The owner of a failure: the task, and the class and method of its handler if this process has it. */
export interface Owner {
  readonly task: string;
  readonly where?: string | undefined;
}

/**
 * Messages about failed attempts and dead jobs.
 * The first of a kind (task and error) is logged whole, the next thousand are counted.
 */
export class FailureLog {
  readonly #log: Log;
  readonly #repeats: Repeats;

  constructor(log: Log, repeats: Repeats) {
    this.#log = log;
    this.#repeats = repeats;
  }

  /** An attempt failed and another follows. */
  retried(jobId: string, owner: Owner, attempts: string, delayMs: number, error: Failure): void {
    this.#tell("warn", "retried", owner, error, {
      whole: `Attempt ${attempts} of job ${jobId} of ${nameOf(owner)} failed and runs again in ${delayMs} ms: ${describe(error)}`,
      more: "attempts failed the same way and run again",
    });
  }

  /** A job is dead. @param how in words: `after attempt 3 of 3` */
  dead(jobId: string, owner: Owner, how: string, error: Failure): void {
    const final = error.notRetried === undefined ? "" : ` Not retried: ${error.notRetried}.`;
    this.#tell("error", "dead", owner, error, {
      whole: `Job ${jobId} of ${nameOf(owner)} is dead ${how}: ${describe(error)}${final}`,
      more: 'jobs died the same way; see them with "stem dlq list"',
    });
  }

  /** A job ended without having failed itself: its input failed, or its time was over. */
  ended(jobId: string, owner: Owner, how: string, error: Failure): void {
    this.#tell(
      "warn",
      how,
      owner,
      { name: error.name, message: "" },
      {
        whole: `Job ${jobId} of ${nameOf(owner)} ${how}: ${describe(error)}`,
        more: `jobs ${how} as well`,
      },
    );
  }

  #tell(
    level: "warn" | "error",
    what: string,
    owner: Owner,
    error: Failure,
    texts: { readonly whole: string; readonly more: string },
  ): void {
    this.#repeats.tell(
      `${what} ${owner.task} ${kindOf(error)}`,
      () => {
        const stack = placesOf(error.stack);
        if (level === "error") this.#log.error(texts.whole, stack);
        else this.#log.warn(stack === undefined ? texts.whole : `${texts.whole}\n${stack}`);
      },
      (count, ms) => this.#log[level](`${count} more ${texts.more} in ${secondsOf(ms)}: ${nameOf(owner)}, ${shortly(error)}`),
    );
  }
}

function nameOf({ task, where }: Owner): string {
  return where === undefined ? `task "${task}"` : `task "${task}" (${where})`;
}

/** The message without numbers and ids, which differ between failures of the same kind. */
function kindOf({ name, message, code = "" }: Failure): string {
  return `${name} ${code} ${message.slice(0, 200).replaceAll(/[0-9a-f-]*\d[0-9a-f-]*/gi, "#")}`;
}

function shortly({ name, message }: Failure): string {
  const line = message === "" ? name : `${name}: ${message.split("\n", 1)[0]}`;
  return line.length > 200 ? `${line.slice(0, 200)}…` : line;
}

/** The stack without the message before it, which was logged already. */
function placesOf(stack: string | undefined): string | undefined {
  const from = stack === undefined ? -1 : stack.search(/^\s+at /m);
  return from < 0 ? undefined : stack!.slice(from);
}

function secondsOf(ms: number): string {
  return ms < 1_000 ? `${Math.max(1, Math.round(ms))} ms` : `${Math.round(ms / 1_000)} s`;
}
