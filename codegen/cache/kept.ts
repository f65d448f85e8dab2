import { randomUUID } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { configFile, toldBy } from "../config.js";
import { contentOf, type Disk, editsSince, type Facts, hashOf, joined, stampOf } from "../disk.js";
import type { Generated, GenerateOptions } from "../outcome.js";
import { type Before, isPart, type Part, tellsOf } from "./part.js";
import { cacheFolder, load, save } from "./store.js";

/** The result of a run, and the files that must exist after it. A file without text must be absent. */
export interface Outcome {
  readonly result: Generated;
  readonly files: readonly { readonly path: string; readonly text: string | undefined }[];
  /** Those files that did not exist before the run. */
  readonly made?: readonly string[];
  /** What it found out, for another run to use. */
  readonly part?: () => Part | undefined;
}

/** What earlier runs found out about each application, by name. */
export interface Parts {
  readonly parts: Readonly<Record<string, Before>>;
  /** Files whose content has changed since the last run. */
  readonly edits: ReadonlyMap<string, string>;
}

/** A run that need not be repeated as long as all of this holds. */
interface Entry {
  /** The program that made the run. */
  readonly by: string;
  /** The output of a config that is a program. */
  readonly told?: string | undefined;
  readonly facts: Facts;
  /** Hashes of the files it left, by path; null for a file that must be absent. */
  readonly files: Readonly<Record<string, string | null>>;
  readonly results: readonly Generated[];
  /** Identifies the file with the parts that belong to it. */
  readonly parts?: string;
}

interface Edited {
  readonly entry: Entry;
  readonly edits: ReadonlyMap<string, string>;
}

/** Kept in a separate file, because a run that need not be repeated does not read it. */
interface KeptParts {
  readonly of: string;
  readonly parts: Readonly<Record<string, Part>>;
}

/**
 * The last run with certain options, kept in a file.
 * It holds what the run read from the disk and what it wrote. If both are unchanged, another run would write
 * the same files. So an entry is valid for every reader at any time, and finding out does not load the
 * compiler.
 */
export class Kept {
  readonly #path: string;
  readonly #base: string;
  readonly #by: string;
  /** The last run, if another run may take over some of its work. */
  #before: Edited | undefined;
  /** The same, once it has been read. */
  #used: (Edited & Pick<KeptParts, "parts">) | undefined;

  private constructor(path: string, base: string, by: string) {
    this.#path = path;
    this.#base = base;
    this.#by = by;
  }

  /**
   * @returns undefined if nothing is to be kept: without `node_modules`, when CI checks, or if the caller
   * turns it off
   */
  static of(options: GenerateOptions): Kept | undefined {
    const { cache, check, project, out, app, manifest, standalone, cwd = process.cwd() } = options;
    if (cache === false || (check === true && inCi())) return undefined;
    const base = resolve(cwd);
    const folder = cacheFolder(base);
    const by = folder && maker();
    if (by === undefined) return undefined;
    const key = hashOf(JSON.stringify([base, project, out, app, manifest, standalone])).replace(/[^A-Za-z0-9]/g, "").slice(0, 24); // prettier-ignore
    return new Kept(`${folder}/${key}.json`, base, by);
  }

