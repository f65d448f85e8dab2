import { isFinal } from "../../contract/job.js";
import { ResultTimeoutError } from "../../contract/errors.js";
import type { JobRecord } from "../../contract/jobs.js";
import type { Clock } from "../clock.js";
import type { TaskRegistry } from "../task/registry.js";

/** Why a job does not end while the clock of a test stands still. Undefined: it runs, or has ended. */
export function standstill(
  record: JobRecord,
  parts: { readonly clock: Clock; readonly registry: TaskRegistry | undefined },
): ResultTimeoutError | undefined {
  const { id, task, queue, state, dueAt } = record;
  if (isFinal(state) || state === "active") return undefined;
  const told = (what: string, hint: string): ResultTimeoutError => new ResultTimeoutError(id, { what: `Job ${id} ${what}`, hint });
  if (state === "blocked")
    return told(`of task "${task}" waits for other jobs, and none of them runs.`, "Call kit.drain(), and look at what it waits for.");
  if (parts.registry !== undefined && parts.registry.get(task) === undefined)
    return told(
      `is ${state}, and no provider here handles its task "${task}".`,
      `Add the class that carries @Task("${task}") to the providers of the testing module.`,
    );
  const waits = dueAt - parts.clock.now();
  if (state === "parked" || waits > 0)
    return told(
      `of task "${task}" ${state === "parked" ? "waits for an event or a signal" : `is due at ${new Date(dueAt).toISOString()}`}, and the clock of the test stands still.`,
      state === "parked"
        ? 'Send it, then call kit.drain(); or let its time pass: kit.drainThrough("1d").'
        : `Let time pass: kit.drainThrough(${waits}).`,
    );
  return told(
    `of task "${task}" in queue "${queue}" is ready; in a test nothing runs by itself.`,
    "Call kit.drain() before you await its result.",
  );
}
