import { Inject, Injectable } from "@nestjs/common";
import { DiscoveryService, ModuleRef } from "@nestjs/core";
import { nearest, StemError } from "../../contract/errors.js";
import type { ScheduleDefinition } from "../../core/beat/beat.js";
import type { TaskDefinition } from "../../core/task/task.js";
import { StemBootError } from "../boot-error.js";
import { STEM_ENVIRONMENT, type StemEnvironment } from "../environment.js";
import { marksOf, type Handled, type OwnedMark } from "../decorators/marks.js";
import { StemRuntime } from "../runtime.js";
import type { Of } from "./define.js";
import { handlersOf } from "./handlers.js";
import { controllerMisuses } from "./misuse.js";
import { sourceOf, type Provided } from "./resolver.js";

/** A class that carries marks, with the first provider made of it. */
interface Candidate {
  readonly type: Handled;
  readonly marks: readonly OwnedMark[];
  readonly provided: Provided;
}

/** Finds the handlers among all providers of one app, once, and hands them to the app's instances of Stem. */
@Injectable()
export class StemExplorer {
  #booted: Promise<void> | undefined;

  constructor(
    private readonly discovery: DiscoveryService,
    private readonly modules: ModuleRef,
    @Inject(STEM_ENVIRONMENT) private readonly environment: StemEnvironment,
  ) {}

  /**
   * Explores the app, and opens the stores if nothing is wrong. The first call does the work; all get the same promise.
   *
   * @throws {StemBootError} with everything that is wrong
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
    const tasks: Of<TaskDefinition>[] = [];
    const schedules: Of<ScheduleDefinition>[] = [];
    for (const one of candidates(this.discovery.getControllers())) problems.push(...controllerMisuses(one.type, one.marks));
    for (const { type, marks, provided } of candidates(this.discovery.getProviders())) {
      const found = handlersOf(type, marks, await sourceOf(provided, this.modules));
      problems.push(...found.problems);
      tasks.push(...found.tasks);
      schedules.push(...found.schedules);
    }
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

/** Marked classes, each once: a class listed in several modules has several providers, but handles its jobs once. */
function candidates(all: readonly Provided[]): readonly Candidate[] {
  const found = new Map<Handled, Candidate>();
  for (const provided of all) {
    if (provided.isAlias) continue;
    const type = typeOf(provided);
    if (type === undefined || found.has(type)) continue;
    const marks = marksOf(type);
    if (marks.length > 0) found.set(type, { type, marks, provided });
  }
  return [...found.values()];
}

/** The class of a provider's instance. Of `useFactory` and `useValue` providers only the instance knows it. */
function typeOf(provided: Provided): Handled | undefined {
  if (!provided.isNotMetatype) return provided.metatype as Handled;
  const instance = provided.instance as object | null | undefined;
  const type = typeof instance === "object" && instance !== null ? (instance.constructor as unknown) : undefined;
  return typeof type === "function" ? (type as Handled) : undefined;
}

/** Opens all stores side by side, so that servers that are away are waited for once; if one does not open, the others are closed, for nobody else would do it. */
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
