import { OptionError } from "../../contract/errors.js";
import type { Unique } from "../../contract/job.js";
import { shown } from "../../contract/options.js";
import { checkText } from "../../contract/text.js";
import { checkHeaders } from "../job/headers.js";
import { type Duration, toMs } from "./duration.js";
import { checkName } from "./name.js";
import { retryHeader } from "./retry-header.js";
import { retryPolicy } from "./retry.js";
import type { Schema } from "./schema.js";
import type { JobRetryOptions, TaskOptions } from "./task.js";

/** How one job is to be enqueued. Options that are left out come from the task. */
export interface EnqueueOptions {
  /**
   * Chosen by you, so that enqueueing twice is harmless; 1 to 200 characters. Default: a new unique id.
   * It stands for one job as long as its record is kept, over all tasks: the id of another task's job is
   * refused (`STEM_ID_TAKEN`). See docs/ids.md.
   */
  readonly id?: string;
  /**
   * `true`: a job of this id that has ended is forgotten and this one stored in its place, in one step.
   * One that waits or runs, or is still needed as an input, is a duplicate as without it.
   */
  readonly again?: boolean;
  /**
   * A key that at most one job of its queue holds. While it is held, this job is not stored:
   * `{ key: "tenant-7", until: "ended", whenHeld: "keep" }` leaves the other one as it is; `"replace"` gives
   * it the payload, headers and times of this one, and `"postpone"` puts it off (both with `until:
   * "started"`). The handle is then that of the other job, and says so by its `as`. See docs/unique.md.
   */
  readonly unique?: Unique;
  readonly queue?: string;
  readonly priority?: number;
  /** Start no sooner than this from now, on the store's clock. Excludes `at`. */
  readonly delay?: Duration;
  /** Start no sooner than this moment. Excludes `delay`. */
  readonly at?: Date;
  /** If it has not started within this from now, it ends `expired`. */
  readonly expiresIn?: Duration;
  readonly keepResult?: Duration;
  readonly keepFailed?: Duration;
  /**
   * How this job is retried, in place of its task's options: `{ attempts: 8, base: "5s" }`, or a number.
   * The number is that of attempts; 1 means no retry. Options that are left out come from the task. They stay
   * with the job, also when it is retried as a dead letter; for a workflow they are for the run, not for its
   * steps. Workers before 0.2 do not know them and go by the task.
   */
  readonly retry?: number | JobRetryOptions;
  /**
   * Small facts that travel beside the payload, up to 8 KiB in all.
   * Names that begin with `stem-` are reserved.
   */
  readonly headers?: Readonly<Record<string, string>>;
  /** Your transaction on the same store, for adapters whose `capabilities.transactions` is true. */
  readonly transaction?: unknown;
}

/** How the jobs of a schedule are enqueued, and its time zone. */
export interface ScheduleOptions extends Pick<
  EnqueueOptions,
  "queue" | "priority" | "expiresIn" | "keepResult" | "keepFailed" | "retry" | "headers"
> {
  /** IANA name, such as `"Europe/Berlin"`. Default `"UTC"`. */
  readonly timeZone?: string;
}

/**
 * Options of one signature. `id` and `transaction` belong to the canvas.
 * Its jobs are stored together, and their ids are made of the canvas's id.
 */
export type SignatureOptions = Omit<EnqueueOptions, "id" | "again" | "unique" | "transaction"> & {
  /**
   * What happens to the jobs that wait for this one if it does not succeed.
   * They end too (`"fail"`, default), or they run and find the failure in `ctx.inputs`.
   */
  readonly onFailure?: "fail" | "continue";
};

/** The defaults of a client's task, for a process that does not have the handler. */
export interface ClientDefaults {
  readonly queue?: string;
  readonly priority?: number;
  /** How long the record of a success is kept. */
  readonly keepResult?: Duration;
  /** How long the record of any other end is kept. */
  readonly keepFailed?: Duration;
}

