import { hash } from "node:crypto";
import { readdirSync, readFileSync, realpathSync, statSync } from "node:fs";
import { basename, dirname } from "node:path";
import type { ts } from "ts-morph";
import { type Glance, glanceAt } from "./read/glance.js";
import type { Typescript } from "./read/load.js";

/**
 * What a run read from the disk: as long as it is unchanged, another run has the same result.
 * Paths are absolute.
 */
export interface Facts {
  /** The hash of each file that was read; null if it could not be read. */
  readonly files: Readonly<Record<string, string | null>>;
  /**
   * For each file that was only glanced at, the hashes of its content and of the glance.
   * An edit that leaves the glance as it is changes nothing.
   */
  readonly glances: Readonly<Record<string, readonly [content: string, told: string]>>;
  /** What each path was when it was asked for. */
  readonly kinds: Readonly<Record<string, Kind>>;
  /** The hash of the list of each folder that was listed. */
  readonly folders: Readonly<Record<string, string>>;
  /** Where each path that was asked for leads, through links. */
  readonly real: Readonly<Record<string, string>>;
}

export type Kind = "file" | "folder" | "nothing";

/**
 * Reads the disk for the generator, and records everything that was read.
 * No time stamps: clocks go backwards, and two edits may share a tick. Reading and hashing a thousand sources
 * takes at most some 30 ms.
 */
export class Disk {
  readonly #files = new Map<string, string | null>();
  readonly #peeked = new Map<string, string>();
  readonly #glances = new Map<string, Glance>();
  readonly #kinds = new Map<string, Kind>();
  readonly #folders = new Map<string, string>();
  readonly #real = new Map<string, string>();
  #sure = true;

  /** The text of a file, without a byte order mark; undefined if it cannot be read. */
  read(path: string): string | undefined {
    const bytes = bytesOf(path);
    this.#note(this.#files, path, bytes === undefined ? null : hashOf(bytes));
    return bytes && textOf(bytes);
  }

  /** As `read`, for a caller that then reports what it used: `glanced` or `whole`. */
  peek(path: string): string | undefined {
    const bytes = bytesOf(path);
    if (bytes === undefined) return void this.#note(this.#files, path, null);
    this.#note(this.#peeked, path, hashOf(bytes));
    return textOf(bytes);
  }

  /** Records that only the glance was used of the text at a path. */
  glanced(path: string, glance: Glance): void {
    this.#glances.set(path, glance);
  }

  /** The hash of what was last peeked at. */
  peeked(path: string): string | undefined {
    return this.#peeked.get(path);
  }

