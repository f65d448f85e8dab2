import type { Type } from "@nestjs/common";
import type { Adapter } from "../contract/adapter.js";
import { OptionError, type StemError } from "../contract/errors.js";
import { shown } from "../contract/options.js";
import type { Clock } from "../core/clock.js";
import type { Codec } from "../core/codec/codec.js";
import { refuseUnknown } from "../core/task/define.js";
import type { Middleware } from "../core/context/middleware.js";
import { settleWorkerOptions, type WorkerOptions } from "../core/worker/options.js";
import { problemOf } from "./boot-error.js";

/** How an instance of Stem works; also the result of `forRootAsync`'s factory. */
export interface StemOptions {
  /** The store: `memory()`, `sqlite("stem.db")`, … */
  readonly adapter: Adapter;
  /**
   * Run jobs in this process. Default true: it serves the queues of its own tasks.
   * `STEM_ROLE` overrides it.
   */
  readonly worker?: boolean | WorkerOptions;
  /**
   * Fire schedules in this process: those of its code, and all that are made at run time.
   * Default: if its code declares any, or it runs jobs. `STEM_ROLE` overrides it.
   */
  readonly beat?: boolean;
  /** False: worker and beat do not start with the app but at `StemRuntime.start()`. Default true. */
  readonly autoStart?: boolean;
  /** Largest payload or result, encoded, in bytes. Default 1 MiB. */
  readonly maxPayloadBytes?: number;
  /** How payloads and results become text. Default: JSON that refuses what it cannot carry. */
  readonly codec?: Codec;
  /** Runs around every handler, the first outermost. */
  readonly middleware?: readonly Middleware[];
  /** The time in this process. Default: the system's. */
  readonly clock?: Clock;
}

/** Options that decide which providers exist, and so cannot come from a factory. */
export interface StemModuleExtras {
  /**
   * Distinguishes several instances in one app: `@InjectStem(name)`, `@Task({ instance: name })`.
   * Default: the one without a name.
   */
  readonly name?: string;
  /**
   * Generated clients (and other providers that inject this instance), to register and to export.
   * Payloads are checked and revived by their types: a Date that was enqueued arrives as one. List the client
   * in producers and workers alike.
   */
  readonly clients?: readonly Type[];
  /** False: only modules that import this one can inject Stem. Default true. */
  readonly isGlobal?: boolean;
}

/** Options of `StemModule.forRoot`. */
export interface StemModuleOptions extends StemOptions, StemModuleExtras {}

/** Makes options from what it injects; for `forRootAsync({ useClass | useExisting })`. */
export interface StemOptionsFactory {
  createStemOptions(): StemOptions | Promise<StemOptions>;
}

const KNOWN = [
  "adapter",
  "worker",
  "beat",
  "autoStart",
  "maxPayloadBytes",
  "codec",
  "middleware",
  "clock",
] as const satisfies readonly (keyof StemOptions)[];
const KNOWN_EXTRAS = ["name", "clients", "isGlobal"] as const satisfies readonly (keyof StemModuleExtras)[];

/** All mistakes in the options of one instance. */
export function optionProblems(options: StemOptions, instance: string): StemError[] {
  if (typeof options !== "object" || options === null)
    return [
      invalid(
        `What was given as the options of Stem (instance "${instance}")`,
        options,
        "Give or return an object with at least { adapter }.",
      ),
    ];
  const of = `of StemModule (instance "${instance}")`;
  const problems: StemError[] = unknownOf(options, [...KNOWN, ...KNOWN_EXTRAS], of);
  const check = (what: string, value: unknown, right: boolean, remedy: string): void => {
    if (!right) problems.push(invalid(`The option ${what} ${of}`, value, remedy));
  };
  const { adapter, worker, middleware, codec, clock, maxPayloadBytes } = options;
  check(
    "adapter",
    adapter,
    typeof adapter?.open === "function",
    'Give a store: adapter: memory(), or sqlite("stem.db") from nestjs-stem/sqlite.',
  );
  for (const flag of ["beat", "autoStart"] as const)
    check(flag, options[flag], isOptional(options[flag], "boolean"), "Give true or false.");
  check(
    "worker",
    worker,
    isOptional(worker, "boolean") || (typeof worker === "object" && worker !== null),
    "Give true, false, or options such as { concurrency: 50 }.",
  );
  check(
    "maxPayloadBytes",
    maxPayloadBytes,
    maxPayloadBytes === undefined || (Number.isSafeInteger(maxPayloadBytes) && maxPayloadBytes > 0),
    "Give a whole number of bytes above 0.",
  );
  check(
    "middleware",
    middleware,
    middleware === undefined || (Array.isArray(middleware) && middleware.every((one) => typeof one === "function")),
    "Give a list of functions (context, next).",
  );
  check(
    "codec",
    codec,
    codec === undefined || (typeof codec.encode === "function" && typeof codec.decode === "function"),
    "Give an object with encode and decode.",
  );
  check(
    "clock",
    clock,
    clock === undefined || (typeof clock.now === "function" && typeof clock.after === "function"),
    "Give an object with now and after.",
  );
  if (typeof worker === "object" && worker !== null) problems.push(...workerProblems(worker));
  return problems;
}

/** The check stops at the first mistake; one option at a time finds them all. */
function workerProblems(worker: WorkerOptions): StemError[] {
  return Object.entries(worker)
    .map(([option, value]) => problemOf(() => void settleWorkerOptions({ [option]: value as unknown } as WorkerOptions)))
    .filter((problem) => problem !== undefined);
}

/** One problem per unknown key. */
export function unknownOf(options: object, known: readonly string[], of: string): StemError[] {
  return Object.keys(options)
    .map((key) => problemOf(() => refuseUnknown({ [key]: undefined }, known, of)))
    .filter((problem) => problem !== undefined);
}

function isOptional(value: unknown, type: string): boolean {
  return value === undefined || typeof value === type;
}

function invalid(what: string, value: unknown, remedy: string): OptionError {
  const is = typeof value === "object" && value !== null ? "an object of another kind" : shown(value);
  return new OptionError("STEM_OPTION_INVALID", `${what} is ${is}.`, remedy);
}
