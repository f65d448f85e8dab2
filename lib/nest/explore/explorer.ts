import { Inject, Injectable } from "@nestjs/common";
import { DiscoveryService, ModuleRef } from "@nestjs/core";
import { nearest, StemError } from "../../contract/errors.js";
import type { ScheduleDefinition } from "../../core/beat/beat.js";
import type { TaskDefinition } from "../../core/task/task.js";
import { StemBootError } from "../boot-error.js";
import { STEM_ENVIRONMENT, type StemEnvironment } from "../environment.js";
import { StemRuntime } from "../runtime.js";
import { candidatesOf } from "./candidates.js";
import type { Of } from "./define.js";
import { handlersOf } from "./handlers.js";
import { controllerMisuses } from "./misuse.js";
import { sourceOf } from "./resolver.js";

/** Finds the handlers among all providers of one app, once, for the app's instances of Stem. */
@Injectable()
export class StemExplorer {
  #booted: Promise<void> | undefined;

  constructor(
    private readonly discovery: DiscoveryService,
    private readonly modules: ModuleRef,
    @Inject(STEM_ENVIRONMENT) private readonly environment: StemEnvironment,
  ) {}

  /**
   * Explores the app, and opens the stores if there is no mistake.
   * The first call does the work; all get the same promise.
   *
   * @throws {StemBootError} with every mistake
   */
  boot(): Promise<void> {
    this.#booted ??= this.#boot();
    return this.#booted;
  }

  /** All instances of Stem in the app. */
  runtimes(): readonly StemRuntime[] {
    const found = this.discovery.getProviders().filter((one) => !one.isAlias && one.instance instanceof StemRuntime);
    return [...new Set(found.map((one) => one.instance as StemRuntime))];
  }

  async #boot(): Promise<void> {
    const runtimes = this.runtimes();
    const problems: StemError[] = [...twins(runtimes)];
    const handlers: Brought<TaskDefinition>[] = [];
    const slots: Brought<ScheduleDefinition>[] = [];
    for (const one of candidatesOf(this.discovery.getControllers())) problems.push(...controllerMisuses(one.type, one.marks));
    for (const candidate of candidatesOf(this.discovery.getProviders())) {
      const found = handlersOf(candidate, await sourceOf(candidate.provided, this.modules));
      problems.push(...found.problems);
      gather(handlers, found.tasks, candidate.identity);
      gather(slots, found.schedules, candidate.identity);
    }
    const [tasks, schedules] = [handlers.map(({ of }) => of), slots.map(({ of }) => of)];
    const names = runtimes.map(({ name }) => name);
    problems.push(...strays([...tasks, ...schedules], names));
    const brought = [...new Set(runtimes.flatMap((runtime) => runtime.brought))];
    for (const runtime of runtimes) {
      problems.push(...runtime.define(brought));
      const mine = <T>(all: readonly Of<T>[]): readonly T[] =>
        all.filter((one) => one.instance === runtime.name).map(({ definition }) => definition);
      problems.push(...runtime.prepare(mine(tasks), mine(schedules)));
    }
    if (problems.length > 0) throw new StemBootError(unique(problems));
    await this.environment.beforeOpen?.(runtimes);
    await openAll(runtimes);
  }
}

/**
 * Adds to `all` what no provider of the same thing has brought before.
 * One that is listed in several modules, or has an alias, handles its jobs once.
 */
function gather<T extends TaskDefinition | ScheduleDefinition>(all: Brought<T>[], made: readonly Of<T>[], identity: object): void {
  const keyOf = ({ instance, definition }: Of<T>): string => `${instance} ${"id" in definition ? definition.id : definition.name}`;
  const known = new Set(all.filter((one) => one.by === identity).map((one) => keyOf(one.of)));
  for (const of of made) if (!known.has(keyOf(of))) all.push({ of, by: identity });
}

interface Brought<T> {
  readonly of: Of<T>;
  readonly by: object;
}

/**
 * Opens all stores side by side, so that servers that are away are waited for once.
 * If one does not open, the others are closed.
 */
async function openAll(runtimes: readonly StemRuntime[]): Promise<void> {
  const outcomes = await Promise.allSettled(runtimes.map((runtime) => runtime.open()));
  const failed = outcomes.find((outcome) => outcome.status === "rejected");
  if (failed === undefined) return;
  for (const runtime of runtimes) await runtime.close();
  throw failed.reason;
}

function twins(runtimes: readonly StemRuntime[]): readonly StemError[] {
  const names = runtimes.map(({ name }) => name);
  return [...new Set(names.filter((name, n) => names.indexOf(name) !== n))].map(
    (name) =>
      new StemError(
        "STEM_INSTANCE_DUPLICATE",
        `StemModule is set up twice for the instance "${name}".`,
        "Call forRoot once and import it in the root module only, or tell the instances apart: forRoot({ name: … }).",
      ),
  );
}

function strays(all: readonly Of<TaskDefinition | ScheduleDefinition>[], names: readonly string[]): readonly StemError[] {
  return all
    .filter(({ instance }) => !names.includes(instance))
    .map(({ instance, definition }) => {
      const near = nearest(String(instance), names);
      return new StemError(
        "STEM_INSTANCE_UNKNOWN",
        `${definition.where} belongs to the instance "${instance}" of Stem, which is not in this app (it has ${names.map((name) => `"${name}"`).join(", ")}).`,
        near === undefined
          ? `Import StemModule.forRoot({ name: "${instance}", … }), or correct the option instance.`
          : `Did you mean "${near}"?`,
      );
    });
}

function unique(problems: readonly StemError[]): readonly StemError[] {
  return [...new Map(problems.map((problem) => [problem.message, problem])).values()];
}
