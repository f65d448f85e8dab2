import { dirname, relative, resolve } from "node:path";
import { type App, appsOf } from "./apps.js";
import type { Kept, Outcome, Parts } from "./cache/kept.js";
import type { Before } from "./cache/part.js";
import { check, type Checked } from "./check.js";
import { readConfig } from "./config.js";
import { Disk } from "./disk.js";
import { CodegenError, Unsure } from "./errors.js";
import { describe, type Description, isManifest } from "./manifest/index.js";
import type { Diagnostic } from "./model.js";
import type { Generated, GenerateOptions } from "./outcome.js";
import { Reader } from "./read.js";
import { loadTypescript } from "./read/load.js";
import { clientText, isClient } from "./write/client.js";
import { type PackageFile, standaloneFiles } from "./standalone/index.js";
import { unifiedDiff } from "./write/diff.js";
import { currentText, writeAtomically } from "./write/file.js";

/** An application, and what reads it. */
export interface Opened {
  readonly app: App;
  readonly reader: Reader;
  /** A reader that does all of the work, if this one may take some of it from an earlier run. */
  readonly anew?: () => Reader;
}

/** The applications that the options select, and the disk they are read through. */
export interface OpenedAll {
  readonly disk: Disk;
  readonly apps: readonly Opened[];
}

/** Every application that the options select, at least one. @throws as `generate` */
export async function openAll(options: GenerateOptions, before?: Parts): Promise<OpenedAll> {
  const base = resolve(options.cwd ?? process.cwd());
  const ts = loadTypescript();
  const disk = new Disk();
  const config = await readConfig(disk, base);
  const decorators = (config.decorators ?? []).map((one) => (typeof one === "string" ? { decorator: one } : one));
  const apps = appsOf(disk, base, config, options);
  if (options.standalone !== undefined && apps.length > 1) {
    const hint = `Name one of them with --app: ${apps.map(({ name }) => name).join(", ")}.`;
    throw new CodegenError("STEM_OUT_REFUSED", `"${options.standalone}" cannot be the package of ${apps.length} applications.`, hint);
  }
  // The files read so far decide what has to be done.
  const known = before !== undefined && [...disk.paths()].every((path) => !before.edits.has(path)) ? before : undefined;
  const opened = apps.map((app): Opened => {
    const out = (sourceRoot: string): string => outPath(base, app.out, sourceRoot);
    const reader = (earlier: Before | undefined): Reader =>
      new Reader(ts, { disk, cwd: base, project: app.project, decorators, out, before: earlier });
    const earlier = known?.parts[app.name ?? ""];
    return { app, reader: reader(earlier), ...(earlier && { anew: () => reader(undefined) }) };
  });
  return { disk, apps: opened };
}

/** One run for each application, kept for the next time. @throws as `generate` */
export async function passes(
  { disk, apps }: OpenedAll,
  options: GenerateOptions,
  kept: Kept | undefined,
  started?: number,
): Promise<readonly Generated[]> {
  const outcomes = apps.map((opened) => passOrAnew(opened, options, started));
  for (const { made = [] } of outcomes) for (const path of made) disk.made(path);
  await kept?.keep(disk, outcomes);
  return outcomes.map(({ result }) => result);
}

function passOrAnew(opened: Opened, options: GenerateOptions, started: number | undefined): Outcome {
  try {
    return pass(opened, options, started);
  } catch (error) {
    if (!(error instanceof Unsure) || opened.anew === undefined) throw error;
    return pass({ app: opened.app, reader: opened.anew() }, options, started);
  }
}

/** One run for an application, which may have run before. @throws as `generate`; {Unsure} */
export function pass({ app, reader }: Opened, options: GenerateOptions, started = performance.now()): Outcome {
  const base = resolve(options.cwd ?? process.cwd());
  const show = (path: string): string => posix(relative(base, path));
  const ended = () => Math.round(performance.now() - started);
  const named = app.name === undefined ? {} : { app: app.name };
  const none = (result: Generated): Outcome => ({ result, files: [] });
  const reading = reader.read();
  if ("code" in reading) {
    const diagnostics = [at(reading, show(reading.file))];
    return none({
      ...named,
      out: show(outPath(base, app.out, base)),
      tasks: 0,
      workflows: 0,
      schedules: 0,
      diagnostics,
      state: "errors",
      ms: ended(),
    });
  }
  const { part } = reading;
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
    schedules: checked.schedules.length,
    diagnostics,
    ...(options.standalone !== undefined && { standalone: show(resolve(base, options.standalone)) }),
  };
  if (diagnostics.some(({ severity }) => severity === "error")) return none({ ...counts, state: "errors", ms: ended() });
  const manifest = { path: show(place), text: described.manifest };
  const files = [
    { path: out, text: clientText(checked, out, reading.suffix(out), described.definitions), own: isClient },
    { path: place, text: described.manifest, own: isManifest },
    ...packageOf(options, base, described, checked),
  ].map(({ path, text, own }) => {
    const before = currentText(path, show(path), own);
    // The file in the form that a linter left is as good.
    return { path, before, text: before !== undefined && isFixed(before, text) ? before : text };
  });
  if (app.name !== undefined && options.app === undefined && isEmpty(checked) && files[0]!.before === undefined) {
    return { result: { ...counts, manifest, state: "empty", ms: ended() }, files: [{ path: out, text: undefined }], part };
  }
  const stale = files.filter(({ text, before }) => text !== before);
  if (stale.length === 0) return { result: { ...counts, manifest, state: "unchanged", ms: ended() }, files, part };
  if (options.check === true) {
    const diffs = stale.map(({ path, text, before }) =>
      unifiedDiff(before ?? "", text, { before: before === undefined ? "/dev/null" : show(path), after: show(path) }),
    );
    return none({ ...counts, manifest, state: "stale", diff: diffs.join(""), ms: ended() });
  }
  for (const { path, text } of stale) writeAtomically(path, text, show(path));
  const made = stale.filter(({ before }) => before === undefined).map(({ path }) => path);
  return { result: { ...counts, manifest, state: "written", ms: ended() }, files, made, part };
}

/**
 * Whether a text differs by a directive that ESLint removed.
 * It removes one (`--fix` with reportUnusedDisableDirectives, its default) if its rules find nothing in the
 * file anyway.
 */
function isFixed(before: string, text: string): boolean {
  return LEFT.some((left) => before === text.replace(DIRECTIVE, left));
}

const DIRECTIVE = "/* eslint-disable */\n";
/**
 * ESLint leaves a space in place of the directive. Its next run, editors and people may remove it with its
 * line.
 */
const LEFT = [" \n", "\n", ""];

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
