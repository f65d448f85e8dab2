/** What the text of a file shows without parsing it. It may err in the safe direction: too many names. */
export interface Glance {
  /** Names the package, or Nest's `applyDecorators`: what it declares may be a decorator. */
  readonly composes: boolean;
  readonly ours: boolean;
  /** Functions and constants it declares. */
  readonly declares: readonly string[];
  readonly byDefault: boolean;
  /** `X as Y` in lists of imports and exports. */
  readonly renames: readonly (readonly [from: string, to: string])[];
  /** What it imports by name or by default. */
  readonly imported: readonly string[];
  readonly defaults: readonly string[];
  /** Every part of the name of every decorator in use: `@own.Mail` has `own` and `Mail`. */
  readonly decorators: readonly string[];
  /** Modules it imports at run time. */
  readonly modules: readonly string[];
  /** It may augment other modules, or declare globals. */
  readonly augments: boolean;
}

const DECLARES = /\b(?:function|const|static(?:\s+async)?)\s+([\w$]+)/g;
const LISTS = /\b(?:import|export)\b[^{}"'`;()=]{0,80}\{([^{}]*)\}/g;
const DEFAULTS = /\bimport\s+(?!type\b)([\w$]+)\s*(?:,|from\b)/g;
const DECORATORS = /@\s*([\w$]+(?:\s*\.\s*[\w$]+)*)/g;
const MODULES =
  /\b(?:import|export)\b\s*(type\b(?!\s*(?:,|from\b)))?[^"'`;()=]{0,4000}?\bfrom\s*["']([^"'\n]+)["']|\b(?:import|require)\s*\(?\s*["']([^"'\n]+)["']/g;

export function glanceAt(text: string): Glance {
  const ours = text.includes("nestjs-stem");
  const composes = ours || text.includes("applyDecorators");
  const all = (pattern: RegExp): string[] => [...text.matchAll(pattern)].map(([, name]) => name!);
  const lists = all(LISTS).flatMap((list) => list.split(","));
  const renames: (readonly [string, string])[] = [];
  const imported: string[] = [];
  for (const item of lists) {
    const [, from, to] = /^\s*(?:type\s+)?([\w$]+)(?:\s+as\s+([\w$]+))?\s*$/.exec(item) ?? [];
    if (from === undefined) continue;
    imported.push(from);
    if (to !== undefined) renames.push([from, to]);
  }
  const modules: string[] = [];
  for (const [, type, named, bare] of text.matchAll(MODULES)) if (type === undefined) modules.push((named ?? bare)!);
  return {
    ours,
    composes,
    declares: all(DECLARES),
    byDefault: /\bexport\s+default\b/.test(text),
    renames,
    imported,
    // A file that names the package is parsed in any case.
    defaults: ours ? [] : all(DEFAULTS),
    decorators: ours ? [] : [...new Set(all(DECORATORS).flatMap((name) => name.split(/\s*\.\s*/)))],
    modules,
    augments: /\bdeclare\s+(?:module\s*["']|global\b)/.test(text),
  };
}

/** No project passes a decorator on through more files than this. */
const ROUNDS = 16;

/**
 * Which files may hold a decorator or an event of Stem, so that only these are parsed.
 * Those are files that name the package, and files that use a decorator by a name that leads to it, through
 * any number of files that compose it, rename it or pass it on.
 *
 * @param named names that the project has declared to be Stem's
 */
export function markedAmong(glances: readonly Glance[], named: readonly string[]): readonly boolean[] {
  const names = new Set(["Task", "Workflow", "Step", "Cron", ...named]);
  const composing = new Set<Glance>();
  let defaults = false;
  for (let round = 0, before = -1; round < ROUNDS && before !== names.size + composing.size; round++) {
    before = names.size + composing.size;
    for (const glance of glances) {
      for (const [from, to] of glance.renames) if (names.has(from)) names.add(to);
      const composes = glance.composes || glance.imported.some((name) => names.has(name)) || (defaults && glance.defaults.length > 0);
      if (!composes || composing.has(glance)) continue;
      composing.add(glance);
      for (const name of glance.declares) names.add(name);
      if (glance.byDefault && !defaults) {
        defaults = true;
        names.add("default");
      }
    }
  }
  return glances.map(
    ({ ours, decorators, imported, defaults: own }) =>
      ours || imported.includes("defineEvent") || decorators.some((name) => names.has(name) || (defaults && own.includes(name))),
  );
}
