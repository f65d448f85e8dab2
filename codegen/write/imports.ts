import { posix } from "node:path";
import { byCodeUnit, type Exported } from "../model.js";
import { quote } from "./text.js";

/** Names the generated file uses for itself. */
const TAKEN = [
  "Injectable",
  "InjectStem",
  "Stem",
  "InputOf",
  "OutputOf",
  "TaskClient",
  "WorkflowClient",
  "EventClient",
  "PayloadOf",
  "ScheduleClient",
  "StemTasks",
  "StemWorkflows",
  "StemClient",
  "StemDefinitions",
];

/** The type imports of the file: classes of handlers, and constants that are events. */
export interface Imports {
  readonly lines: readonly string[];
  /** Its name in the file. */
  readonly nameOf: (one: Exported) => string;
}

/**
 * One import each, by file and name in code-unit order.
 * The first of several of one name keeps it; the next are called `Name2`, `Name3`, …
 */
export function importsOf(handlers: readonly Exported[], out: string, suffix: ".js" | ""): Imports {
  const classes = new Map<string, Exported>();
  for (const handler of handlers) classes.set(identity(handler), handler);
  const sorted = [...classes.values()].sort((a, b) => byCodeUnit(a.file, b.file) || byCodeUnit(a.className, b.className));
  const wanted = new Set(sorted.map(({ className }) => className));
  const taken = new Set(TAKEN);
  const names = new Map<string, string>();
  const lines = sorted.map((handler) => {
    let name = handler.className;
    // A made-up name must not take the place of a class that is really called so.
    for (let count = 2; taken.has(name); count++) {
      name = `${handler.className}${count}`;
      if (wanted.has(name)) name = handler.className;
    }
    taken.add(name);
    names.set(identity(handler), name);
    const path = quote(handler.specifier ?? specifier(handler.file, out, suffix));
    if (handler.exportedAs === "default") return `import type ${name} from ${path};`;
    return `import type { ${handler.exportedAs === name ? name : `${handler.exportedAs} as ${name}`} } from ${path};`;
  });
  // Called several times for each of thousands of handlers.
  const known = new Map(handlers.map((handler) => [handler, names.get(identity(handler))!]));
  return { lines, nameOf: (handler) => known.get(handler)! };
}

function identity({ file, className, exportedAs }: Exported): string {
  return `${file}\0${className}\0${exportedAs}`;
}

/** How `file` is imported from `out`. */
function specifier(file: string, out: string, suffix: ".js" | ""): string {
  const path = posix.relative(posix.dirname(out), file);
  const relative = path.startsWith("../") ? path : `./${path}`;
  // A suffix that says the kind of the file cannot be left out.
  if (/\.[cm]ts$/.test(relative)) return relative.replace(/ts$/, "js");
  return relative.replace(/\.tsx?$/, suffix);
}
