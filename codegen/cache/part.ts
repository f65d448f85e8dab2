import type { ReadFile } from "../read/file.js";
import type { Glance } from "../read/glance.js";
import type { Checked } from "../types/environment.js";
import type { KeptTypes } from "../types/kept.js";

/**
 * What a run found out about an application, by file.
 * After an edit, another run reuses what does not depend on the edited files.
 */
export interface Part {
  /** Options and lists of files. */
  readonly project: string;
  /** The sources, with the hash of the content of each. An edit of any other file may change everything. */
  readonly sources: Readonly<Record<string, string>>;
  /** Of each source. */
  readonly glances: Readonly<Record<string, Glance>>;
  /**
   * From each file, those that its imports led to, as far as they were followed.
   * What was read from a file depends on these, and on those that they lead to.
   */
  readonly leads: Readonly<Record<string, readonly string[]>>;
  /** Files on which everything depends. */
  readonly everywhere: readonly string[];
  /** What was read from files that use Stem. */
  readonly read: Readonly<Record<string, ReadFile>>;
  /** Those of them that are to be read together or not at all. */
  readonly tied: readonly string[];
  readonly types: KeptTypes;
  readonly checked: Checked;
}

/** What an earlier run found out, and the sources whose content differs by now. */
export interface Before {
  readonly part: Part;
  readonly edits: readonly string[];
}

/** Whether a value has the outline of a part; the program that wrote it guarantees the rest. */
export function isPart(value: unknown): value is Part {
  const part = value as Partial<Part> | null | undefined;
  const [types, checked] = [part?.types, part?.checked];
  const records = [part?.sources, part?.glances, part?.leads, part?.read, types?.emitted, checked?.leads, checked?.packages];
  const lists = [part?.everywhere, part?.tied, types?.definitions, checked?.deferred, checked?.ambient];
  const isRecord = (one: unknown): boolean => typeof one === "object" && one !== null && !Array.isArray(one);
  return typeof part?.project === "string" && records.every(isRecord) && lists.every((one) => Array.isArray(one));
}

/**
 * Whether a part can tell what some edits change.
 * It must know the content of each file that it depends on, or an edit would go unseen.
 */
export function tellsOf({ sources, leads, checked }: Part, edits: Iterable<string>): boolean {
  const unknown = [...edits].filter((path) => !Object.hasOwn(sources, path));
  if (unknown.length === 0) return true;
  const used = new Set([leads, checked.leads, checked.packages].flatMap((all) => Object.entries(all).flat(2)));
  return !unknown.some((path) => used.has(path));
}

/** The given files and all that depend on them. */
export function dependents(of: Iterable<string>, leads: Part["leads"]): ReadonlySet<string> {
  const users = new Map<string, string[]>();
  for (const [from, all] of Object.entries(leads)) {
    for (const to of all) {
      const known = users.get(to);
      if (known === undefined) users.set(to, [from]);
      else known.push(from);
    }
  }
  const found = new Set<string>();
  const open = [...of];
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    if (found.has(path)) continue;
    found.add(path);
    open.push(...(users.get(path) ?? []));
  }
  return found;
}
