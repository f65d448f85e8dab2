import { dirname, relative, resolve } from "node:path";
import { type App, appsOf } from "./apps.js";
import { check, type Checked } from "./check.js";
import type { WrittenManifest } from "./compat/index.js";
import { readConfig } from "./config.js";
import { CodegenError } from "./errors.js";
import { describe, type Description, isManifest } from "./manifest/index.js";
import type { Diagnostic } from "./model.js";
import { Reader } from "./read.js";
import { loadTypescript } from "./read/load.js";
import { clientText, isClient } from "./write/client.js";
import { type PackageFile, standaloneFiles } from "./standalone/index.js";
import { unifiedDiff } from "./write/diff.js";
import { currentText, writeAtomically } from "./write/file.js";

export interface GenerateOptions {
  /** A tsconfig, or a folder with one. Default `tsconfig.json`. */
  readonly project?: string | undefined;
  /** The file to write. Default `stem/stem.gen.ts` in the source root: the tsconfig's `rootDir`, else `src`, else its folder. */
  readonly out?: string | undefined;
  /** One of several applications, by its name in nest-cli.json or stem.config. Default: all of them. */
  readonly app?: string | undefined;
  /** Where the manifest goes. Default `stem.manifest.json` in the folder of the tsconfig. */
  readonly manifest?: string | undefined;
  /** A folder for a package of its own: the client with its types written out, for producers in other repositories. Default: none is written. */
  readonly standalone?: string | undefined;
  /** Write nothing; say whether the file is up to date. */
  readonly check?: boolean | undefined;
  /** What paths are relative to. Default: the working directory of the process. */
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
  /** In order of their places; files relative to `cwd`, with `/`. */
  readonly diagnostics: readonly Diagnostic[];
  /**
   * `written`: the client, the manifest or both · `unchanged`: both were up to date and were not touched · `stale`: one is not up to date (with
   * `check`) · `errors`: an error is among the diagnostics, nothing was written · `empty`: one of several applications, without handlers, has no
   * client and needs none.
   */
  readonly state: "written" | "unchanged" | "stale" | "errors" | "empty";
  /** With state `stale`: from the file as it is to what it should be, as a unified diff. */
  readonly diff?: string;
  /** What the sources say as a manifest, whether it was written or not; missing with state `errors`. */
  readonly manifest?: WrittenManifest | undefined;
  /** The folder of the standalone package, if one was asked for: relative to `cwd`, with `/`. */
  readonly standalone?: string;
  /** Wall time. */
  readonly ms: number;
}

/**
 * Reads a project and writes its typed client.
 *
 * @throws {CodegenError} `STEM_MISSING_PEER` without ts-morph, `STEM_PROJECT_NOT_FOUND` (also if there are several applications and none is
 * named), `STEM_OUT_REFUSED`, `STEM_CODEGEN_CONFIG`. What is wrong in the sources is not thrown but returned as diagnostics.
 */
export async function generate(options: GenerateOptions = {}): Promise<Generated> {
  const started = performance.now();
  const [first, ...others] = await openAll(options);
  if (others.length === 0) return pass(first!, options, started);
  const names = [first!, ...others].map(({ app }) => app.name).join(", ");
  throw new CodegenError(
    "STEM_PROJECT_NOT_FOUND",
    `There are several applications here: ${names}.`,
    "Name one of them (app), or use generateAll.",
  );
}

/** As `generate`, for every application there is: in a Nest monorepo each has a client of its own. */
export async function generateAll(options: GenerateOptions = {}): Promise<readonly Generated[]> {
  return (await openAll(options)).map((opened) => pass(opened, options));
}

/** `file:line:col - error STEM1003: …`, which editors and terminals link. */
export function formatDiagnostic({ file, line, column, severity, code, message }: Diagnostic): string {
  return `${file}:${line}:${column} - ${severity} ${code}: ${message}`;
}

/** An application, and what reads it. */
export interface Opened {
  readonly app: App;
  readonly reader: Reader;
}

/** Every application those options mean. @throws as `generate` */
export async function openAll(options: GenerateOptions): Promise<readonly [Opened, ...Opened[]]> {
  const base = resolve(options.cwd ?? process.cwd());
  const ts = loadTypescript();
  const config = await readConfig(ts, base);
  const decorators = (config.decorators ?? []).map((one) => (typeof one === "string" ? { decorator: one } : one));
  const apps = appsOf(base, config, options);
  if (options.standalone !== undefined && apps.length > 1) {
    const hint = `Name one of them with --app: ${apps.map(({ name }) => name).join(", ")}.`;
    throw new CodegenError("STEM_OUT_REFUSED", `"${options.standalone}" cannot be the package of ${apps.length} applications.`, hint);
  }
  const [first, ...others] = apps.map((app): Opened => {
    const out = (sourceRoot: string): string => outPath(base, app.out, sourceRoot);
    return { app, reader: new Reader(ts, { cwd: base, project: app.project, decorators, out }) };
  });
  return [first!, ...others];
}

