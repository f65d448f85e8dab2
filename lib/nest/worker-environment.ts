import { OptionError } from "../contract/errors.js";
import { checkName } from "../core/task/define.js";
import type { WorkerOptions } from "../core/worker/options.js";
import type { StemEnvironment } from "./environment.js";

/** The names of the two settings in errors: where they were given. */
export interface OverrideNames {
  readonly queues: string;
  readonly concurrency: string;
}

const VARIABLES: OverrideNames = { queues: "STEM_QUEUES", concurrency: "environment variable STEM_CONCURRENCY" };

/**
 * The values of `STEM_QUEUES` and `STEM_CONCURRENCY`; they go before the options of the worker.
 * In `"mail,images=4"` a number says how many of the queue's jobs may run here at once.
 *
 * @throws {OptionError} `STEM_OPTION_INVALID`, `STEM_NAME_INVALID`
 */
export function workerOverrides(
  { queues, concurrency }: Pick<StemEnvironment, "queues" | "concurrency">,
  names: OverrideNames = VARIABLES,
): Pick<WorkerOptions, "queues" | "concurrency"> {
  const slots = isSaid(concurrency) ? count(concurrency, names.concurrency, "50") : undefined;
  if (!isSaid(queues)) return slots === undefined ? {} : { concurrency: slots };
  const shares = queues.split(",").map((part) => shareOf(part.trim(), queues, names.queues));
  const someShare = shares.some(([, share]) => share !== undefined);
  return {
    ...(slots !== undefined && { concurrency: slots }),
    // A queue without a number is bounded by the concurrency alone; in a list of shares that is the highest
    // share.
    queues: someShare ? Object.fromEntries(shares.map(([name, share]) => [name, share ?? 10_000])) : shares.map(([name]) => name),
  };
}

function shareOf(part: string, all: string, given: string): readonly [string, number | undefined] {
  const [name = "", ...rest] = part.split("=");
  const share = rest.length === 0 ? undefined : rest.join("=");
  checkName(name, `queue in ${given} ("${all}")`);
  return [name, share === undefined ? undefined : count(share, `share of queue "${name}" in ${given}`, `${name}=4`)];
}

function count(text: string, what: string, example: string): number {
  if (/^\d+$/.test(text.trim()) && Number(text) >= 1) return Number(text);
  throw new OptionError("STEM_OPTION_INVALID", `The ${what} is "${text}".`, `Give a whole number of 1 or more: "${example}".`);
}

function isSaid(text: string | undefined): text is string {
  return text !== undefined && text.trim() !== "";
}
