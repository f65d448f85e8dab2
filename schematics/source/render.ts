import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";

/** A file made from a template. */
export interface Rendered {
  /** Name of the template it was made from. */
  readonly template: string;
  readonly name: string;
  readonly text: string;
}

/**
 * Fills in the `*.template` files of a folder, in order of their names.
 * `__word__` in the file name and `<%= word %>` in the text stand for a value.
 *
 * @throws {Error} a template with a value that is not given
 */
export function renderFolder(folder: string, values: Readonly<Record<string, string>>): readonly Rendered[] {
  const fill = (text: string, pattern: RegExp): string =>
    text.replaceAll(pattern, (_, word: string) => {
      const value = values[word];
      if (value === undefined) throw new Error(`A template in ${folder} asks for "${word}", which there is not.`);
      return value;
    });
  return readdirSync(folder)
    .filter((name) => name.endsWith(".template"))
    .sort()
    .map((name) => ({
      template: name,
      name: fill(name.slice(0, -".template".length), /__([a-zA-Z]+)__/g),
      text: fill(readFileSync(join(folder, name), "utf8"), /<%= (\w+) %>/g),
    }));
}
