import type { WorkflowContext } from "../../core/context/workflow.js";
import { spoken } from "./marks.js";
import { handlerDecorator } from "./task.js";
import type { HandlerClassDecorator, HandlerOptions, NamedHandlerOptions } from "./types.js";

/**
 * Makes a class with a method `run(payload, context?)` a durable workflow.
 * `run` starts again from the top after every wait and every crash; journaled calls (`@Step` methods,
 * `ctx.step`, `ctx.sleep`, `ctx.waitFor`) are not done again.
 *
 * The name defaults to the class, its first letter lowered: `ProcessOrder` → `"processOrder"`.
 */
export function Workflow(name?: string, options?: HandlerOptions): HandlerClassDecorator<WorkflowContext>;
export function Workflow(options: NamedHandlerOptions): HandlerClassDecorator<WorkflowContext>;
export function Workflow(first?: string | NamedHandlerOptions, second?: HandlerOptions): HandlerClassDecorator<WorkflowContext> {
  return handlerDecorator("Workflow", spoken(first, second));
}
