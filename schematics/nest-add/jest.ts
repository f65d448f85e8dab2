import { posix } from "node:path";
import type { Tree } from "@angular-devkit/schematics";
import type { App } from "../source/app.js";
import { changeJson, type Json, objectIn, readJson } from "../source/json.js";
import type { Done } from "./root-module.js";

/** Whether the app's tests run in Jest. */
export function usesJest(tree: Tree): boolean {
  const json = readJson(tree, "package.json");
  return { ...objectIn(json?.["dependencies"]), ...objectIn(json?.["devDependencies"]) }["jest"] !== undefined;
}

/**
 * Lets Jest load ES modules (Nest 12 and this package) on every Node.
 * ts-jest leaves node_modules alone, and Jest can `require` ES modules only from Node 24.9 on and behind a
 * flag. So swc turns them into CommonJS as well. One answer per configuration: package.json, jest.config.*,
 * test/jest-e2e.json.
 */
export function transformModules(tree: Tree, app: App): readonly Done[] {
  const root = app.project === undefined ? "" : posix.dirname(app.sourceRoot);
  const texts = ["jest.config.ts", "jest.config.js", "jest.config.mjs", "jest.config.cjs"].filter((path) => tree.exists(path));
  const inManifest = objectIn(readJson(tree, "package.json")?.["jest"]) !== undefined;
  const done = texts.map((path) => inText(tree, path, app));
  if (inManifest) done.push(inJson(tree, "package.json", app, "jest"));
  const e2e = posix.join(root, "test/jest-e2e.json");
  if (tree.exists(e2e)) done.push(inJson(tree, e2e, app));
  return done;
}

function inJson(tree: Tree, path: string, app: App, key?: string): Done {
  let known = true;
  const change = (config: Json): Json => {
    if (config["transformIgnorePatterns"] !== undefined) return config;
    const transform = Object.entries(objectIn(config["transform"]) ?? {});
    const [pattern, by] = transform[0] ?? [];
    known = transform.length === 1 && (by === "ts-jest" || (Array.isArray(by) && by[0] === "ts-jest"));
    if (!known) return config;
    const mapped = app.suffix === "" ? {} : { moduleNameMapper: { ...SUFFIXES, ...objectIn(config["moduleNameMapper"]) } };
    return { ...config, ...mapped, transform: { [pattern ?? ""]: SWC }, transformIgnorePatterns: IGNORED };
  };
  const changed = changeJson(tree, path, (json) =>
    key === undefined ? change(json) : { ...json, [key]: change(objectIn(json[key]) ?? {}) },
  );
  return known && changed !== "refused" ? { state: changed } : byHand(path);
}

function inText(tree: Tree, path: string, app: App): Done {
  const source = tree.readText(path);
  if (/transformIgnorePatterns/.test(source)) return { state: "same" };
  const found = [...source.matchAll(/^([ \t]*)transform:\s*\{\s*(?:'[^']*'|"[^"]*"):\s*(?:'ts-jest'|"ts-jest"),?\s*\},?(?=\r?\n)/gm)];
  const [transform] = found;
  if (transform === undefined || found.length > 1 || (app.suffix !== "" && /moduleNameMapper/.test(source))) return byHand(path);
  const indent = transform[1] ?? "";
  const newline = source.includes("\r\n") ? "\r\n" : "\n";
  const lines = recipe(app.suffix !== "")
    .split("\n")
    .map((line) => indent + line)
    .join(newline);
  tree.overwrite(path, source.slice(0, transform.index) + lines + source.slice(transform.index + transform[0].length));
  return { state: "changed" };
}

function byHand(path: string): Done {
  return {
    state: "by hand",
    why: `The Jest configuration in ${path} was left as it is, because it does more than run ts-jest`,
    lines: recipe(false).replaceAll(/^/gm, "  "),
  };
}

const SWC: readonly [string, Json] = [
  "@swc/jest",
  {
    jsc: {
      target: "es2022",
      parser: { syntax: "typescript", decorators: true },
      transform: { legacyDecorator: true, decoratorMetadata: true },
    },
    module: { type: "commonjs" },
  },
];

/** Packages in node_modules that are transformed: this one, Nest, and the ES modules these load. */
const IGNORED: readonly string[] = [
  "/node_modules/(?!(nestjs-stem|@nestjs|uid|iterare|load-esm|file-type|strtok3|token-types|uint8array-extras|@tokenizer|@borewit|@lukeed)/)",
];

const SUFFIXES: Json = { "^(\\.{1,2}/.*)\\.js$": "$1" };

/** The same as source, in the style of a new Nest app. */
function recipe(mapsSuffixes: boolean): string {
  return `${mapsSuffixes ? "moduleNameMapper: { '^(\\\\.{1,2}/.*)\\\\.js$': '$1' },\n" : ""}transform: {
  '^.+\\\\.(t|j)s$': [
    '@swc/jest',
    {
      jsc: {
        target: 'es2022',
        parser: { syntax: 'typescript', decorators: true },
        transform: { legacyDecorator: true, decoratorMetadata: true },
      },
      module: { type: 'commonjs' },
    },
  ],
},
// Nest and nestjs-stem are ES modules, which Jest cannot require: swc makes them CommonJS.
transformIgnorePatterns: [
  '${IGNORED[0]}',
],`;
}
