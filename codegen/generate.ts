import { relative, resolve } from "node:path";
import { check } from "./check.js";
import { CodegenError } from "./errors.js";
import type { Diagnostic } from "./model.js";
import { Reader } from "./read.js";
import { clientText } from "./write/client.js";
import { unifiedDiff } from "./write/diff.js";
import { currentText, writeAtomically } from "./write/file.js";

export interface GenerateOptions {
  /** A tsconfig, or a folder with one. Default `tsconfig.json`. */
  readonly project?: string | undefined;
  /** The file to write. Default `stem/stem.gen.ts` in the source root: the tsconfig's `rootDir`, else `src`, else its folder. */
  readonly out?: string | undefined;
  /** Write nothing; say whether the file is up to date. */
  readonly check?: boolean | undefined;
  /** What paths are relative to. Default: the working directory of the process. */
  readonly cwd?: string | undefined;
}

/** What a run of the generator did. */
export interface Generated {
  /** The generated file, relative to `cwd`, with `/`. */
  readonly out: string;
  readonly tasks: number;
  readonly workflows: number;
  /** In order of their places; files relative to `cwd`, with `/`. */
  readonly diagnostics: readonly Diagnostic[];
  /**
   * `written` · `unchanged`: the file was up to date and was not touched · `stale`: it is not up to date (with `check`) · `errors`: an error is
   * among the diagnostics, nothing was written.
   */
  readonly state: "written" | "unchanged" | "stale" | "errors";
  /** With state `stale`: from the file as it is to what it should be, as a unified diff. */
  readonly diff?: string;
  /** Wall time. */
  readonly ms: number;
}

/**
 * Reads the project and writes its typed client.
 *
 * @throws {CodegenError} `STEM_MISSING_PEER` without ts-morph, `STEM_PROJECT_NOT_FOUND`, `STEM_OUT_REFUSED`. What is wrong in the sources is not
 * thrown but returned as diagnostics.
 */
export async function generate(options: GenerateOptions = {}): Promise<Generated> {
  const started = performance.now();
  return pass(await open(options), options, started);
}

/** `file:line:col - error STEM1003: …`, which editors and terminals link. */
export function formatDiagnostic({ file, line, column, severity, code, message }: Diagnostic): string {
  return `${file}:${line}:${column} - ${severity} ${code}: ${message}`;
}

/** A reader for those options. @throws as `generate` */
export function open({ project, out, cwd }: GenerateOptions): Promise<Reader> {
  const base = resolve(cwd ?? process.cwd());
  return Reader.open({ cwd: base, project, out: (sourceRoot) => outPath(base, out, sourceRoot) });
}

/** One run on a reader, which may have run before. @throws as `generate` */
export function pass(reader: Reader, options: GenerateOptions, started = performance.now()): Generated {
  const base = resolve(options.cwd ?? process.cwd());
  const show = (path: string): string => posix(relative(base, path));
  const ended = () => Math.round(performance.now() - started);
  const reading = reader.read();
  if ("code" in reading) {
    const diagnostics = [at(reading, show(reading.file))];
    return { out: show(outPath(base, options.out, base)), tasks: 0, workflows: 0, diagnostics, state: "errors", ms: ended() };
  }
  const out = outPath(base, options.out, reading.sourceRoot);
  const checked = check(reading.classes, show);
  const diagnostics = [...reading.diagnostics, ...checked.diagnostics].map((one) => at(one, show(one.file)));
  const counts = {
    out: show(out),
    tasks: checked.handlers.filter(({ kind }) => kind === "task").length,
    workflows: checked.handlers.filter(({ kind }) => kind === "workflow").length,
    diagnostics,
  };
  if (diagnostics.some(({ severity }) => severity === "error")) return { ...counts, state: "errors", ms: ended() };
  const text = clientText(checked.handlers, out, reading.suffix(out));
  const before = currentText(out, show(out));
  if (before === text) return { ...counts, state: "unchanged", ms: ended() };
  if (options.check === true) {
    const diff = unifiedDiff(before ?? "", text, { before: before === undefined ? "/dev/null" : show(out), after: show(out) });
    return { ...counts, state: "stale", diff, ms: ended() };
  }
  writeAtomically(out, text, show(out));
  return { ...counts, state: "written", ms: ended() };
}

function at(diagnostic: Diagnostic, file: string): Diagnostic {
  return { ...diagnostic, file };
}

/** Absolute path of the generated file, with `/`. @throws {CodegenError} `STEM_OUT_REFUSED` */
export function outPath(base: string, out: string | undefined, sourceRoot: string): string {
  const path = posix(resolve(base, out ?? `${sourceRoot}/stem/stem.gen.ts`));
  if (/(?<!\.d)\.[cm]?ts$/.test(path)) return path;
  throw new CodegenError(
    "STEM_OUT_REFUSED",
    `"${out}" is not a TypeScript file.`,
    "Give --out a path that ends in .ts: src/stem/stem.gen.ts",
  );
}

function posix(path: string): string {
  return path.replaceAll("\\", "/");
}