/** One run for an application, which may have run before. @throws as `generate` */
export function pass({ app, reader }: Opened, options: GenerateOptions, started = performance.now()): Generated {
  const base = resolve(options.cwd ?? process.cwd());
  const show = (path: string): string => posix(relative(base, path));
  const ended = () => Math.round(performance.now() - started);
  const named = app.name === undefined ? {} : { app: app.name };
  const reading = reader.read();
  if ("code" in reading) {
    const diagnostics = [at(reading, show(reading.file))];
    return { ...named, out: show(outPath(base, app.out, base)), tasks: 0, workflows: 0, diagnostics, state: "errors", ms: ended() };
  }
  const out = outPath(base, app.out, reading.sourceRoot);
  const checked = check(reading, show);
  const place = manifestPath(base, app.manifest, reading.folder);
  const described = describe(checked.handlers, reading, dirname(place), checked);
  const diagnostics = [...reading.diagnostics, ...checked.diagnostics, ...described.diagnostics].map((one) => at(one, show(one.file)));
  const counts = {
    ...named,
    out: show(out),
    tasks: checked.handlers.filter(({ kind }) => kind === "task").length,
    workflows: checked.handlers.filter(({ kind }) => kind === "workflow").length,
    diagnostics,
    ...(options.standalone !== undefined && { standalone: show(resolve(base, options.standalone)) }),
  };
  if (diagnostics.some(({ severity }) => severity === "error")) return { ...counts, state: "errors", ms: ended() };
  const manifest = { path: show(place), text: described.manifest };
  const files = [
    { path: out, text: clientText(checked, out, reading.suffix(out), described.definitions), own: isClient },
    { path: place, text: described.manifest, own: isManifest },
    ...packageOf(options, base, described, checked),
  ].map((file) => ({ ...file, before: currentText(file.path, show(file.path), file.own) }));
  if (app.name !== undefined && options.app === undefined && isEmpty(checked) && files[0]!.before === undefined) {
    return { ...counts, manifest, state: "empty", ms: ended() };
  }
  const stale = files.filter(({ text, before }) => text !== before);
  if (stale.length === 0) return { ...counts, manifest, state: "unchanged", ms: ended() };
  if (options.check === true) {
    const diffs = stale.map(({ path, text, before }) =>
      unifiedDiff(before ?? "", text, { before: before === undefined ? "/dev/null" : show(path), after: show(path) }),
    );
    return { ...counts, manifest, state: "stale", diff: diffs.join(""), ms: ended() };
  }
  for (const { path, text } of stale) writeAtomically(path, text, show(path));
  return { ...counts, manifest, state: "written", ms: ended() };
}

function isEmpty({ handlers, events, schedules }: Checked): boolean {
  return handlers.length + events.length + schedules.length === 0;
}

function at(diagnostic: Diagnostic, file: string): Diagnostic {
  return { ...diagnostic, file };
}

/** The files of the standalone package, if one is wanted. */
function packageOf(
  { standalone }: GenerateOptions,
  base: string,
  described: Description,
  { handlers, events, schedules }: Checked,
): readonly PackageFile[] {
  if (standalone === undefined) return [];
  const docs = new Map([
    ...handlers.map(({ kind, name, doc }) => [`${kind} ${name}`, doc] as const),
    ...events.map(({ name, doc }) => [`event ${name}`, doc] as const),
    ...schedules.map(({ name, doc }) => [`schedule ${name}`, doc] as const),
  ]);
  return standaloneFiles(posix(resolve(base, standalone)), described, (kind, name) => docs.get(`${kind} ${name}`));
}

/** Absolute path of the manifest, with `/`. @throws {CodegenError} `STEM_OUT_REFUSED` */
function manifestPath(base: string, manifest: string | undefined, folder: string): string {
  const path = posix(manifest === undefined ? `${folder}/stem.manifest.json` : resolve(base, manifest));
  if (path.endsWith(".json")) return path;
  throw new CodegenError(
    "STEM_OUT_REFUSED",
    `"${manifest}" is not a JSON file.`,
    "Give --manifest a path that ends in .json: stem.manifest.json",
  );
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
