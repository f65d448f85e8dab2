import type { WrittenManifest } from "./compat/index.js";
import type { Diagnostic } from "./model.js";

export interface GenerateOptions {
  /** A tsconfig, or a folder with one. Default `tsconfig.json`. */
  readonly project?: string | undefined;
  /**
   * The file to write.
   * Default `stem/stem.gen.ts` in the source root: the tsconfig's `rootDir`, else `src`, else its folder.
   */
  readonly out?: string | undefined;
  /** One of several applications, by its name in nest-cli.json or stem.config. Default: all of them. */
  readonly app?: string | undefined;
  /** Where the manifest goes. Default `stem.manifest.json` in the folder of the tsconfig. */
  readonly manifest?: string | undefined;
  /**
   * A folder for a package for producers in other repositories: the client with its types written out.
   * Default: none is written.
   */
  readonly standalone?: string | undefined;
  /** Write nothing; say whether the file is up to date. */
  readonly check?: boolean | undefined;
  /** False: neither read nor write the cache of the last run. Default true, but for `check` in CI. */
  readonly cache?: boolean | undefined;
  /** The folder that paths are relative to. Default: the working directory of the process. */
  readonly cwd?: string | undefined;
}

/** What a run of the generator did. */
export interface Generated {
  /** The application, where there are several. */
  readonly app?: string;
  /** The generated file, relative to `cwd`, with `/`. */
  readonly out: string;
  readonly tasks: number;
  readonly workflows: number;
  readonly schedules: number;
  /** In order of their places; files relative to `cwd`, with `/`. */
  readonly diagnostics: readonly Diagnostic[];
  /**
   * `written`: the client, the manifest or both.
   * `unchanged`: both were up to date and were not touched.
   * `stale`: one is not up to date (with `check`).
   * `errors`: an error is among the diagnostics, nothing was written.
   * `empty`: one of several applications, without handlers, has no client and needs none.
   */
  readonly state: "written" | "unchanged" | "stale" | "errors" | "empty";
  /** With state `stale`: from the file as it is to what it should be, as a unified diff. */
  readonly diff?: string;
  /** The manifest of the sources, written or not; missing with state `errors`. */
  readonly manifest?: WrittenManifest | undefined;
  /** The folder of the standalone package, if one was asked for: relative to `cwd`, with `/`. */
  readonly standalone?: string;
  /** Wall time. */
  readonly ms: number;
}

/** `file:line:col - error STEM1003: …`, which editors and terminals link. */
export function formatDiagnostic({ file, line, column, severity, code, message }: Diagnostic): string {
  return `${file}:${line}:${column} - ${severity} ${code}: ${message}`;
}
