import type { Logger } from "@nestjs/common";
import type { StemError } from "../contract/errors.js";
import { Beat, type ScheduleDefinition } from "../core/beat/beat.js";
import type { Stem } from "../core/client/stem.js";
import type { Dice } from "../core/clock.js";
import type { TaskDefinition } from "../core/task/task.js";
import type { WorkerOptions } from "../core/worker/options.js";
import { Worker } from "../core/worker/worker.js";
import { problemOf } from "./boot-error.js";
import type { StemEnvironment } from "./environment.js";
import type { StemOptions } from "./options.js";
import { clashOf } from "./refusals.js";
import { rolesOf, type Roles } from "./roles.js";
import { workerOverrides } from "./worker-environment.js";

/** What worker and beat of one instance are made of. */
export interface Ingredients {
  readonly stem: Stem;
  readonly options: StemOptions;
  readonly environment: StemEnvironment;
  readonly schedules: readonly ScheduleDefinition[];
}

/** What runs jobs in this process. Each of both starts once and stops once. */
export interface Crew {
  /** Undefined in a process that runs no jobs. */
  readonly worker: Worker | undefined;
  /** Undefined in a process that fires no schedules. */
  readonly beat: Beat | undefined;
}

export const NO_CREW: Crew = { worker: undefined, beat: undefined };

/** @param overrides go before the options */
export function workerOf(
  { stem, options, environment, schedules }: Ingredients,
  dice: Dice | undefined,
  overrides: Partial<WorkerOptions> = {},
): Worker {
  const { middleware } = options;
  // A schedule may send its jobs to a queue that has no task in this process.
  const queues = new Set([...stem.registry.queues(), ...schedules.flatMap((schedule) => schedule.options?.queue ?? [])]);
  return new Worker({
    stem,
    options: { ...(queues.size > 0 && { queues: [...queues].sort() }), ...workerOptionsOf(options, environment), ...overrides },
    ...(middleware !== undefined && { middleware }),
    ...(dice !== undefined && { dice }),
  });
}

/** Worker and beat, unstarted, as far as this process is to have them. */
export function crewOf(parts: Ingredients, roles: Roles | undefined, log: Logger): Crew {
  const { stem, options, environment, schedules } = parts;
  const named = workerOptionsOf(options, environment).queues !== undefined;
  const wanted = roles?.worker ?? (options.worker ?? true) !== false;
  const works = wanted && (named || stem.registry.all().length > 0);
  if (!works && roles?.worker === true)
    log.warn("This process is to work, but no provider carries @Task or @Workflow: no worker is started");
  // Schedules may be made at run time, so one that works is ready to fire them though its code declares none.
  const beats = roles?.beat ?? options.beat ?? (schedules.length > 0 || works);
  return { worker: works ? workerOf(parts, environment.dice) : undefined, beat: beats ? beatOf(parts) : undefined };
}

/** Another worker and another beat, in place of those that were stopped. */
export function crewAnew(parts: Ingredients, { worker, beat }: Crew): Crew {
  return { worker: worker && workerOf(parts, parts.environment.dice), beat: beat && beatOf(parts) };
}

/** Everything that is wrong with what was found, and the roles of this process where those are right. */
export function checkFound(
  { stem, environment, schedules }: Ingredients,
  tasks: readonly TaskDefinition[],
): { readonly problems: readonly StemError[]; readonly roles: Roles | undefined } {
  let roles: Roles | undefined;
  const problems = [
    problemOf(() => (roles = rolesOf(environment.role))),
    problemOf(() => void workerOverrides(environment)),
    ...tasks.map((task) => problemOf(() => stem.registry.add(task))),
    ...schedules.map((one, n) => clashOf(one, schedules.slice(0, n))),
    ...schedules.map((one) => problemOf(() => checkPayload(stem, one))),
  ];
  return { problems: problems.filter((problem) => problem !== undefined), roles };
}

function checkPayload({ definitions, registry, codec }: Stem, { task, payload, where }: ScheduleDefinition): void {
  const shape = definitions.input(task);
  const definition = registry.get(task);
  if (definition?.validate === true && definition.input === undefined) shape?.check(payload, "payload", `@Cron on ${where}`);
  codec.encode(shape === undefined ? payload : shape.encode(payload), `payload of @Cron on ${where}`);
}

function beatOf({ stem, schedules }: Ingredients): Beat {
  return new Beat({ stem, schedules });
}

function workerOptionsOf({ worker }: StemOptions, environment: StemEnvironment): WorkerOptions {
  return { ...(typeof worker === "object" && worker), ...workerOverrides(environment) };
}
