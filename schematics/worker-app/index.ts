import { join, posix } from "node:path";
import type { Rule, SchematicContext, Tree } from "@angular-devkit/schematics";
import { type App, appAt, builtFile } from "../source/app.js";
import { formatAs } from "../source/format.js";
import { changeJson, objectIn } from "../source/json.js";
import type { GenerateOptions } from "../source/options.js";
import { renderFolder } from "../source/render.js";

/**
 * `nest g -c nestjs-stem worker-app [NAME]`: an entry that starts the application as a worker.
 * With it come its spec and the script that starts it. In a monorepo it is a separate application, beside the
 * one whose module it starts.
 */
export function workerApp(options: Partial<GenerateOptions>): Rule {
  return async (tree, context) => {
    const name = options.name ?? "worker";
    if (!/^[a-z][a-z\d-]*$/.test(name)) throw new Error(`"${name}" cannot name an entry: give one word such as worker or image-worker.`);
    const app = appAt(tree, options.sourceRoot);
    if (app.root === undefined) {
      throw new Error(
        `The root module is not found: neither does ${app.main} give one to NestFactory.create(), nor is there ${app.sourceRoot}/app.module.ts. ` +
          "Name the application's folder with --project or --source-root.",
      );
    }
    const place = app.project === undefined ? besideMain(app, name) : ownApp(app, app.project, name);
    const written = writeFiles(tree, app, app.root, place, options);
    if (app.project === undefined) {
      if (app.bundled) written.push(...bundleApart(tree, context, name));
    } else written.push(...declareApp(tree, context, app, place, name));
    addStart(tree, context, name, `node ${place.built}`);
    const sources = written.filter((path) => options.format === true || path.endsWith(".ts"));
    await formatAs(options.format, tree, context, sources);
  };
}

/** The place of the entry. */
interface Place {
  readonly folder: string;
  /** Name of the entry's file without `.ts`. */
  readonly entry: string;
  readonly name: string;
  /** The path to start Node with. */
  readonly built: string;
}

function besideMain(app: App, name: string): Place {
  const folder = posix.dirname(app.main);
  const built = builtFile(app, posix.join(folder, `${name}.ts`)).replace(/\.js$/, "");
  return { folder, entry: name, name, built: app.bundled ? `dist/${name}` : built };
}

function ownApp(app: App, project: string, name: string): Place {
  const [from, to] = roots(app, name);
  const source = app.sourceRoot.replace(from, to);
  const built = builtFile(app, app.main)
    .replaceAll(from, to)
    .replace(/[^/]+\.js$/, "main");
  if (name === project) throw new Error(`"${name}" is an application of this workspace already: give another name.`);
  return { folder: source, entry: "main", name, built: app.bundled ? `dist/${to}/main` : built };
}

/** Folder of the application, and of a new one beside it: `apps/shop` and `apps/worker`. */
function roots(app: App, name: string): readonly [string, string] {
  const root = posix.dirname(app.sourceRoot);
  return [root, posix.join(posix.dirname(root), name)];
}

function writeFiles(
  tree: Tree,
  app: App,
  root: { readonly path: string; readonly className: string },
  place: Place,
  options: Partial<GenerateOptions>,
): string[] {
  const relative = posix.relative(place.folder, root.path).replace(/\.ts$/, app.suffix);
  const values = {
    entry: place.entry,
    name: place.name,
    module: root.className,
    from: relative.startsWith(".") ? relative : `./${relative}`,
    run: app.esm ? "await" : "void",
    spec: options.specFileSuffix === undefined || options.specFileSuffix === "" ? "spec" : options.specFileSuffix,
  };
  const files = renderFolder(join(__dirname, "files"), values)
    .filter(({ template }) => options.spec !== false || !template.includes("__spec__"))
    .map(({ name, text }) => ({ path: posix.join(place.folder, name), text }));
  const taken = files.find(({ path }) => tree.exists(path));
  if (taken !== undefined) throw new Error(`${taken.path} exists already: nothing was changed. Give another name, or delete it first.`);
  for (const { path, text } of files) tree.create(path, text);
  return files.map(({ path }) => path);
}

/** A bundler builds one entry per configuration, so the new entry gets its own. */
function bundleApart(tree: Tree, context: SchematicContext, name: string): readonly string[] {
  const path = `nest-cli.${name}.json`;
  if (tree.exists(path)) return [];
  tree.create(path, tree.exists("nest-cli.json") ? tree.readText("nest-cli.json") : "{}\n");
  const changed = changeJson(tree, path, (json) => ({
    ...json,
    entryFile: name,
    compilerOptions: { ...objectIn(json["compilerOptions"]), deleteOutDir: false },
  }));
  if (changed === "refused") {
    tree.delete(path);
    context.logger.warn(
      `nest-cli.json cannot be copied without losing its comments. Copy it to ${path} by hand, with "entryFile": "${name}" and "deleteOutDir": false.`,
    );
  }
  addScript(tree, context, `build:${name}`, `nest build --config ${path}`);
  return [path];
}

/** Declares the new application in nest-cli.json, with a tsconfig like that of the one it starts. */
function declareApp(tree: Tree, context: SchematicContext, app: App, place: Place, name: string): readonly string[] {
  const [from, to] = roots(app, name);
  const tsconfig = app.tsconfig.replace(from, to);
  if (tsconfig !== app.tsconfig && tree.exists(app.tsconfig) && !tree.exists(tsconfig))
    tree.create(tsconfig, tree.readText(app.tsconfig).replaceAll(from, to));
  const project = {
    type: "application",
    root: to,
    entryFile: "main",
    sourceRoot: place.folder,
    compilerOptions: { tsConfigPath: tsconfig },
  };
  const changed = changeJson(tree, "nest-cli.json", (json) => {
    const projects = { ...objectIn(json["projects"]), [name]: project };
    return { ...json, projects: Object.fromEntries(Object.entries(projects).sort(([a], [b]) => (a < b ? -1 : 1))) };
  });
  if (changed === "refused") {
    context.logger.warn(
      `nest-cli.json was left as it is, because it has comments. Add to its "projects" by hand:\n  "${name}": ${JSON.stringify(project)}`,
    );
  }
  const reference = { path: `./${tsconfig}` };
  changeJson(tree, "tsconfig.json", (json) => {
    const references: unknown = json["references"];
    if (!Array.isArray(references) || references.some((one) => objectIn(one)?.["path"] === reference.path)) return json;
    return { ...json, references: [...(references as unknown[]), reference] };
  });
  return tree.exists(tsconfig) ? [tsconfig] : [];
}

/**
 * `nest add` writes this script to start the worker by the command.
 * An app that has its own entry starts that entry instead.
 */
function addStart(tree: Tree, context: SchematicContext, name: string, command: string): void {
  addScript(tree, context, `start:${name}`, command, "stem worker");
}

function addScript(tree: Tree, context: SchematicContext, script: string, command: string, replaced?: string): void {
  let kept: unknown;
  const changed = changeJson(tree, "package.json", (json) => {
    const scripts = objectIn(json["scripts"]) ?? {};
    kept = scripts[script];
    return kept === undefined || kept === replaced ? { ...json, scripts: { ...scripts, [script]: command } } : json;
  });
  if (changed === "refused" || (changed === "same" && kept !== command))
    context.logger.warn(`package.json keeps its script "${script}". This entry is started with:\n  ${command}`);
}
