import type { Adapter } from "./adapter.js";
import type { Along, NewCancel } from "./along.js";
import { checkNewLife } from "./check.js";
import type { NewEvent } from "./events.js";
import { OptionError } from "./errors.js";
import {
  checkChange,
  checkCountFilter,
  checkFields,
  checkJobFilter,
  checkPageFilter,
  checkQueueChange,
  checkQueueFilter,
  checkWhich,
} from "./filters.js";
import { checkDue, checkPutFrom, checkScheduleChanges, checkScheduleFilter, checkSchedules, checkShots } from "./schedule-filters.js";
import type { EventWait } from "./job.js";
import type { Extra, JobFilter } from "./jobs.js";
import type { NewEntry, Rewrite } from "./journal.js";
import type { Note } from "./note.js";
import { shown } from "./options.js";
import { checkText, LONGEST } from "./text.js";

/** The checks of each verb before it does anything, by part of the adapter. */
type Checks = {
  readonly [P in Part]?: { readonly [V in Verb<Adapter[P]>]?: (...args: Parameters<Extract<Adapter[P][V], Callable>>) => void };
};
type Part = "broker" | "jobs" | "queues" | "journal" | "events" | "schedules" | "locks" | "workers";
type Callable = (...args: never[]) => unknown;
type Verb<T> = { [K in keyof T]: T[K] extends Callable ? K : never }[keyof T];

/**
 * Makes every verb refuse texts that cannot be keys, and filters that are not understood.
 * Such texts are those that some store would change (half a surrogate pair, U+0000), those that are too
 * long, and values that are not strings; for filters see `filters.ts`. A verb refuses before it does
 * anything. Every adapter passes itself through it once, so that all refuse alike; the texts of new jobs are
 * for `checkJobs`.
 *
 * @returns the adapter given. Its verbs reject with `STEM_OPTION_INVALID`
 */
export function guardTexts<A extends Adapter>(adapter: A): A {
  for (const [part, checks] of Object.entries(CHECKS)) guard(adapter[part as Part], checks);
  return adapter;
}

function guard(part: object, checks: object): void {
  const verbs = part as Record<string, (...args: unknown[]) => Promise<unknown>>;
  for (const [verb, check] of Object.entries(checks as Record<string, (...args: unknown[]) => void>)) {
    const carryOut = verbs[verb]!.bind(part);
    verbs[verb] = (...args) => {
      try {
        check(...args);
      } catch (error) {
        return Promise.reject(error as Error);
      }
      return carryOut(...args);
    };
  }
}

const CHECKS: Checks = {
  broker: {
    claim: (request) => checkClaim(request),
    settle(settlements, next) {
      for (const settlement of settlements) {
        if (settlement.as === "parked") checkWaits(settlement.waits, settlement.lease.jobId);
        if (settlement.as === "anew") checkNewLife(settlement.lease.jobId, settlement);
        checkTextsAlong(settlement, settlement.lease.jobId);
      }
      if (next !== undefined) checkClaim(next);
    },
  },
  queues: {
    list(filter) {
      checkQueueFilter(filter);
      if (filter?.names !== undefined) checkAll(filter.names, "The name of a queue to list");
      if (filter?.from !== undefined) checkText(filter.from, "The `from` of the queues asked for");
    },
    change(names, change) {
      checkQueueChange(change);
      checkAll(names, `The name of a queue to ${change.paused ? "pause" : "resume"}`);
    },
  },
  jobs: {
    get(ids, options) {
      checkIds(ids, "a job to look up");
      if (options?.with !== undefined) checkExtras(options.with);
    },
    list(filter) {
      checkJobFilter(filter);
      checkFilter(filter, "jobs");
    },
    count(filter) {
      checkCountFilter(filter);
      checkFilter(filter, "jobs");
    },
    change(which, change) {
      checkWhich(which);
      checkFilter(which as JobFilter, "jobs to change");
      checkChange(change);
    },
  },
  journal: {
    read(reads) {
      for (const read of reads) checkFields(read, JOURNAL_READ, "of what to read of a journal");
      checkIds(reads.map(idOf), "a run whose journal is to be read");
    },
    append(writes) {
      for (const write of writes) checkTextsAlong(write, write.lease.jobId);
    },
    rewrite: (runId, rewrite) => checkRewrite(runId, rewrite),
  },
  events: {
    emit: (events) => checkEvents(events),
    list({ name, key }) {
      checkText(name, "The name of the events to list");
      if (key !== undefined) checkText(key, `The key of the events "${name}" to list`, LONGEST.eventKey, 0);
    },
  },
  schedules: {
    put(schedules, from) {
      checkSchedules(schedules);
      checkPutFrom(from);
    },
    due(owners, limit, options) {
      checkDue(limit);
      checkAll(owners, "The owner of schedules to fire");
      if (options?.only !== undefined) checkIds(options.only, "a schedule");
    },
    fire: (shots) => checkShots(shots),
    list(filter) {
      checkScheduleFilter(filter);
      if (filter?.ids !== undefined) checkIds(filter.ids, "a schedule to look up");
      if (filter?.owner !== undefined) checkText(filter.owner, "The owner of the schedules asked for", LONGEST.id, 0);
      if (filter?.from !== undefined) checkText(filter.from, "The `from` of the schedules asked for");
    },
    change: (changes) => checkScheduleChanges(changes),
  },
  locks: {
    acquire: (name, owner) => checkLock(name, owner),
    renew: ({ name, owner }) => checkLock(name, owner),
    release: ({ name, owner }) => checkLock(name, owner),
  },
  workers: {
    renew({ id, heard = 0 }) {
      checkText(id, "The id of a worker", LONGEST.worker);
      if (Number.isSafeInteger(heard) && heard >= 0) return;
      throw new OptionError(
        "STEM_OPTION_INVALID",
        `The number of the last order that worker ${id} has heard is ${shown(heard)}.`,
        "Give the number of an order, as a renewal answered it.",
      );
    },
    list: (filter) => checkPageFilter(filter, "of a page of workers"),
    leave: (id) => checkText(id, "The id of a worker", LONGEST.worker),
    order(ids, text) {
      if (ids !== "all") checkAll(ids, "The id of a worker to order", LONGEST.worker);
      checkText(text, "The text of an order", LONGEST.order);
    },
  },
};

