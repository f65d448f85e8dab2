import type { ts } from "ts-morph";
import { type Diagnostic, idOf, type Place, type TypeRef, type WrittenType } from "../model.js";
import type { Typescript } from "../read/load.js";
import type { Origins } from "../read/origin.js";
import type { Sources } from "../read/sources.js";
import type { Values } from "../read/values.js";
import { CheckedTypes } from "./checker.js";
import { Definitions } from "./definitions.js";
import { Emitter, type Report } from "./emit.js";
import { type Checked, environmentOf } from "./environment.js";
import { Keys } from "./keys.js";
import { type KeptTypes, keptTypes } from "./kept.js";
import { Known } from "./known.js";
import { NotesReader } from "./notes.js";
import { Programs } from "./program.js";
import type { JsonSchema } from "./schema.js";
import { refuse, type Shape } from "./shape.js";
import { Syntax } from "./syntax.js";

export type { JsonSchema } from "./schema.js";

/** A type that is to be described. */
export interface Wanted {
  readonly type: TypeRef;
  readonly role: "input" | "output" | "payload";
  /** The name of its owner, for messages: `"mail.send"`. */
  readonly of: string;
  /** Where to point if the type is in a file that is not the author's. */
  readonly place: Place;
}

/** The schema of a type. */
export interface Described {
  /** Undefined: there is no such value. The same object as in the last pass if it is equal. */
  readonly schema: JsonSchema | undefined;
  /** The value may also be left out. */
  readonly optional: boolean;
}

/** The schemas of the types of a project. */
export interface Schemas {
  /** In the order of the request. */
  readonly described: readonly Described[];
  readonly $defs: Readonly<Record<string, JsonSchema>>;
  readonly diagnostics: readonly Diagnostic[];
  /** The same, to be kept for another run; undefined if it cannot be. */
  readonly kept: () => ReturnType<typeof keptTypes> | undefined;
  /** What the answers of the checker depend on; undefined if unknown. */
  readonly checked: () => Checked | undefined;
}

/** A project, as far as its types go. */
export interface TypesOptions {
  readonly options: ts.CompilerOptions;
  /** Its folder: files outside or in `node_modules` are not the author's to change. */
  readonly folder: string;
  /** Changes if files of the project are added or removed. */
  readonly stamp: string;
  /** Ambient declarations of the project. */
  readonly declarations: readonly string[];
  /** For tests: reads every type through the checker, with one program for all of these. */
  readonly checked?: readonly Wanted[] | undefined;
  /** What an earlier run has described. */
  readonly kept?: KeptTypes | undefined;
  /** Files of packages with global declarations, which the kept answers need. */
  readonly ambient?: readonly string[] | undefined;
}

/** Makes JSON Schemas of types: by their syntax, and through one program for those that need it. */
export class Types {
  readonly #ts: Typescript;
  readonly #sources: Sources;
  readonly #origins: Origins;
  readonly #values: Values;
  readonly #notes: NotesReader;
  readonly #programs: Programs;
  readonly #keys = new Keys();
  #known: Known | undefined;
  #report: Report = () => {};
  #last: { readonly program: ts.Program; readonly checked: CheckedTypes } | undefined;

  constructor(ts: Typescript, sources: Sources, origins: Origins, values: Values) {
    this.#ts = ts;
    this.#sources = sources;
    this.#origins = origins;
    this.#values = values;
    this.#notes = new NotesReader(ts);
    this.#programs = new Programs(ts, sources);
  }

