import type { ts } from "ts-morph";
import { Unsure } from "../errors.js";
import type { TypeRef, WrittenType } from "../model.js";
import type { Sources } from "../read/sources.js";
import type { Definitions } from "./definitions.js";
import type { Emitted, Emitter } from "./emit.js";
import { type KeptTypes, Retold } from "./kept.js";
import { treeOf } from "./program.js";
import type { Syntax } from "./syntax.js";

/**
 * What a pass found out for the next one.
 * Valid as long as no file has changed except those that no file imports: of these only their own handlers
 * are read again.
 */
export class Known {
  readonly syntax: Syntax;
  readonly definitions: Definitions;
  readonly emitter: Emitter;
  /** The program that was asked, if any was. */
  program: ts.Program | undefined;
  readonly #sources: Sources;
  readonly #key: string;
  readonly #emitted = new WeakMap<ts.Node, Map<string, Emitted>>();
  readonly #retold: Retold | undefined;
  /** The files that types came from, as they were. */
  readonly #trees = new Map<string, ts.SourceFile | undefined>();
  readonly #imported = new Set<string>();

  /** @param key changes with the project's options and list of files */
  constructor(
    key: string,
    sources: Sources,
    parts: { readonly syntax: Syntax; readonly definitions: Definitions; readonly emitter: Emitter },
    kept: KeptTypes | undefined,
  ) {
    this.#retold = kept && new Retold(kept, parts.definitions);
    this.#key = key;
    this.#sources = sources;
    ({ syntax: this.syntax, definitions: this.definitions, emitter: this.emitter } = parts);
  }

  /** @param current whether a program is still up to date */
  isGood(key: string, current: (program: ts.Program) => boolean): boolean {
    if (key !== this.#key) return false;
    for (const [path, tree] of this.#trees) {
      const now = treeOf(this.#sources, path);
      if (now === tree) continue;
      if (this.#imported.has(path)) return false;
      this.#trees.set(path, now);
    }
    return this.program === undefined || current(this.program);
  }

  has(type: WrittenType): boolean {
    return this.#emitted.get(type.kind === "type" ? type.node : type.owner)?.has(nameOf(type)) === true;
  }

  /** The schema of a type, made by `make` unless it is known. */
  emitted(type: TypeRef, make: (type: WrittenType) => Emitted): Emitted {
    if (type.kind === "kept") return this.#again(type.id);
    const node = type.kind === "type" ? type.node : type.owner;
    const name = nameOf(type);
    let of = this.#emitted.get(node);
    if (of === undefined) this.#emitted.set(node, (of = new Map()));
    let emitted = of.get(name);
    if (emitted === undefined) {
      of.set(name, (emitted = make(type)));
      const { fileName } = node.getSourceFile();
      this.#trees.set(fileName, treeOf(this.#sources, fileName));
    }
    return emitted;
  }

  #again(id: string): Emitted {
    const emitted = this.#retold?.of(id);
    if (emitted === undefined) throw new Unsure();
    return emitted;
  }

  /** Ends a pass: notes what it imported. */
  end(): void {
    for (const path of this.#sources.imported()) {
      if (this.#imported.has(path)) continue;
      this.#imported.add(path);
      this.#trees.set(path, treeOf(this.#sources, path));
    }
  }
}

function nameOf(type: WrittenType): string {
  return type.kind === "type" ? "" : `${type.kind} ${type.name}`;
}
