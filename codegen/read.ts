import { dirname } from "node:path";
import type { Diagnostic, MarkedClass } from "./model.js";
import { Classes } from "./read/classes.js";
import { loadTypescript, type Typescript } from "./read/load.js";
import { Marks } from "./read/marks.js";
import { Origins } from "./read/origin.js";
import { findProject, foldersOf, importSuffix, type Project } from "./read/project.js";
import { Sources, stampOf } from "./read/sources.js";
import { Values } from "./read/values.js";

/** What a project says about its handlers. */
export interface Reading {
  readonly sourceRoot: string;
  /** Marked classes by file, files in code-unit order, classes in source order. */
  readonly classes: readonly MarkedClass[];
  readonly diagnostics: readonly Diagnostic[];
  /** How imports in a file at that path end. */
  readonly suffix: (out: string) => ".js" | "";
}

export interface ReaderOptions {
  readonly cwd: string;
  readonly project: string | undefined;
  /** The generated file, which is not read: absolute, or given the source root. */
  readonly out: (sourceRoot: string) => string;
}

/**
 * Reads a project, over and over if need be: files that have not changed are not parsed again. With its folder `read/` the only code
 * that touches ts-morph, of which it uses the compiler directly: nothing is edited, so the wrapped tree would cost time for nothing.
 */
export class Reader {
  readonly #ts: Typescript;
  readonly #options: ReaderOptions;
  readonly #sources: Sources;
  readonly #classes: Classes;
  /** What the last look found, for the reading that follows it: listing the folders takes as long as reading a few hundred files again. */
  #seen: Project | Diagnostic | undefined;

  private constructor(ts: Typescript, options: ReaderOptions) {
    this.#ts = ts;
    this.#options = options;
    this.#sources = new Sources(ts);
    const origins = new Origins(ts, this.#sources);
    const values = new Values(ts, origins);
    this.#classes = new Classes(ts, this.#sources, origins, new Marks(ts, this.#sources, origins, values));
  }

  /** @throws {CodegenError} `STEM_MISSING_PEER` */
  static async open(options: ReaderOptions): Promise<Reader> {
    return new Reader(await loadTypescript(), options);
  }

  /** @throws {CodegenError} `STEM_PROJECT_NOT_FOUND` */
  read(): Reading | Diagnostic {
    const project = this.#seen ?? this.#project();
    this.#seen = undefined;
    if ("code" in project) return project;
    const classes: MarkedClass[] = [];
    const diagnostics: Diagnostic[] = [];
    for (const path of this.#sources.begin(project.options, project.files)) {
      const source = this.#sources.source(path);
      if (source === undefined) continue;
      // What the parser makes of a broken file is a guess; a client written from it could lack a task.
      if (source.broken === undefined) classes.push(...this.#classes.in(source));
      else {
        const message = `this file uses nestjs-stem and cannot be parsed: ${source.broken.text.replace(/\.$/, "")}. Correct the syntax.`;
        diagnostics.push({ ...source.broken.place, code: "STEM1016", severity: "error", message });
      }
    }
    this.#sources.end();
    return { sourceRoot: project.sourceRoot, classes, diagnostics, suffix: (out) => importSuffix(this.#ts, project.options, out) };
  }

  /**
   * What to watch, and whether there is anything to read anew: `changed` compares the files read last with the disk, and `stamp` differs
   * whenever the project's options or list of files does.
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

  #project(): Project | Diagnostic {
    const project = findProject(this.#ts, this.#options.cwd, this.#options.project);
    if ("code" in project) return project;
    const out = this.#options.out(project.sourceRoot);
    return { ...project, files: project.files.filter((path) => path !== out) };
  }
}
