import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { CodegenError } from "../errors.js";
import type { Change } from "./change.js";
import { compareManifests } from "./compare.js";
import { textAt } from "./git.js";
import { parseManifest } from "./manifest.js";

export type { Change, ChangeCode } from "./change.js";
export { changesText } from "./text.js";

/** A manifest as a run of the generator made it. */
export interface WrittenManifest {
  /** Relative to the working directory, with `/`. */
  readonly path: string;
  readonly text: string;
}

/** What to compare with: a file, or the same manifest as it was committed at a ref of git. */
export type Old = { readonly file: string } | { readonly ref: string };

/** The outcome of a comparison. */
export interface Comparison {
  /** `old.manifest.json`, `stem.manifest.json at origin/main`. */
  readonly with: string;
  /** Breaking changes first. */
  readonly changes: readonly Change[];
  readonly breaks: boolean;
}

/**
 * Says what the sources have changed since an older manifest, and what that breaks.
 * Breaks are jobs that are queued, runs that sleep, and consumers.
 *
 * @throws {CodegenError} `STEM_MANIFEST` if one of them cannot be read, `STEM_GIT` for a ref that does not
 * lead to one
 */
export function compareWith(old: Old, now: WrittenManifest, cwd: string): Comparison {
  const shown = "file" in old ? old.file : `${now.path} at ${old.ref}`;
  const text = "file" in old ? textOf(old.file, cwd) : textAt(old.ref, now.path, cwd);
  const changes = compareManifests(parseManifest(text, shown), parseManifest(now.text, now.path));
  return { with: shown, changes, breaks: changes.some(({ verdict }) => verdict === "breaks") };
}

function textOf(file: string, cwd: string): string {
  try {
    return readFileSync(resolve(cwd, file), "utf8");
  } catch (error) {
    throw new CodegenError(
      "STEM_MANIFEST",
      `There is no ${file} that can be read.`,
      "Give --diff the path of an older stem.manifest.json.",
      {
        cause: error,
      },
    );
  }
}
