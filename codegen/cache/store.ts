import { mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { hashOf } from "../disk.js";

/** The folder for data between runs, in the nearest `node_modules`; undefined if there is none. */
export function cacheFolder(base: string): string | undefined {
  for (let at = base; ; at = dirname(at)) {
    const modules = join(at, "node_modules");
    if (statSync(modules, { throwIfNoEntry: false })?.isDirectory() === true) return join(modules, ".cache/nestjs-stem");
    if (dirname(at) === at) return undefined;
  }
}

/** The value kept in a file; undefined if there is none, or the file is damaged. */
export function load(path: string): unknown {
  try {
    const text = readFileSync(path, "utf8");
    const end = text.indexOf("\n");
    const body = text.slice(end + 1);
    return end !== -1 && text.slice(0, end) === hashOf(body) ? JSON.parse(body) : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Keeps a value as a whole or not at all: of two processes at once, the last one counts.
 * A cache that cannot be written is skipped.
 */
export function save(path: string, value: unknown): void {
  const beside = `${path}.${process.pid}.tmp`;
  try {
    const body = JSON.stringify(value);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(beside, `${hashOf(body)}\n${body}`);
    renameSync(beside, path);
  } catch {
    try {
      rmSync(beside, { force: true });
    } catch {
      // Not an error: the run has done its work.
    }
  }
}
