import { dirname, extname } from "node:path";
import type { ts } from "ts-morph";
import { type Disk, stampOf } from "../disk.js";
import type { Place } from "../model.js";
import { type Glance, glanceAt, markedAmong } from "./glance.js";
import type { Typescript } from "./load.js";
import { Outputs } from "./outputs.js";

/** A parsed file. */
export interface Source {
  readonly path: string;
  readonly tree: ts.SourceFile;
  /** The first syntax error. */
  readonly broken: { readonly place: Place; readonly text: string } | undefined;
}

interface Kept {
  readonly stamp: string;
  readonly text: string;
  glance?: Glance;
  source?: Source;
}

/** What a piece of work asked the sources, with the answers. */
export interface Noted {
  readonly sources: Map<string, Source | undefined>;
  readonly modules: Map<string, { readonly specifier: string; readonly from: string; readonly path: string | undefined }>;
}

/**
 * The files of a project, read when asked for and kept until they change on disk.
 * Only the syntax is read: no types, no libraries, so a project that does not compile yet (the generated file
 * may still be missing) reads as well as any other.
 */
export class Sources {
  readonly #ts: Typescript;
  readonly #disk: Disk;
  /** The file system for resolving modules. */
  readonly system: ReturnType<Disk["system"]>;
  readonly #outputs: Outputs;
  readonly #files = new Map<string, Kept>();
  readonly #checked = new Set<string>();
  #options: ts.CompilerOptions = {};
  #resolved = new Map<string, string | undefined>();
  #noted: Noted | undefined;
  /** Files that the last `changed` found unchanged. */
  readonly #looked = new Set<string>();
  /** From each file, where its imports have led, as far as they were followed. */
  readonly #leads = new Map<string, Set<string>>();
  readonly #known: (path: string, content: string) => Glance | undefined;

  /** @param known the earlier glance at a file with that content, if known */
  constructor(ts: Typescript, disk: Disk, known: (path: string, content: string) => Glance | undefined = () => undefined) {
    this.#known = known;
    this.#ts = ts;
    this.#disk = disk;
    this.system = disk.system(ts);
    this.#outputs = new Outputs(ts, disk);
  }

  /** Starts a pass: each file is compared with the disk once more, and modules are looked up anew. */
  begin(options: ts.CompilerOptions): void {
    this.#options = options;
    this.#checked.clear();
    this.#resolved = new Map();
    this.#outputs.begin();
  }

  /** Those of `files` that may hold a decorator of Stem, also under a name in `named`, at a glance. */
  marked(files: readonly string[], named: readonly string[]): readonly string[] {
    const there = files.filter((path) => this.glance(path) !== undefined);
    const marked = markedAmong(
      there.map((path) => this.glance(path)!),
      named,
    );
    return there.filter((_, at) => marked[at]);
  }

  /** The glance at a file; undefined if it cannot be read. */
  glance(path: string): Glance | undefined {
    const file = this.#read(path);
    if (file === undefined) return undefined;
    file.glance ??= this.#known(path, this.content(path) ?? "") ?? glanceAt(file.text);
    this.#disk.glanced(path, file.glance);
    return file.glance;
  }

  /** The hash of a file that was read. */
  content(path: string): string | undefined {
    return this.#disk.peeked(path);
  }

