import { posix } from "node:path";
import type { Tree } from "@angular-devkit/schematics";
import { maskText } from "./code.js";
import { importedFrom, importsJs } from "./imports.js";
import { type Json, objectIn, readJson, textIn } from "./json.js";

/**
 * An application of the workspace, as nest-cli.json, its entry and its tsconfig describe it.
 * Paths are from the root of the workspace, without a leading `/`.
 */
export interface App {
  /** Its name among the `projects` of a monorepo; undefined where the workspace is the one app. */
  readonly project: string | undefined;
  /** `src`, `apps/shop/src`. */
  readonly sourceRoot: string;
  /** `src/main.ts`; it may be missing. */
  readonly main: string;
  /** The module that the entry starts; undefined if unknown. */
  readonly root: { readonly path: string; readonly className: string } | undefined;
  /** How relative imports end: `.js` or nothing. */
  readonly suffix: string;
  readonly esm: boolean;
  /** webpack or rspack make one file of it, in which no module can be found by its path. */
  readonly bundled: boolean;
  /** What builds it: `tsconfig.build.json`, `apps/shop/tsconfig.app.json`. */
  readonly tsconfig: string;
  /** Folder that the files of the source root are built into: `dist`. */
  readonly built: string;
}

/** The app that the given source root belongs to. */
export function appAt(tree: Tree, given: string | undefined): App {
  const cli = readJson(tree, "nest-cli.json") ?? readJson(tree, "nest.json") ?? {};
  const sourceRoot = tidy(given ?? textIn(cli["sourceRoot"]) ?? "src");
  const projects = Object.entries(objectIn(cli["projects"]) ?? {}).map(([name, project]) => ({ name, ...objectIn(project) }) as Json);
  const project = projects.find((one) => tidy(textIn(one["sourceRoot"]) ?? "") === sourceRoot) ?? {};
  const compiler = { ...objectIn(cli["compilerOptions"]), ...objectIn(project["compilerOptions"]) };
  const main = posix.join(sourceRoot, `${textIn(project["entryFile"]) ?? textIn(cli["entryFile"]) ?? "main"}.ts`);
  const esm = readJson(tree, "package.json")?.["type"] === "module";
  const text = tree.exists(main) ? tree.readText(main) : "";
  const tsconfig = tidy(textIn(compiler["tsConfigPath"]) ?? (tree.exists("tsconfig.build.json") ? "tsconfig.build.json" : "tsconfig.json"));
  return {
    project: textIn(project["name"]),
    sourceRoot,
    main,
    root: rootModule(tree, main, text) ?? namedModule(tree, sourceRoot),
    suffix: (importsJs(text, maskText(text) ?? "") ?? esm) ? ".js" : "",
    esm,
    bundled: isBundled(compiler),
    tsconfig,
    built: builtFolder(tree, tsconfig, sourceRoot),
  };
}

/** Where a source file of the app is found once built: `dist/app.module.js`. */
export function builtFile(app: App, path: string): string {
  return posix.join(app.built, posix.relative(app.sourceRoot, path)).replace(/\.ts$/, ".js");
}

function rootModule(tree: Tree, main: string, text: string): App["root"] {
  const masked = maskText(text) ?? "";
  const create = /\bNestFactory\s*\.\s*create\w*\s*(?:<[^()]*>)?\s*\(\s*([\p{ID_Start}$_][\p{ID_Continue}$]*)/u.exec(masked);
  const className = create?.[1];
  const from = className === undefined ? undefined : importedFrom(text, masked, className);
  if (className === undefined || from?.startsWith(".") !== true) return undefined;
  const path = `${posix.join(posix.dirname(main), from).replace(/\.js$/, "")}.ts`;
  return tree.exists(path) ? { path, className } : undefined;
}

function namedModule(tree: Tree, sourceRoot: string): App["root"] {
  const path = posix.join(sourceRoot, "app.module.ts");
  return tree.exists(path) ? { path, className: "AppModule" } : undefined;
}

function isBundled(compiler: Json): boolean {
  const { builder } = compiler;
  const type = textIn(builder) ?? textIn(objectIn(builder)?.["type"]);
  return type === undefined ? compiler["webpack"] === true : type === "webpack" || type === "rspack";
}

/**
 * The build folder, from `outDir` and `rootDir`, which an app's tsconfig may inherit.
 * Where they do not say, from how the app is started in production.
 */
function builtFolder(tree: Tree, tsconfig: string, sourceRoot: string): string {
  const outDir = compilerPath(tree, tsconfig, "outDir") ?? "dist";
  const rootDir = compilerPath(tree, tsconfig, "rootDir");
  if (rootDir !== undefined) return posix.join(outDir, posix.relative(rootDir, sourceRoot));
  const start = textIn(objectIn(readJson(tree, "package.json")?.["scripts"])?.["start:prod"]);
  return /^node (\S+)\/main(?:\.js)?$/.exec(start ?? "")?.[1] ?? outDir;
}

function compilerPath(tree: Tree, tsconfig: string, option: string, depth = 0): string | undefined {
  const json = readJson(tree, tsconfig);
  const own = textIn(objectIn(json?.["compilerOptions"])?.[option]);
  if (own !== undefined) return posix.join(posix.dirname(tsconfig), own);
  const base = textIn(json?.["extends"]);
  if (base?.startsWith(".") !== true || depth > 5) return undefined;
  return compilerPath(tree, posix.join(posix.dirname(tsconfig), base.endsWith(".json") ? base : `${base}.json`), option, depth + 1);
}

function tidy(path: string): string {
  return posix.normalize(path).replace(/^\/|\/$/g, "");
}
