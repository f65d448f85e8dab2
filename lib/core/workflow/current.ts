import { AsyncLocalStorage } from "node:async_hooks";
import type { StepContext, WorkflowContext } from "../context/workflow.js";

/** The place of code in a run: in the body, or inside the work of a step. */
export interface Here {
  readonly run: WorkflowContext;
  /** Undefined in the body. */
  readonly step: StepContext | undefined;
}

/** Set around every pass over a body, and again around the work of every step. */
export const hereStorage = new AsyncLocalStorage<Here>();

/**
 * The run whose body this code belongs to, also deep inside services.
 * Undefined outside a run, and inside the work of a step: code that is called there is part of that step, so
 * a `@Step` method called there is a plain method.
 */
export function currentRun(): WorkflowContext | undefined {
  const here = hereStorage.getStore();
  return here?.step === undefined ? here?.run : undefined;
}

/** The step whose work this code belongs to; undefined outside a step. */
export function currentStep(): StepContext | undefined {
  return hereStorage.getStore()?.step;
}