const REWRITE = { keepTo: "whole", entries: "list" } as const;
const NOTE = { state: "text", log: "texts" } as const satisfies Readonly<Record<keyof Note, string>>;
const JOURNAL_READ = { id: "text", after: "whole" } as const;

/** The column of Postgres has 32 bits. */
const HIGHEST_ENTRY = 2 ** 31 - 1;

const idOf = ({ id }: { readonly id: string }): string => id;

function checkIds(ids: readonly string[], of: string): void {
  checkAll(ids, `The id of ${of}`);
}

function checkAll(texts: readonly string[], what: string, most?: number): void {
  if (!Array.isArray(texts)) checkText(undefined, what, most);
  for (const text of texts) checkText(text, what, most);
}

function checkExtras(extras: readonly Extra[]): void {
  const known = Array.isArray(extras) && extras.every((extra) => extra === "note");
  if (!known)
    throw new OptionError("STEM_OPTION_INVALID", `What to read with the records of jobs is ${shown(extras)}.`, 'Give a list of: "note".');
}

function checkClaim({ worker, from }: Parameters<Adapter["broker"]["claim"]>[0]): void {
  checkText(worker, "The id of a worker", LONGEST.worker);
  for (const { queue } of from) checkText(queue, "The name of a queue to claim from");
}

function checkFilter(filter: JobFilter | undefined, of: string): void {
  for (const field of ["queue", "task", "group", "cursor"] as const) {
    const text = filter?.[field];
    if (text !== undefined) checkText(text, `The ${field} of the ${of} asked for`);
  }
  if (filter?.ids !== undefined) checkIds(filter.ids, `the ${of} asked for`);
}

function checkWaits(waits: readonly EventWait[], runId: string): void {
  for (const { name, key } of waits) {
    checkText(name, `The name of an event that run ${runId} waits for`);
    checkText(key, `The key of event "${name}" that run ${runId} waits for`, LONGEST.eventKey, 0);
  }
}

function checkEntries(entries: readonly NewEntry[], runId: string): void {
  for (const { seq, key, value } of entries) {
    checkText(key, `The key of a journal entry of run ${runId}`, LONGEST.entry, 0);
    if (!(Number.isInteger(seq) && seq >= 1 && seq <= HIGHEST_ENTRY))
      refuseEntry(runId, key, `has the number ${shown(seq)}`, `Number the entries from 1 to ${HIGHEST_ENTRY} at most.`);
    if (value !== undefined && typeof value !== "string")
      refuseEntry(runId, key, `has the value ${shown(value)}`, "Give a string, or leave the value out.");
  }
}

function refuseEntry(runId: string, key: string, what: string, remedy: string): never {
  throw new OptionError("STEM_OPTION_INVALID", `The journal entry "${key}" of run ${runId} ${what}.`, remedy);
}

function checkRewrite(runId: string, rewrite: Rewrite): void {
  const of = "of a rewrite of a journal";
  checkText(runId, "The id of a run whose journal is to be rewritten");
  checkFields(rewrite, REWRITE, of);
  const { keepTo, entries = [] } = rewrite;
  if (keepTo === undefined) throw new OptionError("STEM_OPTION_INVALID", `The keepTo ${of} is missing.`, "Give 0 to keep nothing.");
  checkEntries(entries, runId);
  for (const [i, { seq }] of entries.entries())
    if (seq !== keepTo + 1 + i)
      throw new OptionError(
        "STEM_OPTION_INVALID",
        `Entry ${i + 1} ${of} has the number ${shown(seq)}.`,
        `Number the entries from ${keepTo + 1} on, without gaps.`,
      );
}

/** The texts of all that travels along, but for those of jobs. */
function checkTextsAlong({ journal, note, emit, cancel }: Along, runId: string): void {
  if (journal !== undefined) checkEntries(journal, runId);
  if (note !== undefined) checkNote(note, runId);
  if (emit !== undefined) checkEvents(emit);
  if (cancel !== undefined) checkCancels(cancel);
}

function checkNote(note: Note, id: string): void {
  checkFields(note, NOTE, `of a note of job ${id}`);
  if (note.state !== undefined) checkText(note.state, `The state that job ${id} notes`, LONGEST.state, 0);
  for (const line of note.log ?? []) checkText(line, `A line of the log of job ${id}`, LONGEST.line, 0);
}

function checkEvents(events: readonly NewEvent[]): void {
  for (const { id, name, key } of events) {
    checkText(name, "The name of an event");
    checkText(id, `The id of event "${name}"`, LONGEST.eventId);
    checkText(key, `The key of event "${name}"`, LONGEST.eventKey, 0);
  }
}

function checkCancels(cancels: readonly NewCancel[]): void {
  for (const { id, reason } of cancels) {
    checkText(id, "The id of a job to cancel");
    checkText(reason, "The reason of a cancel", LONGEST.reason, 0);
  }
}

function checkLock(name: string, owner: string): void {
  checkText(name, "The name of a lock");
  checkText(owner, `The owner of lock "${name}"`, LONGEST.worker);
}
