import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { SchematicContext, Tree } from "@angular-devkit/schematics";

/** The part of Prettier that is used here. */
interface Prettier {
  resolveConfig(file: string): Promise<object | null>;
  format(text: string, options: object): Promise<string>;
}

/** Formats files with the project's own Prettier, for `--format`. Says so if the project has none or it fails, and leaves the files as they are. */
export async function formatFiles(tree: Tree, context: SchematicContext, paths: readonly string[]): Promise<void> {
  const root = process.cwd();
  try {
    const entry = createRequire(join(root, "package.json")).resolve("prettier");
    const loaded = (await import(pathToFileURL(entry).href)) as Prettier & { readonly default?: Prettier };
    const prettier = loaded.default ?? loaded;
    for (const path of paths) {
      const filepath = join(root, path);
      tree.overwrite(path, await prettier.format(tree.readText(path), { ...(await prettier.resolveConfig(filepath)), filepath }));
    }
  } catch (error) {
    const reason = String((error as { readonly message?: unknown }).message ?? error).split("\n")[0];
    context.logger.warn(`Not formatted: Prettier of this project could not do it (${reason}).`);
  }
}
