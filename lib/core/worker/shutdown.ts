import type { Clock } from "../clock.js";
import type { Log } from "../log.js";
import type { Attempts } from "./attempts.js";
import type { Endings } from "./endings.js";
import type { WorkerLease } from "./lease.js";
import type { Loop } from "./loop.js";
import { describe } from "../log/describe.js";
import type { RunningJobs } from "../attempt/running.js";

export interface ShutdownParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly graceMs: number;
  readonly abortGraceMs: number;
  readonly running: RunningJobs;
  readonly endings: Endings;
  readonly attempts: Attempts;
  readonly loop: Loop;
  readonly lease: WorkerLease;
  /** The start that may still be under way; may reject. */
  readonly starting: Promise<void>;
}

/** The last writes get at least this long, however short the graces are. */
const LAST_WRITES_MS = 1_000;

/**
 * Brings a worker that claims no more to rest, one line of log per phase that has something to do.
 * Jobs that end in any phase are settled at once. Bounded: by the graces for handlers, and for a store that
 * does not answer by both graces together (at least a second), after which leases are left to lapse.
 *
 * @returns how many jobs were handed back
 */
export async function shutDown(parts: ShutdownParts): Promise<number> {
  const { clock, log, graceMs, abortGraceMs, running, endings, attempts, loop, lease } = parts;
  const began = clock.now();
  // With nothing running and nothing to write, there is no need to wait for the store.
  const idle = running.count === 0 && endings.unsettled.length === 0;
  const left = (): number =>
    (idle ? began + LAST_WRITES_MS : Math.max(clock.now() + LAST_WRITES_MS, began + graceMs + abortGraceMs)) - clock.now();
  await within(clock, left(), parts.starting.catch(ignore));

  if (running.count > 0) {
    log.log(`Stopping: waiting up to ${graceMs} ms for ${counted(running.count, "running handler")}.`);
    await within(clock, graceMs, running.emptied());
  }
  if (running.count > 0) {
    log.log(`Stopping: ${counted(running.count, "handler")} still running after ${clock.now() - began} ms.`);
    attempts.abortAll();
    await within(clock, abortGraceMs, running.emptied());
    const stubborn = attempts.releaseAll();
    if (stubborn > 0) {
      log.warn(
        `Stopping: ${counted(stubborn, "handler")} did not stop within ${abortGraceMs} ms of ctx.signal; handed back while still running.`,
      );
    }
  }
  // Endings gather for a turn before the loop takes them.
  const written = await within(clock, left(), loop.quiet());
  if (!written)
    log.warn(
      "Stopping: the store does not answer, or refuses, so that some endings could not be written. Those jobs run again once the lease has lapsed.",
    );
  const adapterClosed = loop.closed;
  loop.close();
  attempts.stop();
  lease.stop();
  if (adapterClosed) return attempts.released;
  await within(
    clock,
    left(),
    lease.leave().catch((error: unknown) => log.warn(`Stopping: could not sign off; the lease will lapse by itself: ${describe(error)}`)),
  );
  log.log(`Stopped after ${clock.now() - began} ms; handed back ${counted(attempts.released, "job")}.`);
  return attempts.released;
}

/** Waits for a promise that does not reject, but no longer than `ms`. @returns whether it settled in time */
async function within(clock: Clock, ms: number, promise: Promise<void>): Promise<boolean> {
  let cancel: () => void = ignore;
  const late = new Promise<false>((resolve) => {
    cancel = clock.after(ms, () => resolve(false));
  });
  const inTime = await Promise.race([promise.then(() => true as const), late]);
  cancel();
  return inTime;
}

function counted(n: number, what: string): string {
  return `${n} ${what}${n === 1 ? "" : "s"}`;
}

function ignore(): void {}
