import type { ts } from "ts-morph";
import type { Place } from "../model.js";

/** Where in a type we are, one step below another. Put into words only where something is to be told, which is nearly nowhere. */
export interface At {
  readonly above: At | undefined;
  /** `input`, and below it `.lines`, `[]`, `.at`. */
  readonly step: string;
  /** A property, to be pointed at if it is in the project's own files. */
  readonly node: ts.Node | undefined;
  readonly root: { readonly of: string; readonly place: Place };
}

/** @param step the name of a property, or in brackets what it is of a list or map */
export function under(above: At, step: string, node?: ts.Node): At {
  return { above, step, node, root: above.root };
}

/** `input.lines[].at` */
export function pathOf({ above, step, node }: At): string {
  if (above === undefined) return step;
  const bare = node === undefined && step.startsWith("[");
  return pathOf(above) + (bare ? step : /^[A-Za-z_$][\w$]*$/.test(step) ? `.${step}` : `[${JSON.stringify(step)}]`);
}
