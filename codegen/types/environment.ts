import type { ts } from "ts-morph";
import type { Typescript } from "../read/load.js";
import { LIBRARY } from "./program.js";

/** What the answers of the type checker depend on, beside the file that is asked about. */
export interface Checked {
  /** The files with types that were left to it. */
  readonly deferred: readonly string[];
  /** From each source in its program, the sources it imports. */
  readonly leads: Readonly<Record<string, readonly string[]>>;
  /** From each of these, its imports that are not sources. */
  readonly packages: Readonly<Record<string, readonly string[]>>;
  /** Files of packages with global declarations. */
  readonly ambient: readonly string[];
}

/** Internal to the compiler; ts-morph pins it. */
interface Bound {
  readonly imports?: readonly ts.StringLiteralLike[];
  readonly moduleAugmentations?: readonly unknown[];
}

/**
 * What the answers of a program depend on.
 *
 * @param everywhere sources that may have global declarations
 * @returns undefined if another source has them, or if it is unknown
 */
export function environmentOf(ts: Typescript, program: ts.Program, everywhere: ReadonlySet<string>): Omit<Checked, "deferred"> | undefined {
  const find = (program as { getResolvedModuleFromModuleSpecifier?: (specifier: ts.StringLiteralLike, file: ts.SourceFile) => { readonly resolvedModule?: ts.ResolvedModule } | undefined }).getResolvedModuleFromModuleSpecifier; // prettier-ignore
  if (typeof find !== "function") return undefined;
  const leads = new Map<string, readonly string[]>();
  const packages = new Map<string, readonly string[]>();
  const ambient: string[] = [];
  for (const file of program.getSourceFiles()) {
    const { fileName: path, isDeclarationFile } = file;
    if (path.startsWith(`${LIBRARY}/`)) continue;
    const { imports, moduleAugmentations } = file as Bound;
    const isAmbient = !ts.isExternalModule(file) || (moduleAugmentations?.length ?? 0) > 0;
    if (isDeclarationFile || path.includes("/node_modules/")) {
      if (isAmbient && !everywhere.has(path)) ambient.push(path);
      continue;
    }
    if (imports === undefined || (isAmbient && !everywhere.has(path)) || refers(file)) return undefined;
    const found = imports.flatMap((one) => find.call(program, one, file)?.resolvedModule?.resolvedFileName ?? []);
    const isSource = (to: string): boolean => !to.includes("/node_modules/") && !/\.d\.[^/]*[cm]?ts$/.test(to);
    leads.set(path, found.filter(isSource));
    packages.set(path, found.filter((to) => !isSource(to))); // prettier-ignore
  }
  return { leads: Object.fromEntries(leads), packages: Object.fromEntries(packages), ambient };
}

/** Whether a file refers to others by a comment. */
function refers({ referencedFiles, typeReferenceDirectives, libReferenceDirectives }: ts.SourceFile): boolean {
  return referencedFiles.length + typeReferenceDirectives.length + libReferenceDirectives.length > 0;
}

/**
 * Whether global declarations are the same in a program after some edits.
 *
 * @param held files with types left to the checker whose answers are to hold
 * @param now what was asked again, in a program that has all of `before.ambient`
 */
export function isSameEverywhere(
  before: Checked,
  now: Checked,
  held: Iterable<string>,
  everywhere: Iterable<string>,
  edits: ReadonlySet<string>,
): boolean {
  const known = new Set(before.ambient);
  if (!now.ambient.every((path) => known.has(path))) return false;
  // The import that leads to a package may be gone, and the package with it.
  const reached = new Set(Object.values(now.packages).flat());
  const seen = new Set<string>();
  const open = [...held, ...everywhere];
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    if (seen.has(path) || edits.has(path)) continue;
    seen.add(path);
    for (const one of before.packages[path] ?? []) reached.add(one);
    open.push(...(before.leads[path] ?? []));
  }
  return Object.values(before.packages).every((all) => all.every((path) => reached.has(path)));
}

/** The dependencies of the answers of two programs. The second has those that do not hold in the first. */
export function joinedChecked(before: Checked, now: Checked, held: readonly string[], edits: ReadonlySet<string>): Checked {
  const unedited = <T>(all: Readonly<Record<string, T>>): Record<string, T> =>
    Object.fromEntries(Object.entries(all).filter(([path]) => !edits.has(path)));
  return {
    deferred: [...new Set([...held, ...now.deferred])],
    leads: { ...unedited(before.leads), ...now.leads },
    packages: { ...unedited(before.packages), ...now.packages },
    ambient: held.length === 0 ? now.ambient : before.ambient,
  };
}
