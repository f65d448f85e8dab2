import { tmpdir } from "node:os";
import { Tree } from "@angular-devkit/schematics";
import { SchematicTestRunner, type UnitTestTree } from "@angular-devkit/schematics/testing/index.js";

export const MODULE = "import { Module } from '@nestjs/common';\n\n@Module({\n  providers: [],\n})\nexport class AppModule {}\n";
/** What the Nest CLI passes beside the name, whether the schematic asks for it or not. */
export const CLI = {
  collection: "nestjs-stem",
  language: "ts",
  sourceRoot: "src",
  spec: true,
  flat: false,
  specFileSuffix: "spec",
  format: false,
  skipImport: false,
};

export interface App {
  readonly files?: Readonly<Record<string, string>>;
  readonly packageJson?: object;
  /** Where Prettier and its settings are looked for. */
  readonly folder?: string;
}

/** The built schematics. */
export function runner(): SchematicTestRunner {
  return new SchematicTestRunner("nestjs-stem", new URL("../../dist/schematics/collection.json", import.meta.url).pathname);
}

/**
 * Runs the built schematic on an app that is in no folder, unless it is to find the tools of one, and returns
 * the app, the paths it created and what it said.
 */
export async function run(
  schematic: string,
  options: object,
  { files = { "src/app.module.ts": MODULE }, packageJson = { type: "module" }, folder = tmpdir() }: App = {},
) {
  const running = runner();
  const said: string[] = [];
  running.logger.subscribe(({ message }) => said.push(message));
  const before = Tree.empty();
  const all = { "package.json": JSON.stringify(packageJson), ...files };
  for (const [path, text] of Object.entries(all)) before.create(path, text);
  const home = process.cwd();
  process.chdir(folder);
  let tree: UnitTestTree;
  try {
    tree = await running.runSchematic(schematic, { ...CLI, ...options }, before);
  } finally {
    process.chdir(home);
  }
  return { tree, created: tree.files.filter((path) => !(path.slice(1) in all)), said: said.join("\n"), tasks: running.tasks };
}