  /** Drops files that the last pass did not use. */
  end(): void {
    for (const path of this.#files.keys()) if (!this.#checked.has(path)) this.#files.delete(path);
  }

  /** The files the last pass read, also those outside the project that it followed a name to. */
  paths(): readonly string[] {
    return [...this.#files.keys()];
  }

  /** Whether any of those files has changed since it was read. */
  changed(): boolean {
    this.#looked.clear();
    let changed = false;
    for (const [path, { stamp }] of this.#files) {
      if (stampOf(path) === stamp) this.#looked.add(path);
      else changed = true;
    }
    return changed;
  }

  /** Does a piece of work and notes its sources, for `hold` in a later pass. */
  noting<T>(work: () => T): { readonly value: T; readonly from: Noted } {
    const from: Noted = { sources: new Map(), modules: new Map() };
    this.#noted = from;
    try {
      return { value: work(), from };
    } finally {
      this.#noted = undefined;
    }
  }

  hold({ sources, modules }: Noted): boolean {
    for (const [path, source] of sources) if (this.source(path) !== source) return false;
    for (const { specifier, from, path } of modules.values()) if (this.resolve(specifier, { path: from }) !== path) return false;
    return true;
  }

  /** The parsed file; undefined if it cannot be read. */
  source(path: string): Source | undefined {
    const file = this.#read(path);
    this.#disk.whole(path);
    if (file !== undefined) file.source ??= this.#parse(path, file.text);
    this.#noted?.sources.set(path, file?.source);
    return file?.source;
  }

  /** The files that imports have led to in this pass. */
  imported(): Iterable<string> {
    return new Set([...this.#resolved.values()].filter((path) => path !== undefined));
  }

  /** The source file that an import of `specifier` in `from` means; undefined if there is none in reach. */
  resolve(specifier: string, from: Pick<Source, "path">): string | undefined {
    const key = `${dirname(from.path)}\0${specifier}`;
    if (!this.#resolved.has(key)) this.#resolved.set(key, this.#lookUp(specifier, from));
    const path = this.#resolved.get(key);
    if (path !== undefined) this.#lead(from.path, path);
    this.#noted?.modules.set(key, { specifier, from: from.path, path });
    return path;
  }

  /**
   * From each file, those that its imports led to, as far as they were followed. What was read from it
   * depends on them.
   */
  leads(): ReadonlyMap<string, ReadonlySet<string>> {
    return this.#leads;
  }

  #lead(from: string, to: string): void {
    const leads = this.#leads.get(from);
    if (leads === undefined) this.#leads.set(from, new Set([to]));
    else leads.add(to);
  }

  #lookUp(specifier: string, from: Pick<Source, "path">): string | undefined {
    const { resolvedModule } = this.#ts.resolveModuleName(specifier, from.path, this.#options, this.system);
    const found =
      resolvedModule === undefined ? undefined : this.#ts.sys.resolvePath(resolvedModule.resolvedFileName).replaceAll("\\", "/");
    const path = found !== undefined && /\.[cm]?tsx?$/.test(found) ? found : this.#guess(specifier, from);
    if (path === undefined) return this.#outputs.entry(specifier, from.path);
    return /\.d\.[cm]?ts$/.test(path) ? (this.#outputs.sourceOf(path) ?? path) : path;
  }

  /** Bundlers and Node disagree about suffixes; to find a constant any of the usual readings will do. */
  #guess(specifier: string, from: Pick<Source, "path">): string | undefined {
    if (!/^\.\.?(\/|$)/.test(specifier)) return undefined;
    const plain = `${dirname(from.path)}/${specifier}`.replace(/\.[cm]?js$/, "");
    const tries = [".ts", ".tsx", ".mts", ".cts", ".d.ts", "/index.ts"].map((end) => this.#ts.sys.resolvePath(plain + end));
    return tries.find((path) => this.system.fileExists(path))?.replaceAll("\\", "/");
  }

  place(node: ts.Node, source: Source): Place {
    return placeAt(source.tree, node.getStart(source.tree), source.path);
  }

  #read(path: string): Kept | undefined {
    const kept = this.#files.get(path);
    if (kept !== undefined && this.#checked.has(path)) return kept;
    // The look that led to this pass has just compared it; a later change leads to another pass.
    const stamp = kept !== undefined && this.#looked.delete(path) ? kept.stamp : stampOf(path);
    if (stamp === undefined) return void this.#disk.read(path);
    this.#checked.add(path);
    if (kept?.stamp === stamp) return kept;
    const text = this.#disk.peek(path);
    if (text === undefined) return undefined;
    const file: Kept = { stamp, text };
    this.#files.set(path, file);
    return file;
  }

  #parse(path: string, text: string): Source {
    const { JSDocParsingMode, ScriptKind, ScriptTarget, createSourceFile, flattenDiagnosticMessageText } = this.#ts;
    const format = { languageVersion: ScriptTarget.Latest, jsDocParsingMode: JSDocParsingMode.ParseNone };
    const tree = createSourceFile(path, text, format, true, extname(path) === ".tsx" ? ScriptKind.TSX : ScriptKind.TS);
    // Internal to the compiler, but the only way to the parser's errors without building a program; ts-morph
    // pins its compiler.
    const [first] = (tree as unknown as { readonly parseDiagnostics?: readonly ts.DiagnosticWithLocation[] }).parseDiagnostics ?? [];
    const broken =
      first === undefined
        ? undefined
        : { place: placeAt(tree, first.start, path), text: flattenDiagnosticMessageText(first.messageText, " ") };
    return { path, tree, broken };
  }
}

function placeAt(tree: ts.SourceFile, position: number, file: string): Place {
  const { line, character } = tree.getLineAndCharacterOfPosition(position);
  return { file, line: line + 1, column: character + 1 };
}
