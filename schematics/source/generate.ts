import { join, posix } from "node:path";
import type { Rule, SchematicContext, Tree } from "@angular-devkit/schematics";
import { maskText } from "./code.js";
import { formatAs } from "./format.js";
import { importsJs } from "./imports.js";
import { nearestModules } from "./nearest-module.js";
import type { GenerateOptions } from "./options.js";
import { type Place, placeOf } from "./place.js";
import { registerProvider } from "./register.js";
import { renderFolder } from "./render.js";

/**
 * Makes the rule of a schematic: renders its templates and registers the class in the nearest module.
 *
 * From the devkit it takes types only and works on the tree it is given, so it runs under any version that
 * the Nest CLI brings and any layout of node_modules.
 *
 * @param role ends the file name, and in upper case the class name: `task`
 * @param folder the schematic's own folder, which holds `files/`
 */
export function generate(role: string, folder: string, options: GenerateOptions): Rule {
  return async (tree, context) => {
    const place = placeOf(tree, options);
    const modules = nearestModules(tree, place.folder);
    const className = place.pascal + role.charAt(0).toUpperCase() + role.slice(1);
    const file = posix.join(place.folder, `${place.file}.${role}`);
    const suffix = wantsJs(tree, modules[0]) ? ".js" : "";
    const touched = [...writeFiles(tree, join(folder, "files"), place, options, { className, js: suffix })];
    if (options.skipImport !== true) touched.push(...register(tree, context, modules, className, file, suffix));
    await formatAs(options.format, tree, context, touched);
  };
}

function writeFiles(
  tree: Tree,
  templates: string,
  place: Place,
  options: GenerateOptions,
  more: Readonly<Record<string, string>>,
): readonly string[] {
  const spec = options.specFileSuffix === undefined || options.specFileSuffix === "" ? "spec" : options.specFileSuffix;
  const values = {
    file: place.file,
    pascal: place.pascal,
    camel: place.camel,
    dotted: place.dotted,
    constant: constantOf(place),
    spec,
    ...more,
  };
  const files = renderFolder(templates, values)
    .filter(({ template }) => options.spec !== false || !template.includes("__spec__"))
    .map(({ name, text }) => ({ path: posix.join(place.folder, name), text }));
  const taken = files.find(({ path }) => tree.exists(path));
  if (taken !== undefined)
    throw new Error(`${taken.path.slice(1)} exists already: nothing was changed. Give another name, or delete it first.`);
  for (const { path, text } of files) tree.create(path, text);
  return files.map(({ path }) => path);
}

/** The name as a variable may be called: `order return` cannot be `return`. */
function constantOf({ camel }: Place): string {
  return RESERVED.test(camel) ? `${camel}Event` : camel;
}

const RESERVED =
  /^(?:arguments|await|break|case|catch|class|const|continue|debugger|default|delete|do|else|enum|eval|export|extends|false|finally|for|function|if|implements|import|in|instanceof|interface|let|new|null|package|private|protected|public|return|static|super|switch|this|throw|true|try|typeof|var|void|while|with|yield)$/;

/** Registers the class, or says what to add by hand. Returns the paths it changed. */
function register(
  tree: Tree,
  context: SchematicContext,
  modules: readonly string[],
  className: string,
  file: string,
  suffix: string,
): readonly string[] {
  const [path] = modules;
  const from = (module: string): string => {
    const relative = posix.relative(posix.dirname(module), file);
    return (relative.startsWith(".") ? relative : `./${relative}`) + suffix;
  };
  const byHand = (module: string): string => `  import { ${className} } from '${from(module)}';\n  providers: [${className}]`;
  if (path === undefined) {
    context.logger.warn(
      `${className} is in no module yet, as there is none above it. Add it to the providers of one:\n  providers: [${className}]`,
    );
    return [];
  }
  if (modules.length > 1) {
    const names = modules.map((module) => module.slice(1)).join(", ");
    context.logger.warn(
      `${className} is in no module yet, as several are equally near (${names}). Add to the one it belongs to:\n${byHand(path)}`,
    );
    return [];
  }
  const registered = registerProvider(tree.readText(path), className, from(path));
  if ("refused" in registered) {
    context.logger.warn(`${path.slice(1)} was left as it is, because ${registered.refused}. Add by hand:\n${byHand(path)}`);
    return [];
  }
  tree.overwrite(path, registered.source);
  return [path];
}

/** As the module's own imports do; if it has none, as the package's type requires. */
function wantsJs(tree: Tree, module: string | undefined): boolean {
  const source = module === undefined ? "" : tree.readText(module);
  return importsJs(source, maskText(source) ?? "") ?? isEsm(tree);
}

function isEsm(tree: Tree): boolean {
  if (!tree.exists("/package.json")) return false;
  try {
    return (JSON.parse(tree.readText("/package.json")) as { readonly type?: unknown } | null)?.type === "module";
  } catch {
    return false;
  }
}