type All = EnqueueOptions & SignatureOptions & ScheduleOptions & Omit<TaskOptions, keyof EnqueueOptions>;
type Holds<K, Where> = K extends keyof Where ? true : false;

/** Every option of a job, a signature, a schedule, a task and a client. */
export type OptionName = keyof All;

/** One option: how it is read, and where it holds. Each `parse` is given a value that is not undefined. */
interface Row<K extends OptionName> {
  /**
   * Checks what was given and gives it back as it is stored.
   * @param of whose option it is, for errors: `of a job of task "mail.send"`
   */
  readonly parse: (value: NonNullable<All[K]>, of: string) => unknown;
  readonly forEnqueue: Holds<K, EnqueueOptions>;
  readonly forSignature: Holds<K, SignatureOptions>;
  readonly forSchedule: Holds<K, ScheduleOptions>;
  /** What a producer without the handler learns from its client. */
  readonly forClient: Holds<K, ClientDefaults>;
  /** False, or how a task's is read; the same as `parse` where it says the same of all jobs of the task. */
  readonly forTask: K extends keyof TaskOptions ? (value: NonNullable<TaskOptions[K]>, of: string) => unknown : false;
}

const ms =
  (name: string) =>
  (value: Duration, of: string): number =>
    toMs(value, `${name} ${of}`);
const [keepResult, keepFailed] = [ms("keepResult"), ms("keepFailed")];
const asGiven = <T>(value: T): T => value;

const job = { forEnqueue: true, forSignature: true, forSchedule: false, forClient: false, forTask: false } as const;
const callOnly = { ...job, forSignature: false } as const;
const jobAndSchedule = { ...job, forSchedule: true } as const;
const everywhere = { ...jobAndSchedule, forClient: true } as const;
const taskOnly = { forEnqueue: false, forSignature: false, forSchedule: false, forClient: false } as const;

/**
 * The one place where an option has its name, is read, and is said to hold. A new one does not compile until
 * it stands here as its interface says. What it does to a job is in `client/draft.ts`;
 * `test/core/task/options.test.ts` finds one that is read nowhere.
 */
export const OPTIONS = {
  id: { ...callOnly, parse: parseId },
  again: { ...callOnly, parse: parseAgain },
  unique: { ...callOnly, parse: parseUnique },
  transaction: { ...callOnly, parse: asGiven },
  queue: { ...everywhere, parse: parseQueue, forTask: parseQueue },
  priority: { ...everywhere, parse: parsePriority, forTask: parsePriority },
  keepResult: { ...everywhere, parse: keepResult, forTask: keepResult },
  keepFailed: { ...everywhere, parse: keepFailed, forTask: keepFailed },
  delay: { ...job, parse: parseDelay },
  at: { ...job, parse: parseAt },
  expiresIn: { ...jobAndSchedule, parse: ms("expiresIn") },
  retry: { ...jobAndSchedule, parse: retryHeader, forTask: retryPolicy },
  headers: { ...jobAndSchedule, parse: checkHeaders },
  onFailure: { ...job, forEnqueue: false, parse: parseOnFailure },
  // Checked together with the expression, by `checkCron`.
  timeZone: { ...jobAndSchedule, forEnqueue: false, forSignature: false, parse: asGiven },
  timeout: { ...taskOnly, parse: parseTimeout, forTask: parseTimeout },
  input: { ...taskOnly, parse: schema("input"), forTask: schema("input") },
  output: { ...taskOnly, parse: schema("output"), forTask: schema("output") },
  validate: { ...taskOnly, parse: parseValidate, forTask: parseValidate },
} as const satisfies { readonly [K in OptionName]-?: Row<K> };

/** Names of the options that hold in one place. */
function namesFor(where: Exclude<keyof Row<OptionName>, "parse">): readonly OptionName[] {
  return (Object.keys(OPTIONS) as OptionName[]).filter((name) => OPTIONS[name][where] !== false);
}

