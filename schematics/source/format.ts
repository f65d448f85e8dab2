import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { SchematicContext, Tree } from "@angular-devkit/schematics";

/** The part of Prettier that is used here. */
interface Prettier {
  resolveConfig(file: string, options: { readonly editorconfig: boolean }): Promise<object | null>;
  format(text: string, options: object): Promise<string>;
  getFileInfo(file: string, options: { readonly ignorePath: string }): Promise<{ readonly ignored: boolean }>;
}

/**
 * Formats the created and changed files with the project's Prettier.
 * All of them if that was asked for, else those that need it to stay in form.
 */
export async function formatAs(asked: boolean | undefined, tree: Tree, context: SchematicContext, paths: readonly string[]): Promise<void> {
  await (asked === true ? formatFiles(tree, context, paths) : keepForm(tree, paths));
}

/**
 * Formats files with the project's own Prettier, for `--format`.
 * If the project has none or it fails, says so and leaves the files as they are.
 */
async function formatFiles(tree: Tree, context: SchematicContext, paths: readonly string[]): Promise<void> {
  try {
    const prettier = await prettierOf(process.cwd());
    for (const path of paths) {
      const filepath = join(process.cwd(), path);
      const config = await prettier.resolveConfig(filepath, { editorconfig: true });
      tree.overwrite(path, await prettier.format(tree.readText(path), { ...config, filepath }));
    }
  } catch (error) {
    const reason = String((error as { readonly message?: unknown }).message ?? error).split("\n")[0];
    context.logger.warn(`Not formatted: Prettier of this project could not do it (${reason}).`);
  }
}

/**
 * Keeps files formatted where the project has settings for Prettier, as a new Nest app has.
 * New files are formatted, and changed ones that were formatted before. All others stay as they are, without
 * a message.
 */
async function keepForm(tree: Tree, paths: readonly string[]): Promise<void> {
  const prettier = await prettierOf(process.cwd()).catch(() => undefined);
  if (prettier === undefined) return;
  for (const path of paths) {
    const filepath = join(process.cwd(), path);
    try {
      if ((await prettier.resolveConfig(filepath, { editorconfig: false })) === null) continue;
      if ((await prettier.getFileInfo(filepath, { ignorePath: join(process.cwd(), ".prettierignore") })).ignored) continue;
      const options = { ...(await prettier.resolveConfig(filepath, { editorconfig: true })), filepath };
      // The tree is written at the end, so the disk has the text before the change.
      const before = existsSync(filepath) ? readFileSync(filepath, "utf8") : undefined;
      if (before === undefined || (await prettier.format(before, options)) === before)
        tree.overwrite(path, await prettier.format(tree.readText(path), options));
    } catch {
      // It cannot read the file, or its settings.
    }
  }
}

async function prettierOf(root: string): Promise<Prettier> {
  const entry = createRequire(join(root, "package.json")).resolve("prettier");
  const loaded = (await import(pathToFileURL(entry).href)) as Prettier & { readonly default?: Prettier };
  return loaded.default ?? loaded;
}
