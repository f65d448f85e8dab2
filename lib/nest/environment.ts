import type { Adapter } from "../contract/adapter.js";
import type { ScheduleDefinition } from "../core/beat/beat.js";
import type { Stem } from "../core/client/stem.js";
import type { Clock, Dice } from "../core/clock.js";

/** One instance of Stem (a `StemRuntime`) for the testing kit and the `stem` command. */
export interface StemInstance {
  readonly name: string;
  readonly adapter: Adapter;
  readonly stem: Stem;
  readonly schedules: readonly ScheduleDefinition[];
}

/**
 * What Stem takes from its surroundings rather than from options: the process, the time, the store.
 * One per app. The testing kit overrides it, so that a user's own modules run on memory and on a manual clock
 * without a change.
 */
export interface StemEnvironment {
  /** `STEM_ROLE`. */
  readonly role: string | undefined;
  /** `STEM_QUEUES`. */
  readonly queues?: string | undefined;
  /** `STEM_CONCURRENCY`. */
  readonly concurrency?: string | undefined;
  /** Whether `NODE_ENV` is `production`; only false warns of a generated client that is out of date. */
  readonly production?: boolean;
  /** Default: the clock of the options, else the system's. */
  readonly clock?: Clock;
  readonly dice?: Dice;
  /**
   * False: worker and beat wait for `StemRuntime.start()`, with any options.
   * Default: as the options say.
   */
  readonly autoStart?: boolean;
  /** Called with each instance of the app when its store is open, before anything of it runs. */
  readonly opened?: (instance: StemInstance) => Promise<void>;
  /**
   * Called when the app has been explored and has no mistakes, before any store is opened.
   * The boot waits for it.
   */
  readonly beforeOpen?: (instances: readonly StemInstance[]) => Promise<void>;
  /** The store to use for an instance in place of the one that was configured. */
  readonly adapterFor?: (instance: string, configured: Adapter) => Adapter;
}

/** The token `StemEnvironment` is provided under. */
export const STEM_ENVIRONMENT = "nestjs-stem:environment";

/**
 * The key of `globalThis` under which the `stem` command leaves its `beforeOpen`.
 * The app it boots may have its own copy of this package.
 */
const BEFORE_OPEN = Symbol.for("nestjs-stem:before-open");

type Hooked = { [BEFORE_OPEN]?: StemEnvironment["beforeOpen"] };

/** The surroundings of this process, read when an app is made. */
export function processEnvironment(): StemEnvironment {
  const beforeOpen = (globalThis as Hooked)[BEFORE_OPEN];
  return {
    role: process.env["STEM_ROLE"],
    queues: process.env["STEM_QUEUES"],
    concurrency: process.env["STEM_CONCURRENCY"],
    production: process.env["NODE_ENV"] === "production",
    ...(beforeOpen !== undefined && { beforeOpen }),
  };
}

/** Stops every app that this process makes from now on before it opens its stores, until `hook` ends. */
export function holdBeforeOpen(hook: NonNullable<StemEnvironment["beforeOpen"]>): void {
  (globalThis as Hooked)[BEFORE_OPEN] = hook;
}
