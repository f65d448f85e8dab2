import { dirname, resolve } from "node:path";
import type { Disk } from "../disk.js";
import type { Typescript } from "./load.js";
import { posix } from "./project.js";

const CONFIGS = ["tsconfig.json", "tsconfig.build.json", "tsconfig.lib.json"];

/**
 * From the build output of a workspace package (`dist/index.d.ts`) back to its source.
 * Only the source has the decorators. The package's tsconfig gives the mapping; the package need not have
 * been built.
 */
export class Outputs {
  readonly #ts: Typescript;
  readonly #disk: Disk;
  /** By folder of a package: from output to source. */
  readonly #known = new Map<string, ReadonlyMap<string, string>>();

  constructor(ts: Typescript, disk: Disk) {
    this.#ts = ts;
    this.#disk = disk;
  }

  /** Starts a pass: the mapping is read again. */
  begin(): void {
    this.#known.clear();
  }

  /** The source of a declaration or script; undefined if no tsconfig of its package makes it. */
  sourceOf(output: string): string | undefined {
    if (output.includes("/node_modules/")) return undefined;
    for (let folder = dirname(output); ; folder = dirname(folder)) {
      const found = this.#outputs(folder).get(output);
      if (found !== undefined || this.#disk.exists(`${folder}/package.json`) || dirname(folder) === folder) return found;
    }
  }

  /** The source of the entry of a workspace package that `specifier` names, if it is not built. */
  entry(specifier: string, from: string): string | undefined {
    const [, name, below = ""] = /^((?:@[^/]+\/)?[^/]+)(\/.+)?$/.exec(specifier) ?? [];
    if (name === undefined || specifier.startsWith(".")) return undefined;
    for (let folder = dirname(from); ; folder = dirname(folder)) {
      const link = `${folder}/node_modules/${name}`;
      if (this.#disk.exists(`${link}/package.json`)) {
        const real = posix(this.#disk.real(link));
        return real.includes("/node_modules/") ? undefined : this.#fromManifest(real, `.${below}`);
      }
      if (dirname(folder) === folder) return undefined;
    }
  }

  #fromManifest(folder: string, path: string): string | undefined {
    let manifest: { readonly exports?: unknown; readonly types?: unknown; readonly main?: unknown };
    try {
      manifest = JSON.parse(this.#disk.read(`${folder}/package.json`) ?? "") as typeof manifest;
    } catch {
      return undefined;
    }
    const { exports, types, main } = manifest;
    const targets: string[] = [];
    collect(path === "." && !(typeof exports === "object" && exports !== null && "." in exports) ? exports : at(exports, path), targets);
    if (path === ".") for (const one of [types, main]) if (typeof one === "string") targets.push(one);
    for (const target of targets) {
      const file = posix(resolve(folder, target));
      if (/(?<!\.d)\.[cm]?tsx?$/.test(file) && this.#disk.exists(file)) return file;
      const source = this.sourceOf(file);
      if (source !== undefined) return source;
    }
    return undefined;
  }

  #outputs(folder: string): ReadonlyMap<string, string> {
    const known = this.#known.get(folder);
    if (known !== undefined) return known;
    const found = new Map<string, string>();
    for (const name of CONFIGS) if (this.#disk.exists(`${folder}/${name}`)) this.#read(`${folder}/${name}`, folder, found);
    this.#known.set(folder, found);
    return found;
  }

  #read(config: string, folder: string, found: Map<string, string>): void {
    const ts = this.#ts;
    const read = ts.readConfigFile(config, (path) => this.#disk.read(path));
    if (read.error !== undefined) return;
    const parsed = ts.parseJsonConfigFileContent(read.config, this.#disk.system(ts), folder, undefined, config);
    for (const file of parsed.fileNames) {
      if (/\.d\.[cm]?ts$/.test(file)) continue;
      for (const output of outputsOf(ts, parsed, file)) found.set(posix(resolve(output)), posix(resolve(file)));
    }
  }
}

function outputsOf(ts: Typescript, parsed: Parameters<Typescript["getOutputFileNames"]>[0], file: string): readonly string[] {
  try {
    return ts.getOutputFileNames(parsed, file, false);
  } catch {
    return [];
  }
}

function at(exports: unknown, path: string): unknown {
  return typeof exports === "object" && exports !== null ? (exports as Readonly<Record<string, unknown>>)[path] : undefined;
}

/** Every file that an entry of `exports` may lead to, under any condition. */
function collect(entry: unknown, into: string[]): void {
  if (typeof entry === "string") into.push(entry);
  else if (typeof entry === "object" && entry !== null) for (const one of Object.values(entry)) collect(one, into);
}
