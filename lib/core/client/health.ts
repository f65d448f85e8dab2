import { randomBytes } from "node:crypto";
import type { Adapter, Health } from "../../contract/adapter.js";
import { StoreError } from "../../contract/errors.js";
import type { QueueInfo } from "../../contract/queues.js";
import type { WorkerRecord } from "../../contract/workers.js";
import type { Clock } from "../clock.js";
import { type Duration, toMs } from "../task/duration.js";
import { describe } from "../log/describe.js";
import { everyItem } from "../pages.js";

/** Whether the store answers and takes writes, and what is on it; or why it does not. */
export type StemHealth =
  | (Health & {
      readonly ok: true;
      /** Name of the adapter. */
      readonly adapter: string;
      /** Workers whose lease is live, and those that lapsed within the last hour. */
      readonly workers: readonly (WorkerRecord & { readonly alive: boolean })[];
      /**
       * Up to 1,000 queues. Stores that keep no counts count up to 1,000 here: what is `capped` has more. See
       * `Stem.queues`.
       */
      readonly queues: readonly QueueInfo[];
    })
  | {
      readonly ok: false;
      readonly adapter: string;
      /** What keeps the store from answering, with the remedy. */
      readonly error: string;
      /** Such as `STEM_STORE_UNREACHABLE`. */
      readonly code?: string;
    };

/** Health is asked every few seconds: it probes how much there is, and counts no backlog. */
const COUNTED_UP_TO = 1_000;

/** See `Stem.health`. */
export async function healthOf(adapter: Adapter, clock: Clock, timeout: Duration | undefined): Promise<StemHealth> {
  const ms = timeout === undefined ? undefined : toMs(timeout, "timeout of health");
  let cancel = (): void => {};
  const late = new Promise<never>((_, fail) => {
    if (ms !== undefined) cancel = clock.after(ms, () => fail(lateError(adapter.name, ms)));
  });
  try {
    const workers = everyItem((page) => adapter.workers.list(page));
    const asked = Promise.all([adapter.ping(), workers, adapter.queues.list({ upTo: COUNTED_UP_TO }), tryWriting(adapter)]);
    const [store, known, { items: queues }] = await Promise.race([asked, late]);
    const now = clock.now();
    return {
      ok: true,
      adapter: adapter.name,
      ...store,
      workers: known.map((worker) => ({ ...worker, alive: worker.leaseUntil > now })),
      queues,
    };
  } catch (error) {
    const code = (error as { readonly code?: unknown } | null)?.code;
    return { ok: false, adapter: adapter.name, error: messageOf(error), ...(typeof code === "string" && { code }) };
  } finally {
    cancel();
  }
}

/** A store whose disk is full, or that has become a replica, answers whoever asks and takes no job. */
async function tryWriting({ locks }: Adapter): Promise<void> {
  const lock = await locks.acquire(`stem.health.${randomBytes(8).toString("hex")}`, "health", 1_000);
  if (lock !== undefined) await locks.release(lock);
}

function lateError(adapter: string, ms: number): StoreError {
  return new StoreError(
    "STEM_STORE_UNREACHABLE",
    `The ${adapter} store has not answered within ${ms} ms.`,
    "Look whether its server runs and can be reached; everything here goes on by itself when it answers.",
  );
}

/** The message alone, where there is one. */
function messageOf(error: unknown): string {
  const message = (error as { readonly message?: unknown } | null)?.message;
  return typeof message === "string" ? message : describe(error);
}
