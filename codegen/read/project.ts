import { dirname, relative, resolve } from "node:path";
import type { ts } from "ts-morph";
import type { Disk } from "../disk.js";
import { CodegenError } from "../errors.js";
import type { Diagnostic } from "../model.js";
import type { Typescript } from "./load.js";

/** A TypeScript project as its tsconfig describes it. Paths are absolute with `/`. */
export interface Project {
  /** The tsconfig; undefined in a folder without one. */
  readonly config: string | undefined;
  readonly folder: string;
  /** Sources that may hold handlers: no declaration files, no tests. In code-unit order. */
  readonly files: readonly string[];
  /** Its declaration files, which may declare global types. */
  readonly declarations: readonly string[];
  /** Where generated code goes by default: `rootDir`, else `src`, else the folder. */
  readonly sourceRoot: string;
  readonly options: ts.CompilerOptions;
  /** The tsconfig and all it extends. */
  readonly configs: readonly string[];
  /** Folders that are included as a whole. */
  readonly includes: readonly string[];
}

export const TESTS = /[.-](?:spec|test)\.[cm]?tsx?$|\/(?:__tests__|__mocks__|node_modules)\//;
export const DECLARATIONS = /\.d\.(?:[^./]+\.)?[cm]?ts$/;

/**
 * Finds the project.
 *
 * @param project a tsconfig or a folder with one; default `tsconfig.json` in `cwd`, or, without one, the
 *   `.ts` files of `cwd`
 * @returns a diagnostic if the tsconfig cannot be read
 * @throws {CodegenError} `STEM_PROJECT_NOT_FOUND`
 */
export function findProject(ts: Typescript, disk: Disk, cwd: string, project: string | undefined): Project | Diagnostic {
  const config = configPath(disk, cwd, project);
  const folder = config === undefined ? posix(cwd) : dirname(config);
  const configs = new Set<string>();
  const readFile = (path: string): string | undefined => {
    configs.add(posix(resolve(path)));
    return disk.read(path);
  };
  const read = config === undefined ? { config: {} } : ts.readConfigFile(config, readFile);
  const host = { ...disk.system(ts), readFile };
  const parsed = read.error === undefined ? ts.parseJsonConfigFileContent(read.config, host, folder, undefined, config) : undefined;
  const error = read.error ?? parsed?.errors.find(({ code }) => FATAL.has(code));
  if (parsed === undefined || error !== undefined) {
    const at = error?.file?.getLineAndCharacterOfPosition(error.start ?? 0);
    const text =
      error === undefined ? "" : ts.flattenDiagnosticMessageText(error.messageText, " ").replaceAll(`${folder}/`, "").replace(/\.$/, "");
    return {
      code: "STEM1017",
      severity: "error",
      file: config ?? folder,
      line: (at?.line ?? 0) + 1,
      column: (at?.character ?? 0) + 1,
      message: `the project cannot be read: ${text}. Correct the tsconfig, or name another with --project.`,
    };
  }
  if (parsed.fileNames.length === 0 && (parsed.projectReferences?.length ?? 0) > 0) {
    const references = parsed.projectReferences!.map(({ path }) => posix(relative(cwd, path)));
    throw new CodegenError(
      "STEM_PROJECT_NOT_FOUND",
      `${posix(relative(cwd, config ?? folder))} has no files of its own, it only refers to other projects.`,
      `Name the project that has the handlers: ${references
        .slice(0, 3)
        .map((path) => `--project ${path}`)
        .join(" or ")}`,
    );
  }
  const files = parsed.fileNames.map((path) => posix(resolve(path))).filter((path) => /\.[cm]?tsx?$/.test(path));
  return {
    config,
    folder,
    files: [...new Set(files)].filter((path) => !DECLARATIONS.test(path) && !TESTS.test(path.slice(folder.length))).sort(),
    declarations: files.filter((path) => DECLARATIONS.test(path) && !path.includes("/node_modules/")).sort(),
    sourceRoot: sourceRoot(disk, folder, parsed.options.rootDir),
    options: parsed.options,
    configs: [...configs],
    includes: Object.keys(parsed.wildcardDirectories ?? {}).map((path) => posix(resolve(path))),
  };
}

/** Errors of a tsconfig that make its options wrong: a base that is missing, broken or circular. */
const FATAL = new Set([5012, 5083, 6053, 18000]);

function configPath(disk: Disk, cwd: string, project: string | undefined): string | undefined {
  let path = resolve(cwd, project ?? "tsconfig.json");
  if (disk.kind(path) === "folder") path = resolve(path, "tsconfig.json");
  if (disk.exists(path)) return posix(path);
  if (project === undefined) return undefined;
  throw new CodegenError(
    "STEM_PROJECT_NOT_FOUND",
    `There is no ${posix(relative(cwd, path))}.`,
    "Give --project the path of your tsconfig.json, or of the folder it is in.",
  );
}

function sourceRoot(disk: Disk, folder: string, rootDir: string | undefined): string {
  const root = rootDir === undefined ? folder : posix(resolve(folder, rootDir));
  return root === folder && disk.kind(`${folder}/src`) === "folder" ? `${folder}/src` : root;
}

/** How imports of a file at `out` end: `.js` under Node's rules for ES modules, nothing elsewhere. */
export function importSuffix(ts: Typescript, disk: Disk, options: ts.CompilerOptions, out: string): ".js" | "" {
  const { ModuleKind, ModuleResolutionKind: Kind } = ts;
  const { module, moduleResolution } = options;
  const nodeModule = module !== undefined && module >= ModuleKind.Node16 && module <= ModuleKind.NodeNext;
  const nodeRules = moduleResolution === undefined ? nodeModule : moduleResolution === Kind.Node16 || moduleResolution === Kind.NodeNext;
  if (!nodeRules || out.endsWith(".cts")) return "";
  return out.endsWith(".mts") || packageType(disk, dirname(out)) === "module" ? ".js" : "";
}

/** `type` of the nearest package.json. */
function packageType(disk: Disk, folder: string): unknown {
  for (let at = folder; ; at = dirname(at)) {
    try {
      return (JSON.parse(disk.read(`${at}/package.json`) ?? "") as { readonly type?: unknown } | null)?.type;
    } catch {
      if (dirname(at) === at) return undefined;
    }
  }
}

/** The folder of the nearest package.json above a file. */
export function packageOf(disk: Disk, file: string): string | undefined {
  for (let at = dirname(file); ; at = dirname(at)) {
    if (disk.exists(`${at}/package.json`)) return at;
    if (dirname(at) === at) return undefined;
  }
}

/** The path with `/` on every system. */
export function posix(path: string): string {
  return path.replaceAll("\\", "/");
}