export const ENQUEUE_OPTIONS = namesFor("forEnqueue");
export const SIGNATURE_OPTIONS = namesFor("forSignature");
export const SCHEDULE_OPTIONS = namesFor("forSchedule");
export const CLIENT_OPTIONS = namesFor("forClient");
export const TASK_OPTIONS = namesFor("forTask");
/** Of the options of a schedule those that say of one job what its task may say of all. */
export const SCHEDULE_OPTIONS_OF_TASKS = SCHEDULE_OPTIONS.filter((name) => OPTIONS[name].forTask === OPTIONS[name].parse);

function parseId(id: string, of: string): string {
  checkText(id, `The id ${of}`);
  return id;
}

function parseAgain(again: boolean, of: string): boolean {
  if (typeof again !== "boolean") refuse(`The option again ${of} is ${String(again)}.`, "Give true or false.");
  return again;
}

/** That its parts are as they have to be is for the store to say, as of all jobs. */
function parseUnique(unique: Unique, of: string): Unique {
  if (typeof unique !== "object" || unique === null)
    refuse(`The option unique ${of} is ${shown(unique)}.`, 'Give an object: { key, until: "ended", whenHeld: "keep" }.');
  for (const name of Object.keys(unique))
    if (!UNIQUE.has(name)) refuse(`The option unique ${of} has ${shown(name)}.`, `It may have ${[...UNIQUE].join(", ")}.`);
  return { ...unique };
}

const UNIQUE: ReadonlySet<string> = new Set(["key", "until", "whenHeld", "maxWaitMs"] satisfies (keyof Unique)[]);

function parseQueue(queue: string, of: string): string {
  checkName(queue, `queue ${of}`);
  return queue;
}

function parsePriority(priority: number, of: string): number {
  if (Number.isInteger(priority) && priority >= 0 && priority <= 9) return priority;
  return refuse(`The priority ${of} is ${String(priority)}.`, "Give a whole number from 0 to 9; the higher goes first.");
}

function parseDelay(delay: Duration, of: string): number {
  if (typeof delay === "object" && delay !== null && "getTime" in delay)
    refuse(`The delay ${of} is a Date, and is to be a duration.`, "For a moment there is at: { at: date }.");
  return toMs(delay, `delay ${of}`);
}

function parseAt(at: Date, of: string): number {
  // By method, not with instanceof, so that a date of another realm is one too.
  const time = typeof at === "object" && at !== null && typeof at.getTime === "function" ? at.getTime() : Number.NaN;
  if (!Number.isFinite(time))
    refuse(`The option at ${of} is ${String(at)}, which is not a valid Date.`, "Give a Date, such as new Date(ms).");
  return Math.max(0, Math.floor(time));
}

/** @param what the signature: `Element 0 of the chain` */
function parseOnFailure(onFailure: "fail" | "continue", what: string): "fail" | "continue" {
  if (onFailure === "fail" || onFailure === "continue") return onFailure;
  return refuse(`${what} has onFailure ${String(onFailure)}.`, 'Give "fail" or "continue".');
}

function parseTimeout(timeout: Duration, of: string): number {
  const limit = toMs(timeout, `timeout ${of}`);
  if (limit > 0) return limit;
  throw new OptionError("STEM_DURATION_INVALID", `The timeout ${of} is 0.`, "Give more than 0, or leave it out for no limit.");
}

function schema(name: "input" | "output") {
  return (given: Schema, of: string): Schema => {
    if (typeof given["~standard"]?.validate === "function") return given;
    return refuse(
      `The ${name} ${of} is not a schema.`,
      'Give a Standard Schema: a zod, valibot or arktype schema, or an object with "~standard".validate.',
    );
  };
}

function parseValidate(validate: boolean, of: string): boolean {
  if (typeof validate === "boolean") return validate;
  return refuse(`The validate ${of} is ${shown(validate)}.`, "Give false, or leave it out.");
}

function refuse(what: string, hint: string): never {
  throw new OptionError("STEM_OPTION_INVALID", what, hint);
}
