import { StemError } from "../../contract/errors.js";
import type { TaskContext } from "../task/task.js";
import type { WorkflowContext } from "./workflow.js";

/**
 * Code around every attempt in a worker.
 * `next()` calls the inner layer and returns what the handler returned; call it once, or not at all to keep
 * the handler from running. The return value (or error) of the middleware counts as the attempt's. Around a
 * workflow it wraps one pass over the body: if the run is suspended, `next()` never settles in this process.
 * Both kinds of context have `jobId`, `task`, `queue`, `attempt`, `headers` and `payload`.
 */
export type Middleware = (context: TaskContext | WorkflowContext, next: () => Promise<unknown>) => Promise<unknown>;

/** A handler, or a handler with its middleware around it. */
export type Handler = (payload: unknown, context: never) => unknown;

/**
 * Puts layers around a handler, the first outermost. Without layers it returns the handler itself.
 *
 * The result rejects with `STEM_MIDDLEWARE_NEXT` when a layer calls `next()` twice: one attempt runs a
 * handler once.
 */
export function compose(layers: readonly Middleware[], handler: Handler): Handler {
  if (layers.length === 0) return handler;
  return (payload, context) => {
    const enter = (depth: number): Promise<unknown> => {
      const layer = layers[depth];
      let entered = false;
      const next = async (): Promise<unknown> => {
        if (entered) throw calledTwice(layer!);
        entered = true;
        return depth + 1 < layers.length ? enter(depth + 1) : await handler(payload, context);
      };
      return layer!(context, next);
    };
    return enter(0);
  };
}

function calledTwice(layer: Middleware): StemError {
  return new StemError(
    "STEM_MIDDLEWARE_NEXT",
    `Middleware ${layer.name === "" ? "(anonymous)" : `"${layer.name}"`} called next() twice in one attempt.`,
    "Call it once; to run a handler again, throw and let the task's retry do it.",
  );
}