  /**
   * Describes types, all at once: shared types are described once, and the checker gets all of them or none.
   */
  describe(wanted: readonly Wanted[], project: TypesOptions): Schemas {
    const key = JSON.stringify([project.options, project.stamp, project.declarations]);
    const good = project.checked === undefined && this.#known?.isGood(key, (program) => this.#programs.isCurrent(program));
    const found = new Map<string, Diagnostic>();
    this.#report = (code, place, message) => {
      const diagnostic: Diagnostic = { ...place, code, severity: code === "STEM2011" ? "warning" : "error", message };
      const at = `${place.file}:${place.line}:${place.column} ${code}`;
      if (!found.has(at)) found.set(at, diagnostic);
    };
    const known = (this.#known = good === true ? this.#known! : this.#begin(key, project));
    const { syntax, definitions, emitter } = known;
    // All by syntax first: this shows which files the checker will need.
    const shapes = new Map<WrittenType, Shape>();
    const shapeOf = (type: WrittenType): Shape => (project.checked === undefined ? syntax.written(type) : { kind: "deferred", type });
    for (const { type } of wanted) if (type.kind !== "kept" && !known.has(type)) shapes.set(type, shapeOf(type));
    // A file in which no type was left to the checker until now needs another program. The answers of the
    // last one hold.
    if ([...syntax.deferred].some((file) => known.program?.getSourceFile(file) === undefined)) known.program = undefined;
    const emitted = wanted.map(({ type, role, of, place }) =>
      known.emitted(type, (live) => emitter.root(shapes.get(live)!, role, of, this.#place(anchorOf(live), project.folder) ?? place)),
    );
    definitions.settle(emitted.flatMap(({ open }) => open ?? []));
    const described = emitted.map(({ open, optional }) => ({ schema: open && definitions.close(open), optional }));
    known.end();
    // A problem must be reported again the next time.
    if (found.size > 0) this.#known = undefined;
    const certain = found.size === 0;
    const kept = (): ReturnType<Schemas["kept"]> =>
      certain
        ? keptTypes(
            wanted.map(({ type }, at) => [idOf(type), emitted[at]!] as const),
            definitions,
          )
        : undefined;
    return {
      described,
      $defs: definitions.all(),
      diagnostics: [...found.values()],
      kept,
      checked: () => this.#environment(known, project.declarations),
    };
  }

  #environment({ syntax, program }: Known, everywhere: readonly string[]): Checked | undefined {
    const found = program === undefined ? { leads: {}, packages: {}, ambient: [] } : environmentOf(this.#ts, program, new Set(everywhere));
    return found && { deferred: [...syntax.deferred], ...found };
  }

  #begin(key: string, { options, folder, stamp, declarations, checked: all, kept, ambient = [] }: TypesOptions): Known {
    const exact = options.exactOptionalPropertyTypes === true;
    const syntax = new Syntax(this.#ts, this.#sources, this.#origins, this.#values, this.#notes, this.#keys, exact);
    const definitions = new Definitions(({ node }) => {
      const { fileName } = node.getSourceFile();
      const file = isOwn(fileName, folder) ? fileName.slice(folder.length) : fileName.replace(/^.*\/node_modules\//, "");
      return `${file} ${String(node.pos).padStart(9, "0")}`;
    });
    const resolve = ({ type }: Shape & { readonly kind: "deferred" }): Shape => {
      const asked = all?.flatMap(({ type }) => (type.kind === "kept" ? [] : [fileOf(type)])) ?? syntax.deferred;
      try {
        return this.#checked([...new Set([...declarations, ...ambient, ...asked])].sort(), options, stamp, known).written(type);
      } catch (error) {
        // The compiler is not made for trees of broken sources, and a deep nesting overflows the stack.
        if (!(error instanceof Error)) throw error;
        // A half-read type would stand for the whole in later types.
        this.#last = undefined;
        return refuse.missing("a type that the compiler cannot work out");
      }
    };
    const place = (node: ts.Node): Place | undefined => this.#place(node, folder);
    const emitter = new Emitter(definitions, this.#notes, resolve, place, (...told) => this.#report(...told));
    const known = new Known(key, this.#sources, { syntax, definitions, emitter }, kept);
    return known;
  }

  /** The place of a node, if it is in a file of the author. */
  #place(node: ts.Node, folder: string): Place | undefined {
    const { fileName } = node.getSourceFile();
    const source = isOwn(fileName, folder) ? this.#sources.source(fileName) : undefined;
    return source && this.#sources.place(nameOf(node), source);
  }

  /** Kept as long as the program is, which is checked once per pass. */
  #checked(roots: readonly string[], options: ts.CompilerOptions, stamp: string, known: Known): CheckedTypes {
    if (known.program === undefined || this.#last?.program !== known.program) known.program = this.#programs.of(roots, options, stamp);
    if (this.#last?.program !== known.program) {
      this.#last = { program: known.program, checked: new CheckedTypes(this.#ts, known.program.getTypeChecker(), this.#notes, this.#keys) };
    }
    return this.#last.checked;
  }
}

/** Whether the author can change a file. */
function isOwn(file: string, folder: string): boolean {
  return file.startsWith(`${folder}/`) && !file.includes("/node_modules/");
}

function fileOf(type: WrittenType): string {
  return (type.kind === "type" ? type.node : type.owner).getSourceFile().fileName;
}

/** What to point at in the declaration of a property. */
function nameOf(node: ts.Node): ts.Node {
  return (node as Partial<ts.NamedDeclaration>).name ?? node;
}

/** Where to point if a type itself is wrong, and none of its properties. */
function anchorOf(type: WrittenType): ts.Node {
  if (type.kind === "type") return type.node;
  const { method, owner } = type;
  if (method === undefined) return owner;
  return (type.kind === "input" ? method.parameters[0]?.type : method.type) ?? method;
}
