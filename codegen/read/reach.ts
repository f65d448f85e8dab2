import { builtinModules } from "node:module";
import { dirname, posix } from "node:path";
import { byCodeUnit } from "../model.js";
import { isKnownPackage } from "./origin.js";
import { DECLARATIONS, TESTS } from "./project.js";
import type { Sources } from "./sources.js";

/** Files outside the tsconfig's own that the project imports at run time. */
export interface Reached {
  /**
   * In code-unit order: libraries of a monorepo, packages of a workspace, files that `include` leaves out.
   */
  readonly files: readonly string[];
  /** The names by which the project imports which of them: shortest first. */
  readonly entries: readonly { readonly specifier: string; readonly file: string }[];
}

const BUILTIN = new Set(builtinModules);

/**
 * Follows the imports of a project as far as there are sources.
 * That is through `paths`, packages of the same workspace, and relative paths. A module from which only types
 * are imported is not run by this application, so its handlers do not belong to it.
 */
export function reach(sources: Sources, own: readonly string[], out: string): Reached {
  const seen = new Set([...own, out]);
  const found: string[] = [];
  const entries = new Map<string, string>();
  const bare = new Map<string, string | undefined>();
  const queue = [...own];
  for (let file = queue.pop(); file !== undefined; file = queue.pop()) {
    for (const specifier of sources.glance(file)?.modules ?? []) {
      let path: string | undefined;
      if (specifier.startsWith(".")) {
        if (isSeen(seen, file, specifier)) continue;
        path = sources.resolve(specifier, { path: file });
      } else {
        if (specifier.startsWith("node:") || BUILTIN.has(specifier) || isKnownPackage(specifier)) continue;
        // The same from everywhere in a project, as far as its own sources go.
        if (!bare.has(specifier)) bare.set(specifier, sources.resolve(specifier, { path: file }));
        path = bare.get(specifier);
        if (path !== undefined && (entries.get(specifier) ?? path) === path) entries.set(specifier, path);
      }
      if (path === undefined || seen.has(path)) continue;
      seen.add(path);
      if (path.includes("/node_modules/") || DECLARATIONS.test(path) || TESTS.test(path)) continue;
      found.push(path);
      queue.push(path);
    }
  }
  const files = new Set(found);
  return {
    files: found.sort(),
    entries: [...entries]
      .map(([specifier, file]) => ({ specifier, file }))
      .filter(({ file }) => files.has(file))
      .sort((a, b) => a.specifier.length - b.specifier.length || byCodeUnit(a.specifier, b.specifier)),
  };
}

/**
 * Whether a relative import leads to a file that is known already, as nearly all do. Does not read the disk.
 */
function isSeen(seen: ReadonlySet<string>, file: string, specifier: string): boolean {
  const path = posix.join(dirname(file), specifier);
  const plain = path.replace(/\.([cm]?)jsx?$/, ".$1ts");
  return seen.has(path) || seen.has(plain) || seen.has(`${path}.ts`) || seen.has(`${path}/index.ts`) || seen.has(`${plain}x`);
}