  /** The results of the last run, if another would have the same. */
  async results(started: number): Promise<readonly Generated[] | undefined> {
    const entry = load(this.#path) as Entry | null | undefined;
    try {
      if (entry?.by !== this.#by) return undefined;
      const edits = editsSince(entry.facts);
      if (edits === undefined || (await toldBy(configFile({ exists: existsSync }, this.#base))) !== entry.told) return undefined;
      this.#before = { entry, edits };
      if (edits.size > 0 || Object.entries(entry.files).some(([path, content]) => contentOf(path) !== content)) return undefined;
      const ms = Math.round(performance.now() - started);
      return entry.results.map((result) => ({ ...result, manifest: this.#manifestOf(result), ms }));
    } catch {
      // The file has an unexpected shape, or the config cannot be run.
      return undefined;
    }
  }

  /** What the last run found out, if only the content of some files differs. To be called after `results`. */
  parts(): Parts | undefined {
    if (this.#before?.entry.parts === undefined) return undefined;
    const kept = load(this.#partsPath) as KeptParts | null | undefined;
    try {
      return kept?.of === this.#before.entry.parts ? this.#partsOf(this.#before, kept.parts) : undefined;
    } catch {
      // The file has an unexpected shape.
      return undefined;
    }
  }

  #partsOf({ entry, edits }: Edited, kept: KeptParts["parts"]): Parts | undefined {
    const all = Object.entries(kept);
    if (!all.every(([, part]) => isPart(part))) return undefined;
    if ([...edits.keys()].some((path) => !all.some(([, { sources }]) => Object.hasOwn(sources, path)))) return undefined;
    const { files, glances } = entry.facts;
    const isEdited = ([path, content]: readonly [string, string]): boolean =>
      (edits.get(path) ?? files[path] ?? glances[path]?.[0]) !== content;
    const parts = all.flatMap(([name, part]) => {
      if (!tellsOf(part, edits.keys())) return [];
      const edited = Object.entries(part.sources).filter(isEdited);
      return [[name, { part, edits: edited.map(([path]) => path) }] as const];
    });
    this.#used = { entry, edits, parts: kept };
    return { parts: Object.fromEntries(parts), edits };
  }

  get #partsPath(): string {
    return this.#path.replace(/\.json$/, ".parts.json");
  }

  /** Keeps a run if the sources have no errors and every file that it wrote is there. */
  async keep(disk: Disk, outcomes: readonly Outcome[]): Promise<void> {
    if (!outcomes.every(({ result }) => GOOD.has(result.state))) return;
    // First, as it may read files that the run has not read.
    const parts = partsOf(outcomes);
    const same = isSame(parts, this.#used?.parts);
    const now = disk.facts();
    const facts = now && this.#used ? joined(this.#used.entry.facts, this.#used.edits, now) : now;
    if (facts === undefined) return;
    const files = outcomes.flatMap((outcome) => outcome.files);
    try {
      const left = files.map(({ path, text }) => [path, asLeft(path, text)] as const);
      if (left.some(([, content]) => content === undefined)) return;
      const entry: Entry = {
        by: this.#by,
        told: await toldBy(configFile({ exists: existsSync }, this.#base)),
        facts,
        files: Object.fromEntries(left) as Entry["files"],
        results: outcomes.map(({ result }) => stripped(result)),
        parts: same ? this.#used!.entry.parts! : randomUUID(),
      };
      if (!same) save(this.#partsPath, { of: entry.parts, parts });
      save(this.#path, entry);
    } catch {
      // The config gives another value each time, or one that cannot be stored.
    }
  }

  /** The manifest is in its file, unless its application has none. */
  #manifestOf({ manifest, state }: Generated): Generated["manifest"] {
    if (manifest === undefined || state === "empty") return manifest;
    return { path: manifest.path, text: lineFeeds(readFileSync(resolve(this.#base, manifest.path), "utf8")) };
  }
}

const GOOD: ReadonlySet<Generated["state"]> = new Set(["written", "unchanged", "empty"]);

function partsOf(outcomes: readonly Outcome[]): KeptParts["parts"] {
  return Object.fromEntries(outcomes.flatMap(({ result, part }) => {
    const found = part?.();
    return found === undefined ? [] : [[result.app ?? "", found]];
  })); // prettier-ignore
}

function isSame(a: KeptParts["parts"], b: KeptParts["parts"] = {}): boolean {
  const names = Object.keys(a);
  return names.length > 0 && names.length === Object.keys(b).length && names.every((name) => a[name] === b[name]);
}

function stripped({ manifest, ...result }: Generated): Generated {
  if (result.state === "empty" || manifest === undefined) return { ...result, manifest };
  return { ...result, state: "unchanged", manifest: { path: manifest.path, text: "" } };
}

/**
 * The hash of a file that is to have that text, with any line ends.
 * Undefined if it has another text by now.
 */
function asLeft(path: string, text: string | undefined): string | null | undefined {
  if (text === undefined) return existsSync(path) ? undefined : null;
  const bytes = readFileSync(path);
  return lineFeeds(bytes.toString("utf8")) === text ? hashOf(bytes) : undefined;
}

function lineFeeds(text: string): string {
  return text.includes("\r\n") ? text.replaceAll("\r\n", "\n") : text;
}

function inCi(): boolean {
  return !["", "0", "false"].includes(process.env["CI"] ?? "");
}

/**
 * Which program makes the files: Node.js, the compiler, and this. Undefined if unknown, or without a
 * compiler.
 */
function maker(): string | undefined {
  try {
    const compiler = createRequire(import.meta.url).resolve("ts-morph");
    const common = createRequire(compiler).resolve("@ts-morph/common");
    const own = fileURLToPath(import.meta.url);
    // A checkout that is built again is another program under the same version.
    return JSON.stringify([process.version, own, stampOf(own), ...[own, compiler, common].map((file) => [file, packageAbove(file)])]);
  } catch {
    return undefined;
  }
}

function packageAbove(file: string): string | null {
  for (let at = dirname(file); ; at = dirname(at)) {
    const found = contentOf(join(at, "package.json"));
    if (found !== null || dirname(at) === at) return found;
  }
}
