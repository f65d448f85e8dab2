import { ContextIdFactory, type DiscoveryService, type ModuleRef } from "@nestjs/core";
import { StemError } from "../../contract/errors.js";
import type { TaskDefinition } from "../../core/task/task.js";

/** Nest's record of one provider. */
export type Provided = ReturnType<DiscoveryService["getProviders"]>[number];

/**
 * The instance that handles a job: one for the whole app, or one made per job.
 * In the latter, providers that inject `REQUEST` get the context.
 */
export type Source = { readonly instance: object } | { readonly make: (context: object) => Promise<object> };

/**
 * Finds out how a provider's instances are made.
 * If it, or anything it injects, is request-scoped, each job has its own. A durable tree lives as long as its
 * strategy says, chosen by the job's context (by its headers, say).
 */
export async function sourceOf(provided: Provided, modules: ModuleRef): Promise<Source> {
  const token = provided.token as never;
  if (!provided.isDependencyTreeStatic()) {
    return {
      make(context) {
        const id = ContextIdFactory.getByRequest(context);
        const request = provided.isDependencyTreeDurable() && "payload" in id ? id.payload : context;
        modules.registerRequestByContextId(request, id);
        return modules.resolve<object>(token, id, { strict: false });
      },
    };
  }
  // The record of a transient provider holds an instance without an owner; handlers get their own, like any
  // consumer.
  return {
    instance: provided.isTransient ? await modules.resolve<object>(token, undefined, { strict: false }) : (provided.instance as object),
  };
}

/**
 * Makes the function that handles a job.
 * The method is looked up at each call, so that a test may spy on it.
 *
 * @throws {StemError} `STEM_RUN_MISSING`, when called: an instance made for one job can only be checked then
 */
export function runOf(source: Source, method: string, where: string): TaskDefinition["run"] {
  const call = (handler: object, payload: unknown, context: object): unknown => {
    const handles = handler as Record<string, (payload: unknown, context: object) => unknown>;
    if (typeof handles?.[method] === "function") return handles[method](payload, context);
    throw new StemError(
      "STEM_RUN_MISSING",
      `What is provided for ${where} has no method ${method}.`,
      `Give it ${method}(payload, context?), or provide the class itself.`,
    );
  };
  if ("instance" in source) return (payload, context) => call(source.instance, payload, context);
  return async (payload, context) => call(await source.make(context), payload, context);
}
