import { readdirSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { posix, type Project } from "./project.js";

/** Every folder in which a source may appear: those of the files, and all below the included ones. */
export function foldersOf({ config, configs, files, folder, includes, options }: Project): readonly string[] {
  const found = new Set([...files, ...configs].map((path) => dirname(path)));
  found.add(config === undefined ? folder : dirname(config));
  const skipped = new Set(
    [options.outDir, options.declarationDir].filter((path) => path !== undefined).map((path) => posix(resolve(path))),
  );
  const walk = (path: string): void => {
    found.add(path);
    for (const entry of entriesOf(path)) {
      const below = `${path}/${entry.name}`;
      if (entry.isDirectory() && !/^(?:\.|node_modules$|dist$|coverage$)/.test(entry.name) && !skipped.has(below)) walk(below);
    }
  };
  for (const path of includes) walk(path);
  return [...found].filter(isFolder).sort();
}

function entriesOf(path: string) {
  try {
    return readdirSync(path, { withFileTypes: true });
  } catch {
    return [];
  }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}