  /** The files that were read or peeked at so far. */
  paths(): Iterable<string> {
    return [...this.#files.keys(), ...this.#peeked.keys()];
  }

  /** Records that the text at a path was read as a whole. */
  whole(path: string): void {
    const content = this.#peeked.get(path);
    if (content !== undefined) this.#note(this.#files, path, content);
  }

  kind(path: string): Kind {
    const kind = kindOf(path);
    this.#note(this.#kinds, path, kind);
    return kind;
  }

  exists(path: string): boolean {
    return this.kind(path) !== "nothing";
  }

  real(path: string): string {
    const real = realOf(path);
    this.#note(this.#real, path, real);
    return real;
  }

  /**
   * Records that the run made a file where there was none.
   * From now on the list of its folder has it, and so up to the first folder that existed before. The disk is
   * not read again, so that a file which another program adds meanwhile is seen. Earlier answers about the
   * file itself stay: then the next run may have another result.
   */
  made(path: string): void {
    const fresh: [folder: string, list: Entries][] = [];
    for (let [below, folder] = [path, dirname(path)]; folder !== below; [below, folder] = [folder, dirname(folder)]) {
      const kind = below === path ? "files" : "directories";
      const name = basename(below);
      const list = this.#folders.get(folder);
      if (list === undefined) {
        fresh.push([folder, { files: [], directories: [], [kind]: [name] }]);
        continue;
      }
      const before = JSON.parse(list) as Entries;
      if (before[kind].includes(name)) return;
      this.#folders.set(folder, JSON.stringify({ ...before, [kind]: [...before[kind], name].sort() }));
      for (const [one, only] of fresh) this.#folders.set(one, JSON.stringify(only));
      return;
    }
  }

  /** The file system of the compiler. */
  system(ts: Typescript): ts.System & ts.ParseConfigHost {
    const { sys } = ts;
    const list = (path: string) => {
      const entries = entriesOf(path);
      this.#note(this.#folders, path, JSON.stringify(entries));
      return entries;
    };
    // Internal to the compiler; without it what is included can be found out, but not from which folders.
    const { matchFiles } = ts as unknown as { readonly matchFiles?: MatchFiles };
    return {
      ...sys,
      fileExists: (path) => this.kind(path) === "file",
      directoryExists: (path) => this.kind(path) === "folder",
      readFile: (path) => this.read(path),
      getDirectories: (path) => [...list(path).directories],
      realpath: (path) => this.real(path),
      readDirectory: (path, extensions, exclude, include, depth) => {
        if (typeof matchFiles !== "function") {
          this.#sure = false;
          return sys.readDirectory(path, extensions, exclude, include, depth);
        }
        return matchFiles(
          path,
          extensions,
          exclude,
          include,
          sys.useCaseSensitiveFileNames,
          sys.getCurrentDirectory(),
          depth,
          list,
          (one) => this.real(one),
        );
      },
    };
  }

  /** Everything recorded so far; undefined if it is incomplete, or if two reads of a path differed. */
  facts(): Facts | undefined {
    if (!this.#sure) return undefined;
    const plain = <T>(map: ReadonlyMap<string, T>): Readonly<Record<string, T>> => Object.fromEntries(map);
    const glances = [...this.#glances].flatMap(([path, told]) =>
      this.#files.has(path) ? [] : [[path, [this.#peeked.get(path)!, toldBy(told)]] as const],
    );
    return {
      files: plain(this.#files),
      glances: Object.fromEntries(glances),
      kinds: plain(this.#kinds),
      folders: Object.fromEntries([...this.#folders].map(([path, list]) => [path, hashOf(list)])),
      real: plain(this.#real),
    };
  }

  #note<T>(map: Map<string, T>, path: string, answer: T): void {
    const before = map.get(path);
    if (before !== undefined && before !== answer) this.#sure = false;
    map.set(path, answer);
  }
}

/**
 * Files whose content differs by now, with its hash; empty if nothing has changed.
 * Undefined if anything else has changed, or if one of the files cannot be read.
 */
export function editsSince({ files, glances, kinds, folders, real }: Facts): ReadonlyMap<string, string> | undefined {
  for (const [path, kind] of Object.entries(kinds)) if (kindOf(path) !== kind) return undefined;
  for (const [path, list] of Object.entries(folders)) if (hashOf(JSON.stringify(entriesOf(path))) !== list) return undefined;
  for (const [path, to] of Object.entries(real)) if (realOf(path) !== to) return undefined;
  const edits = new Map<string, string>();
  for (const [path, before] of Object.entries(files)) {
    const content = contentOf(path);
    if (content === before) continue;
    if (content === null || before === null) return undefined;
    edits.set(path, content);
  }
  for (const [path, [before, told]] of Object.entries(glances)) {
    const bytes = bytesOf(path);
    if (bytes === undefined) return undefined;
    const content = hashOf(bytes);
    if (content !== before && toldBy(glanceAt(textOf(bytes))) !== told) edits.set(path, content);
  }
  return edits;
}

/**
 * The facts of a run that reused what another had read.
 * Undefined if two reads of a path differed: it was being changed.
 *
 * @param edits what `editsSince` returned for `before`
 */
export function joined(before: Facts, edits: ReadonlyMap<string, string>, now: Facts): Facts | undefined {
  const content = ({ files, glances }: Facts, path: string): string | null | undefined => files[path] ?? glances[path]?.[0];
  for (const path of [...Object.keys(now.files), ...Object.keys(now.glances)]) {
    const told = edits.get(path) ?? content(before, path);
    if (told === undefined || told === content(now, path)) continue;
    const glance = before.glances[path]?.[1];
    if (glance === undefined || glance !== now.glances[path]?.[1]) return undefined;
  }
  const files = { ...before.files, ...now.files };
  for (const [path, told] of edits) if (content(now, path) === undefined || path in before.files) files[path] = told;
  return {
    files,
    glances: Object.fromEntries(Object.entries({ ...before.glances, ...now.glances }).filter(([path]) => !(path in files))),
    kinds: { ...before.kinds, ...now.kinds },
    folders: { ...before.folders, ...now.folders },
    real: { ...before.real, ...now.real },
  };
}

/** The hash of a file; null if it cannot be read. */
export function contentOf(path: string): string | null {
  const bytes = bytesOf(path);
  return bytes === undefined ? null : hashOf(bytes);
}

export function hashOf(content: string | Uint8Array): string {
  return hash("sha256", content, "base64");
}

/**
 * Changes when the file does, as far as its clock shows; undefined if there is no such file. For watching.
 */
export function stampOf(path: string): string | undefined {
  try {
    // Milliseconds with a fraction, as fine as the clock of the file system.
    const stats = statSync(path, { throwIfNoEntry: false });
    return stats && `${stats.mtimeMs} ${stats.size} ${stats.ino}`;
  } catch {
    return undefined;
  }
}

function toldBy(glance: Glance): string {
  return hashOf(JSON.stringify(glance));
}

interface Entries {
  readonly files: readonly string[];
  readonly directories: readonly string[];
}

type MatchFiles = (
  path: string,
  extensions: readonly string[] | undefined,
  excludes: readonly string[] | undefined,
  includes: readonly string[] | undefined,
  caseSensitive: boolean,
  current: string,
  depth: number | undefined,
  list: (path: string) => Entries,
  real: (path: string) => string,
) => string[];

function bytesOf(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch {
    return undefined;
  }
}

/** As the compiler decodes it, UTF-16 included. */
function textOf(bytes: Buffer): string {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return bytes.toString("utf16le", 2);
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return Buffer.from(bytes.subarray(2, bytes.length - (bytes.length % 2))).swap16().toString("utf16le"); // prettier-ignore
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? bytes.toString("utf8", 3) : bytes.toString("utf8");
}

function kindOf(path: string): Kind {
  try {
    const stats = statSync(path, { throwIfNoEntry: false });
    return stats?.isFile() === true ? "file" : stats?.isDirectory() === true ? "folder" : "nothing";
  } catch {
    return "nothing";
  }
}

function realOf(path: string): string {
  try {
    return realpathSync.native(path);
  } catch {
    return path;
  }
}

/** What is in a folder, through links, sorted; nothing if it cannot be read. */
function entriesOf(folder: string): Entries {
  const [files, directories]: [string[], string[]] = [[], []];
  try {
    for (const entry of readdirSync(folder === "" ? "." : folder, { withFileTypes: true })) {
      const kind = entry.isSymbolicLink()
        ? kindOf(`${folder}/${entry.name}`)
        : entry.isFile()
          ? "file"
          : entry.isDirectory()
            ? "folder"
            : "";
      if (kind === "file") files.push(entry.name);
      else if (kind === "folder") directories.push(entry.name);
    }
  } catch {
    // Same as an empty folder.
  }
  return { files: files.sort(), directories: directories.sort() };
}
