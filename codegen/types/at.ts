import type { ts } from "ts-morph";
import type { Place } from "../model.js";

/**
 * How many problems of one type are reported: in a family of types one mistake is there hundreds of times.
 */
export const MOST_TOLD = 8;

/** The most steps of a path that are written out. */
const MOST_STEPS = 8;

interface Root {
  readonly of: string;
  readonly place: Place;
  /** The problems that were reported, with their places. */
  readonly told: Set<string>;
}

/** A place in a type, one step below another. Made into text only for a report, which is rare. */
export interface At {
  readonly above: At | undefined;
  /** `input`, and below it `.lines`, `[]`, `.at`. */
  readonly step: string;
  /** A property, to point at if it is in the project's own files. */
  readonly node: ts.Node | undefined;
  readonly root: Root;
}

/** @param step the name of a property, or in brackets what it is of a list or map */
export function under(above: At, step: string, node?: ts.Node): At {
  return { above, step, node, root: above.root };
}

/** `input.lines[].at`; for a path with many steps the first and the last: `input.a.b … .y.z` */
export function pathOf(at: At): string {
  const steps: string[] = [];
  for (let one: At | undefined = at; one !== undefined; one = one.above) steps.unshift(stepOf(one));
  if (steps.length <= MOST_STEPS) return steps.join("");
  return `${steps.slice(0, MOST_STEPS / 2).join("")} … ${steps.slice(-MOST_STEPS / 2).join("")}`;
}

function stepOf({ above, step, node }: At): string {
  if (above === undefined || (node === undefined && step.startsWith("["))) return step;
  return /^[A-Za-z_$][\w$]*$/.test(step) ? `.${step}` : `[${JSON.stringify(step)}]`;
}
