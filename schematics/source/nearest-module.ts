import { posix } from "node:path";
import type { Tree } from "@angular-devkit/schematics";

/**
 * The module files nearest to a folder: those in it, or else in the first folder above that has any. Among
 * several in one folder, the one named after the folder (`mail/mail.module.ts`) stands for all, or else
 * `app.module.ts`.
 *
 * @param folder from the root of the workspace: `/src/mail`
 * @returns one path; several when none stands out; none when there is no module up to the root
 */
export function nearestModules(tree: Tree, folder: string): readonly string[] {
  const modules = tree
    .getDir(folder)
    .subfiles.map(String)
    .filter((name) => name.endsWith(".module.ts"))
    .sort();
  if (modules.length === 0) return folder === "/" ? [] : nearestModules(tree, posix.dirname(folder));
  const chosen = [`${posix.basename(folder)}.module.ts`, "app.module.ts"].find((name) => modules.includes(name));
  return (chosen === undefined ? modules : [chosen]).map((name) => posix.join(folder, name));
}
