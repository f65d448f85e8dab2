import type { ts } from "ts-morph";
import { libraryFiles, type Typescript } from "../read/load.js";
import type { Sources } from "../read/sources.js";

/** The folder that the declarations of the language seem to be in; it does not exist. */
export const LIBRARY = "/node_modules/typescript/lib";

/** Types that are there for tests, which no payload refers to. */
const FOR_TESTS = /^(?:jest|mocha|jasmine|vitest|chai|sinon|supertest)/;

/** The tree of a file; undefined if there is none, or if it is nested too deeply for the parser. */
export function treeOf(sources: Sources, path: string): ts.SourceFile | undefined {
  try {
    return sources.source(path)?.tree;
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/**
 * The declarations of the language, parsed once per process and compiler: they are the same in every project.
 */
const libraries = new WeakMap<Typescript, Map<string, ts.SourceFile | undefined>>();

/**
 * The compiler's program, made for the first type that needs it and kept for the next pass.
 * It shares the trees of `Sources`, so that the program knows a node found by syntax, and unchanged files are
 * neither read nor bound again.
 */
export class Programs {
  readonly #ts: Typescript;
  readonly #sources: Sources;
  readonly #libraries: Map<string, ts.SourceFile | undefined>;
  #texts: ReadonlyMap<string, string> | undefined;
  #last: { readonly program: ts.Program; readonly key: string } | undefined;

  constructor(ts: Typescript, sources: Sources) {
    this.#ts = ts;
    this.#sources = sources;
    let known = libraries.get(ts);
    if (known === undefined) libraries.set(ts, (known = new Map()));
    this.#libraries = known;
  }

  /**
   * @param roots the files whose types are asked for; what they import follows
   * @param stamp changes if files are added or removed, so that an import which led nowhere is looked up
   * again
   * @returns the same program as before if nothing in it has changed
   */
  of(roots: readonly string[], options: ts.CompilerOptions, stamp: string): ts.Program {
    const all: ts.CompilerOptions = {
      ...options,
      noEmit: true,
      skipLibCheck: true,
      lib: this.#languages(options),
      declaration: false,
      composite: false,
      incremental: false,
      types: (options.types ?? ["node"]).filter((name) => !FOR_TESTS.test(name)),
      // In every project: `undefined` counts in a schema.
      strictNullChecks: true,
    };
    delete all.tsBuildInfoFile;
    const key = JSON.stringify([all, roots, stamp]);
    if (this.#last?.key === key && this.isCurrent(this.#last.program)) return this.#last.program;
    const oldProgram = this.#last?.program;
    const program = this.#ts.createProgram({
      rootNames: [...roots],
      options: all,
      host: this.#host(all),
      ...(oldProgram && { oldProgram }),
    });
    this.#last = { program, key };
    return program;
  }

  /** Without those of browsers: they are half of all there is to parse, and none of it travels. */
  #languages(options: ts.CompilerOptions): string[] {
    const all = options.lib ?? [
      this.#ts
        .getDefaultLibFileName(options)
        .replace(".full", "")
        .replace(/^lib\.d\.ts$/, "lib.es5.d.ts")
        .replace(/^lib\.es6/, "lib.es2015"),
    ];
    return all.filter((name) => !/^lib\.(?:dom|webworker|scripthost)/.test(name));
  }

  /** Whether nothing in a program has changed. */
  isCurrent(program: ts.Program): boolean {
    return program.getSourceFiles().every((tree) => {
      const { fileName } = tree;
      if (fileName.startsWith(`${LIBRARY}/`) || !/\.[cm]?tsx?$/.test(fileName)) return true;
      return treeOf(this.#sources, fileName) === tree;
    });
  }

  #host(options: ts.CompilerOptions): ts.CompilerHost {
    const ts = this.#ts;
    const host = ts.createCompilerHost(options, true);
    const read = host.getSourceFile.bind(host);
    const { fileExists, directoryExists, readFile, getDirectories, readDirectory, realpath } = this.#sources.system;
    Object.assign(host, { fileExists, directoryExists, readFile, getDirectories, readDirectory, realpath });
    host.getDefaultLibLocation = () => LIBRARY;
    host.getDefaultLibFileName = (of) => `${LIBRARY}/${ts.getDefaultLibFileName(of)}`;
    host.getSourceFile = (path, format, ...rest) => {
      if (path.startsWith(`${LIBRARY}/`)) return this.#library(path, format);
      const tree = /\.[cm]?tsx?$/.test(path) ? treeOf(this.#sources, path) : undefined;
      if (tree === undefined || typeof format === "number") return tree ?? read(path, format, ...rest);
      // Set by the compiler's own reader, and used in binding.
      if (format.impliedNodeFormat !== undefined) tree.impliedNodeFormat = format.impliedNodeFormat;
      format.setExternalModuleIndicator?.(tree);
      return tree;
    };
    return host;
  }

  #library(path: string, format: ts.ScriptTarget | ts.CreateSourceFileOptions): ts.SourceFile | undefined {
    if (this.#libraries.has(path)) return this.#libraries.get(path);
    this.#texts ??= new Map(libraryFiles().map(({ fileName, text }) => [fileName, text]));
    const text = this.#texts.get(path.slice(LIBRARY.length + 1));
    const tree = text === undefined ? undefined : this.#parse(path, text, format);
    this.#libraries.set(path, tree);
    return tree;
  }

  #parse(path: string, text: string, format: ts.ScriptTarget | ts.CreateSourceFileOptions): ts.SourceFile {
    const options = typeof format === "object" ? format : { languageVersion: format };
    return this.#ts.createSourceFile(path, text, { ...options, jsDocParsingMode: this.#ts.JSDocParsingMode.ParseNone }, false);
  }
}
