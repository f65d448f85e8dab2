import { type Before, dependents, type Part } from "../cache/part.js";
import { Unsure } from "../errors.js";
import { idOf } from "../model.js";
import type { Schemas, Wanted } from "../types/index.js";
import { type Checked, isSameEverywhere, joinedChecked } from "../types/environment.js";
import { plainFile, type ReadFile } from "./file.js";
import type { Glance } from "./glance.js";
import type { Sources } from "./sources.js";

/** The files and options of a pass. */
export interface Now {
  readonly sources: Sources;
  /** Options and lists of files. */
  readonly project: string;
  /** Files on which everything depends. */
  readonly everywhere: readonly string[];
}

/** If more files than this, or than this part of all, have changed, all are read again. */
const MOST_STALE = 16;
const MOST_PART = 0.1;

/** What an earlier run found out, as far as it still holds. */
export class Again {
  readonly #part: Part;
  readonly #edits: ReadonlySet<string>;
  #stale: ReadonlySet<string> = new Set();
  #everywhere: readonly string[] = [];

  constructor({ part, edits }: Before) {
    this.#part = part;
    this.#edits = new Set(edits);
  }

  get types(): Part["types"] {
    return this.#part.types;
  }

  /** The glance at a source, unless it was edited. */
  glance(path: string, content: string): Glance | undefined {
    return this.#part.sources[path] === content ? this.#part.glances[path] : undefined;
  }

  /** Finds out what still holds. @throws {Unsure} if any of it may not */
  begin({ project, everywhere }: Now): void {
    const part = this.#part;
    const { leads, deferred } = part.checked;
    const edited = dependents(this.#edits, leads);
    const stale = new Set(dependents([...this.#edits, ...deferred.filter((path) => edited.has(path))], part.leads));
    if (
      project !== part.project ||
      everywhere.join("\n") !== part.everywhere.join("\n") ||
      everywhere.some((path) => stale.has(path) || edited.has(path))
    )
      throw new Unsure();
    this.#everywhere = everywhere;
    this.#stale = part.tied.some((path) => stale.has(path)) ? new Set([...stale, ...part.tied]) : stale;
  }

  /**
   * What the earlier run found out.
   * Undefined if too much of it was found out again, to spare the next run that time.
   */
  get part(): Part | undefined {
    return this.#stale.size > Math.min(MOST_STALE, MOST_PART * Object.keys(this.#part.read).length) ? undefined : this.#part;
  }

  /** What was read from a file; undefined if it has to be read again. */
  file(path: string): ReadFile | undefined {
    return !this.#stale.has(path) && Object.hasOwn(this.#part.read, path) ? this.#part.read[path] : undefined;
  }

  /** Checks that types read again do not change types that were not. @throws {Unsure} */
  check(wanted: readonly Wanted[], { kept, checked }: Pick<Schemas, "kept" | "checked">): void {
    const held = this.#held();
    if (held.length > 0 && this.#edits.size > 0) {
      const now = checked();
      if (now === undefined || !isSameEverywhere(this.#part.checked, now, held, this.#everywhere, this.#edits)) throw new Unsure();
    }
    if (this.#part.tied.every((path) => this.#stale.has(path))) return;
    const tied = kept()?.tied;
    if (tied === undefined || wanted.some(({ type }) => type.kind !== "kept" && tied.has(idOf(type)))) throw new Unsure();
  }

  /** Files of packages that the type checker has to know. */
  ambient(): readonly string[] {
    return this.#held().length === 0 ? [] : this.#part.checked.ambient;
  }

  /** What the answers of the checker depend on, kept ones and new ones. */
  checked(now: Checked): Checked {
    return joinedChecked(this.#part.checked, now, this.#held(), this.#edits);
  }

  /** Files with types that were left to the checker, and whose answers hold. */
  #held(): readonly string[] {
    return this.#part.checked.deferred.filter((path) => !this.#stale.has(path));
  }

  /** From each file that was not read again, those its imports led to. */
  leads(): readonly (readonly [string, readonly string[]])[] {
    return Object.entries(this.#part.leads).filter(([path]) => !this.#edits.has(path));
  }
}

/** What to keep of a pass; undefined if it cannot be kept. */
export function partOf(
  { sources, project, everywhere }: Now,
  read: ReadonlyMap<string, ReadFile>,
  { kept, checked }: Pick<Schemas, "kept" | "checked">,
  again: Again | undefined,
): Part | undefined {
  if (again?.part !== undefined) return again.part;
  const [all, now] = [kept(), checked()];
  if (all === undefined || now === undefined) return undefined;
  const plain = new Map<string, ReadFile>();
  const tied: string[] = [];
  const nodes = new Set([...all.tied].map((id) => id.split("\0", 1)[0]!));
  for (const [path, file] of read) {
    let ties = false;
    const one = plainFile(file, (id) => (ties ||= nodes.has(id)));
    if (one === undefined) return undefined;
    plain.set(path, one);
    if (ties) tied.push(path);
  }
  const leads = new Map<string, Set<string>>(again?.leads().map(([path, to]) => [path, new Set(to)]));
  for (const [path, to] of sources.leads()) leads.set(path, new Set([...(leads.get(path) ?? []), ...to]));
  const checkedNow = again?.checked(now) ?? now;
  // Includes files that only kept answers of the checker depend on, which were not read this time.
  const led = [...leads, ...Object.entries(checkedNow.leads)].flatMap(([path, to]) => [path, ...to]);
  const own = [...new Set([...sources.paths(), ...led])].filter(isSource);
  const glances = own.flatMap((path) => {
    const glance = sources.glance(path);
    return glance === undefined ? [] : [[path, glance] as const];
  });
  return {
    project,
    sources: Object.fromEntries(glances.map(([path]) => [path, sources.content(path)!])),
    glances: Object.fromEntries(glances),
    leads: Object.fromEntries([...leads].map(([path, to]) => [path, [...to]])),
    everywhere,
    read: Object.fromEntries(plain),
    tied,
    types: all.types,
    checked: checkedNow,
  };
}

/** Whether a file is a source of the author, and does not augment other modules. */
function isSource(path: string): boolean {
  return !path.includes("/node_modules/") && !/\.d\.(?:[^./]+\.)?[cm]?ts$/.test(path);
}
