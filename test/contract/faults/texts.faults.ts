import type { Adapter, Failure } from "../../../lib/contract/index.js";
import {
  but,
  endingsAs,
  inBroker,
  inChanges,
  inJournal,
  inEvents,
  inLocks,
  inQueues,
  inJobs,
  inSchedules,
  inWorkers,
  jobsAs,
  both,
} from "./fault.js";
import type { Fault, Faults } from "./fault.js";

/**
 * Every text within becomes what storage as UTF-8 would make of it; what is no text or too long, one that
 * passes.
 */
function mended<T>(value: T): T {
  if (typeof value === "string") return (value === "" ? "empty" : value.toWellFormed().replaceAll("\0", "").slice(0, 200)) as T;
  if (Array.isArray(value)) return value.map((item: unknown) => (item === undefined || item === null ? "none" : mended(item))) as T;
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, of]) => [key, mended(of)])) as T;
}

/** Verbs that carry on with a mended text where they should refuse. */
const mends =
  <Part>(...verbs: readonly (keyof Part & string)[]) =>
  (sound: Part): Partial<Part> =>
    Object.fromEntries(
      verbs.map((verb) => [
        verb,
        (...args: unknown[]) => (sound[verb] as (...args: unknown[]) => unknown)(...args.map((arg) => mended(arg))),
      ]),
    ) as Partial<Part>;

const cutTo =
  (most: number) =>
  (text: string): string =>
    text.slice(0, most);

const errorsAs = (change: (error: Failure) => Failure): Fault =>
  endingsAs((ending) => ("error" in ending && ending.error !== undefined ? { ...ending, error: change(ending.error) } : ending));

export const textFaults: Faults = {
  "texts of jobs are stored as UTF-8": jobsAs(mended),
  "ids are cut at a hundred characters": jobsAs((job) => but(job, { id: cutTo(100)(job.id) })),
  "jobs are looked for by mended ids": both(
    inJobs(mends<Adapter["jobs"]>("get", "list", "count", "change")),
    inJournal(mends<Adapter["journal"]>("read")),
  ),
  "queues are looked for by mended names": both(
    inBroker(mends<Adapter["broker"]>("claim")),
    inQueues(mends<Adapter["queues"]>("list", "change")),
  ),
  "texts of events are stored as UTF-8": inEvents(mends<Adapter["events"]>("emit", "list")),
  "keys of events are cut at 255 characters": inEvents(({ emit }) => ({
    emit: (events, options) =>
      emit(
        events.map((event) => ({ ...event, key: cutTo(255)(event.key) })),
        options,
      ),
  })),
  "texts of runs are stored as UTF-8": both(inJournal(mends<Adapter["journal"]>("append")), inBroker(mends<Adapter["broker"]>("settle"))),
  "ids of schedules are stored as UTF-8": inSchedules(mends<Adapter["schedules"]>("put", "list", "due", "fire", "change")),
  "names of locks and workers are stored as UTF-8": both(
    inLocks(mends<Adapter["locks"]>("acquire", "renew", "release")),
    inWorkers(mends<Adapter["workers"]>("renew", "leave", "order")),
  ),
  "errors lose the character U+0000": errorsAs((error) => ({ ...error, message: error.message.replaceAll("\0", "") })),
  "reasons are stored as UTF-8": inChanges(({ cancel }) => ({ cancel: (ids, reason, options) => cancel(ids, mended(reason), options) })),
};
