import { existsSync, readFileSync } from "node:fs";
import { basename, dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { CodegenError } from "../errors.js";
import type { Description } from "../manifest/index.js";
import { type Described, type DocOf, STANDALONE_MARK, standaloneCode } from "./package.js";

/** A file to write. `own` says whether an existing text may be written over. */
export interface PackageFile {
  readonly path: string;
  readonly text: string;
  readonly own: (text: string) => boolean;
}

/**
 * The files of a package for producers in other repositories.
 * In its package.json only the fields that the code needs are set; name, version and all others stay.
 *
 * @param folder absolute, with `/`
 * @param described what the sources say
 * @throws {CodegenError} `STEM_OUT_REFUSED` if there is a package.json that is not JSON
 */
export function standaloneFiles(folder: string, described: Description, docOf: DocOf): readonly PackageFile[] {
  const { tasks = {}, workflows = {}, events = {}, schedules = {}, $defs = {} } = JSON.parse(described.manifest) as Partial<Described>;
  const code = standaloneCode({ tasks, workflows, events, schedules, $defs }, described.definitions, docOf);
  const own = (text: string): boolean => text.includes(STANDALONE_MARK);
  return [
    { path: `${folder}/index.js`, text: code["index.js"], own },
    { path: `${folder}/index.d.ts`, text: code["index.d.ts"], own },
    { path: `${folder}/package.json`, text: packageText(folder), own: () => true },
  ];
}

function packageText(folder: string): string {
  const path = `${folder}/package.json`;
  const known = existsSync(path) ? parsed(path) : {};
  const peers = (known["peerDependencies"] ?? {}) as Readonly<Record<string, string>>;
  const all = {
    name: basename(folder),
    version: "0.1.0",
    description: "Typed, validated client of the jobs of another application",
    ...known,
    type: "module",
    main: "./index.js",
    types: "./index.d.ts",
    exports: { ".": { types: "./index.d.ts", default: "./index.js" }, "./package.json": "./package.json" },
    files: known["files"] ?? ["index.js", "index.d.ts"],
    sideEffects: false,
    peerDependencies: { ...peers, "nestjs-stem": peers["nestjs-stem"] ?? `^${ownVersion()}` },
  };
  return `${JSON.stringify(all, undefined, 2)}\n`;
}

function parsed(path: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(readFileSync(path, "utf8"));
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Readonly<Record<string, unknown>>;
  } catch {
    // Reported below.
  }
  throw new CodegenError("STEM_OUT_REFUSED", `${path} is not a JSON object.`, "Correct it, or give --standalone another folder.");
}

/** The version of this package, whose package.json is some folders up, and more of them in the build. */
function ownVersion(): string {
  for (let at = dirname(fileURLToPath(import.meta.url)); ; at = dirname(at)) {
    const path = `${at}/package.json`;
    if (!existsSync(path)) continue;
    const { name, version } = JSON.parse(readFileSync(path, "utf8")) as { readonly name?: string; readonly version?: string };
    if (name === "nestjs-stem" && version !== undefined) return version;
  }
}
