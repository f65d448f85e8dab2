import { dirname } from "node:path";
import { type Disk, stampOf } from "./disk.js";
import type { Diagnostic, MarkedClass, WrittenEvent } from "./model.js";
import type { Before, Part } from "./cache/part.js";
import { Again, partOf } from "./read/again.js";
import { Ancestors } from "./read/ancestors.js";
import { Bodies } from "./read/body.js";
import { Classes } from "./read/classes.js";
import { Composed, type Declared } from "./read/composed.js";
import type { ReadFile } from "./read/file.js";
import { foldersOf } from "./read/folders.js";
import type { Typescript } from "./read/load.js";
import { Marks } from "./read/marks.js";
import { Origins } from "./read/origin.js";
import { findProject, importSuffix, packageOf, posix, type Project } from "./read/project.js";
import { reach, type Reached } from "./read/reach.js";
import { type Noted, Sources } from "./read/sources.js";
import { Values } from "./read/values.js";
import { type Schemas, Types, type TypesOptions, type Wanted } from "./types/index.js";

/** What a project says about its handlers. */
export interface Reading {
  readonly sourceRoot: string;
  /** Marked classes by file, files in code-unit order, classes in source order. */
  readonly classes: readonly MarkedClass[];
  /** Events that files export, in the same order. */
  readonly events: readonly WrittenEvent[];
  readonly diagnostics: readonly Diagnostic[];
  /** The folder of the tsconfig. */
  readonly folder: string;
  /** Describes types. To be called once, last: then unused files are dropped. */
  readonly describe: (wanted: readonly Wanted[], checked?: TypesOptions["checked"]) => Schemas;
  /** How imports in a file at that path end. */
  readonly suffix: (out: string) => ".js" | "";
  /** What another run can reuse, once all is described; undefined if it cannot. */
  readonly part: () => Part | undefined;
}

export interface ReaderOptions {
  readonly disk: Disk;
  readonly cwd: string;
  readonly project: string | undefined;
  /** Decorators declared to apply Stem's; relative modules are relative to `cwd`. */
  readonly decorators: readonly Declared[];
  /** The generated file, which is not read: absolute, or given the source root. */
  readonly out: (sourceRoot: string) => string;
  /** What an earlier run has found out. */
  readonly before?: Before | undefined;
}

/**
 * Reads a project, over and over if need be: files that have not changed are not parsed again.
 * With the folders `read/` and `types/` the only code that touches ts-morph. It uses its compiler directly:
 * nothing is edited, so the wrapped tree would only cost time.
 */
export class Reader {
  readonly #ts: Typescript;
  readonly #options: ReaderOptions;
  readonly #sources: Sources;
  readonly #origins: Origins;
  readonly #composed: Composed;
  readonly #classes: Classes;
  /** What was read from each file, and its sources: after an edit few files have another result. */
  readonly #read = new Map<string, { readonly value: ReadFile; readonly from: Noted }>();
  readonly #types: Types;
  /**
   * What the last look found, for the reading that follows it.
   * Listing the folders takes as long as reading a few hundred files again.
   */
  #seen: Project | Diagnostic | undefined;
  readonly #again: Again | undefined;

