import type { Rule, SchematicContext, TaskConfigurationGenerator, Tree } from "@angular-devkit/schematics";
import { posix } from "node:path";
import { appAt } from "../source/app.js";
import { formatAs } from "../source/format.js";
import { testInMemory } from "./e2e.js";
import { closeOnSignals } from "./entry.js";
import { describeEnvironment, describeServer, ignoreFiles, writeClient, writeConfig } from "./files.js";
import { transformModules, usesJest } from "./jest.js";
import { completeManifest } from "./manifest.js";
import { type Done, importStem } from "./root-module.js";
import { JEST_TOOLS, STORES, type StoreName, TOOLS } from "./stores.js";

export interface NestAddOptions {
  /** Default `sqlite`. */
  readonly store?: StoreName;
  /** From nest-cli.json. Default `src`. */
  readonly sourceRoot?: string;
  /** Default false. */
  readonly skipInstall?: boolean;
  /** Default false. */
  readonly format?: boolean;
}

/**
 * `nest add nestjs-stem`: puts Stem into an app.
 * Each part leaves alone what is there already, so a second run changes nothing. Code that a part does not
 * understand stays as it is, and the lines to add by hand are printed.
 */
export function nestAdd({ store = "sqlite", sourceRoot, skipInstall, format }: NestAddOptions): Rule {
  return async (tree, context) => {
    const app = appAt(tree, sourceRoot);
    const before = tree.exists("package.json") ? tree.readText("package.json") : "";
    const client = posix.join(app.sourceRoot, "stem/stem.gen.ts");
    const { driver } = STORES[store];
    const jest = usesJest(tree);
    const recipes = jest ? transformModules(tree, app) : [];
    const plainJest = recipes.length > 0 && recipes.every(({ state }) => state !== "by hand");
    const done: readonly Done[] = [
      importStem(tree, app, store, client),
      closeOnSignals(tree, app),
      completeManifest(tree, {
        dependencies: driver === undefined ? {} : { [driver[0]]: driver[1] },
        devDependencies: { ...TOOLS, ...(jest && JEST_TOOLS) },
        workers: !app.bundled,
        plainJest,
      }),
      describeServer(tree, store),
      ...(app.bundled ? [] : [writeConfig(tree, app)]),
      ...recipes,
      testInMemory(tree, app),
    ];
    writeClient(tree, app, client);
    describeEnvironment(tree, STORES[store]);
    ignoreFiles(tree, store);
    for (const one of done) if (one.state === "by hand") context.logger.warn(`${one.why}. Add by hand:\n${one.lines}`);
    if (app.bundled) {
      context.logger.warn(
        `${app.project ?? "This app"} is bundled, so no module of it can be started by its path. For workers of their own: nest g -c nestjs-stem worker-app`,
      );
    }
    await formatAs(format, tree, context, changedSources(tree));
    if (skipInstall !== true && tree.exists("package.json") && tree.readText("package.json") !== before) install(tree, context);
  };
}

/**
 * The devkit's task for it, by its name: this package has no code of the devkit. It does not run in a dry
 * run.
 */
function install(tree: Tree, context: SchematicContext): void {
  const locks = { "yarn.lock": "yarn", "pnpm-lock.yaml": "pnpm", "bun.lock": "bun", "bun.lockb": "bun" };
  const packageManager = Object.entries(locks).find(([lock]) => tree.exists(lock))?.[1] ?? "npm";
  const task: TaskConfigurationGenerator = {
    toConfiguration: () => ({ name: "node-package", options: { command: "install", quiet: true, workingDirectory: ".", packageManager } }),
  };
  context.addTask(task);
}

function changedSources(tree: Tree): readonly string[] {
  return tree.actions
    .filter(({ kind, path }) => (kind === "c" || kind === "o") && path.endsWith(".ts") && !path.endsWith(".gen.ts"))
    .map(({ path }) => path);
}