  constructor(ts: Typescript, options: ReaderOptions) {
    this.#ts = ts;
    this.#options = options;
    const again = (this.#again = options.before && new Again(options.before));
    this.#sources = new Sources(ts, options.disk, again && ((path, content) => again.glance(path, content)));
    const origins = (this.#origins = new Origins(ts, this.#sources));
    const values = new Values(ts, origins);
    this.#types = new Types(ts, this.#sources, origins, values);
    const composed = (this.#composed = new Composed(ts, origins, values));
    const marks = new Marks(ts, this.#sources, origins, values, composed);
    const bodies = new Bodies(ts, this.#sources, origins, values, composed, marks);
    this.#classes = new Classes(ts, this.#sources, origins, marks, new Ancestors(ts, composed), bodies);
  }

  /**
   * @throws {CodegenError} `STEM_PROJECT_NOT_FOUND`, `STEM_CODEGEN_CONFIG`.
   * @throws {Unsure} if the result of an earlier run cannot be reused
   */
  read(): Reading | Diagnostic {
    const project = this.#seen ?? this.#project();
    this.#seen = undefined;
    if ("code" in project) return project;
    const classes: MarkedClass[] = [];
    const events: WrittenEvent[] = [];
    const diagnostics: Diagnostic[] = [];
    this.#sources.begin(project.options);
    const { decorators, cwd } = this.#options;
    const config = `${posix(cwd)}/stem.config.ts`;
    this.#composed.begin(decorators, config);
    const named = decorators.map(({ decorator }) => decorator.split("#")[1]!);
    const out = this.#options.out(project.sourceRoot);
    const reached = reach(this.#sources, project.files, out);
    const outside = new Set(reached.files);
    const augmenting = [...project.files, ...reached.files, ...project.declarations].filter(
      (path) => this.#sources.glance(path)?.augments === true,
    );
    this.#origins.augment(augmenting);
    const { options, folder, declarations, sourceRoot } = project;
    const known = [...new Set([...declarations, ...augmenting])];
    const stamp = JSON.stringify([options, project.files, declarations]);
    const now = { sources: this.#sources, project: stamp, everywhere: [...known, config] };
    this.#again?.begin(now);
    const read = new Map<string, ReadFile>();
    const marked = new Set(this.#sources.marked([...project.files, ...reached.files], named));
    for (const path of marked) {
      const file = this.#again?.file(path) ?? this.#classesIn(path);
      read.set(path, file);
      const { found, events: declared = [], calls = [], broken } = file;
      for (const one of declared) {
        events.push(outside.has(path) ? { ...one, via: this.#via({ ...one, name: one.constant }, path, reached, out) } : one);
      }
      for (const one of found) classes.push(outside.has(path) ? { ...one, via: this.#via(one, path, reached, out) } : one);
      for (const place of calls) {
        const message =
          "this calls a decorator of nestjs-stem on a class, which is not read, so that the client would lack it. Write it with @ on the class.";
        diagnostics.push({ ...place, code: "STEM1103", severity: "error", message });
      }
      if (broken === undefined) continue;
      const message = `this file uses nestjs-stem and cannot be parsed: ${broken.text.replace(/\.$/, "")}. Correct the syntax.`;
      diagnostics.push({ ...broken.place, code: "STEM1016", severity: "error", message });
    }
    let kept: Schemas["kept"] = () => undefined;
    let environment: Schemas["checked"] = () => undefined;
    const describe: Reading["describe"] = (wanted, checked) => {
      const files = JSON.stringify([project.files, augmenting.map((path) => [path, this.#sources.source(path)?.tree.text])]);
      const schemas = this.#types.describe(wanted, {
        options,
        folder,
        stamp: files,
        declarations: known,
        checked,
        kept: this.#again?.types,
        ambient: this.#again?.ambient(),
      });
      let all: ReturnType<Schemas["kept"]> | "unasked" = "unasked";
      kept = () => (all = all === "unasked" ? schemas.kept() : all);
      this.#again?.check(wanted, { kept, checked: schemas.checked });
      environment = schemas.checked;
      this.#sources.end();
      for (const path of this.#read.keys()) if (!marked.has(path)) this.#read.delete(path);
      return schemas;
    };
    return {
      sourceRoot,
      folder,
      classes,
      events,
      diagnostics,
      describe,
      part: () => partOf(now, read, { kept, checked: environment }, this.#again),
      suffix: (out) => importSuffix(this.#ts, this.#options.disk, options, out),
    };
  }

  /**
   * What to watch, and whether there is anything to read again.
   * `changed` compares the files read last with the disk, and `stamp` differs if the project's options or
   * list of files does.
   *
   * @throws {CodegenError} `STEM_PROJECT_NOT_FOUND`
   */
  look(): { readonly folders: readonly string[]; readonly changed: boolean; readonly stamp: string } {
    const project = this.#project();
    this.#seen = project;
    const changed = this.#sources.changed();
    if ("code" in project) return { folders: [dirname(project.file)], changed, stamp: `${project.message} ${stampOf(project.file)}` };
    const followed = this.#sources.paths().filter((path) => !path.includes("/node_modules/"));
    const stamp = [JSON.stringify(project.options), ...project.files].join("\n");
    return { folders: foldersOf({ ...project, files: [...project.files, ...followed] }), changed, stamp };
  }

  #classesIn(path: string): ReadFile {
    try {
      const before = this.#read.get(path);
      if (before !== undefined && this.#sources.hold(before.from)) return before.value;
      const read = this.#sources.noting(() => this.#classesAnew(path));
      this.#read.set(path, read);
      return read.value;
    } catch (error) {
      // Parser and readers recurse with the source; some thousand levels deep the stack overflows.
      if (!(error instanceof RangeError)) throw error;
      return { found: [], broken: { place: { file: path, line: 1, column: 1 }, text: "it is nested too deeply" } };
    }
  }

  /** What the parser makes of a broken file is a guess, and a client written from it could lack a task. */
  #classesAnew(path: string): ReadFile {
    const source = this.#sources.source(path);
    if (source === undefined) return { found: [] };
    if (source.broken !== undefined) return { found: [], broken: source.broken };
    return { found: this.#classes.in(source), events: this.#classes.events(source), calls: this.#classes.calls(source) };
  }

  /**
   * How the project imports a class that is outside it: as it imports it already, else by its path within the
   * same package.
   */
  #via(
    { name, exportedAs }: Pick<MarkedClass, "name" | "exportedAs">,
    path: string,
    { entries }: Reached,
    out: string,
  ): MarkedClass["via"] {
    for (const { specifier, file } of entries) {
      for (const wanted of [exportedAs, name]) {
        const found = wanted === undefined ? undefined : this.#origins.member(wanted, { kind: "module", path: file });
        if (found?.kind !== "declared" || found.source.path !== path || !("name" in found.node)) continue;
        const declared = found.node.name as { readonly text?: unknown } | undefined;
        if (declared?.text === name) return { specifier, exportedAs: wanted! };
      }
    }
    return packageOf(this.#options.disk, path) === packageOf(this.#options.disk, out) ? undefined : "unexported";
  }

  #project(): Project | Diagnostic {
    const project = findProject(this.#ts, this.#options.disk, this.#options.cwd, this.#options.project);
    if ("code" in project) return project;
    const out = this.#options.out(project.sourceRoot);
    return { ...project, files: project.files.filter((path) => path !== out) };
  }
}
