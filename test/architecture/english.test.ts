import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "@jest/globals";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** Folders whose comments are held to docs/style.md. */
const FOLDERS: readonly string[] = [
  "sample-app",
  "bench",
  "codegen",
  "schematics",
  "lib/cli",
  "lib/testing",
  "lib/core/schema",
  "lib/core/codec",
  "lib/core/log",
  "lib/core/task",
  "lib/core/canvas",
  "lib/contract",
];

/** Words for which a plain noun says more, things that act like people, and phrases of old errors. */
const BANNED =
  /\b(who(m)?ever|what(so)?ever|whichever|(some|any|every|no)body|(of|is|are|as) (ours|yours)|hears?|told of|(is|are|was|were) told(?! apart)|bur(y|ied)|patient|passengers?|innocents?|cannot be right|1 times|is no (list|class|schema|duration|object|number|function|task|name))\b/gi;

/** What a doc comment begins with must fit into the first line of a hover. */
const FIRST_SENTENCE = 100;

describe("Comments and docs", () => {
  it.each(pages())("%s is in plain words", (page) => {
    expect(bannedIn(withoutCode(read(page)))).toEqual([]);
  });

  it.each(FOLDERS)("%s is in plain words", (folder) => {
    const found = sources(folder).flatMap((file) => bannedIn(commentsOf(file)).map((words) => `${file}: ${words}`));
    expect(found).toEqual([]);
  });

  it.each(FOLDERS)("%s begins its doc comments with a short sentence", (folder) => {
    const long = sources(folder)
      .filter((file) => file.endsWith(".ts"))
      .flatMap((file) => [...read(file).matchAll(/\/\*\*((?:(?!\*\/)[^])*)\*\//g)].map(([, comment]) => [file, first(comment!)] as const))
      .filter(([, sentence]) => !sentence.startsWith("@") && sentence.length > FIRST_SENTENCE);
    expect(long).toEqual([]);
  });
});

function bannedIn(text: string): readonly string[] {
  return text.split("\n").flatMap((line) => (line.match(BANNED) ?? []).map((words) => `${words} in "${line.trim()}"`));
}

/** All that stands before the first full stop, tag, list or empty line. */
function first(comment: string): string {
  const [text] = comment
    .replace(/^\s*\* ?/gm, "")
    .trim()
    .split(/\n\s*\n|\n(?=[-@|])/);
  const line = text!.replaceAll(/\s+/g, " ");
  return /^.*?[.!?:](?=\s|$)/.exec(line)?.[0] ?? line;
}

/** Line by line; in a line with code, what follows the sign of a comment. */
function commentsOf(file: string): string {
  const sign = /\.(ts|mjs)$/.test(file) ? /^\s*(?:\/\/|\/?\*)(.*)|\s\/\/ (.*)|\/\*\* (.*?) \*\//g : /(?:^|\s)--(.*)()()/g;
  return read(file)
    .split("\n")
    .flatMap((line) => [...line.matchAll(sign)].map(([, whole, trailing, inside]) => whole ?? trailing ?? inside))
    .join("\n");
}

/** Code, and the left column of the table in docs/style.md, which shows how not to write. */
function withoutCode(page: string): string {
  return page
    .replaceAll(/^ *```[^]*?^ *```/gm, "")
    .replaceAll(/`[^`]*`/g, "``")
    .replaceAll(/^\| not \| but \|\n(\|.*\n)*/gm, "")
    .replace(/^- Things do not act like people.*/m, "");
}

/** Without the page that is made of the titles of laws. */
function pages(): readonly string[] {
  return ["README.md", "CHANGELOG.md", ...walk("docs")].filter((file) => file.endsWith(".md") && file !== "docs/adapters.md");
}

/** Without migrations, which stay as they were released. */
function sources(folder: string): readonly string[] {
  return walk(folder).filter((file) => /(?<!\.gen)\.(ts|mjs|lua)$/.test(file) && !file.includes("node_modules"));
}

function read(file: string): string {
  return readFileSync(root + file, "utf8");
}

function walk(folder: string): readonly string[] {
  return readdirSync(root + folder).flatMap((name) => {
    const path = `${folder}/${name}`;
    return statSync(join(root, path)).isDirectory() ? walk(path) : [path];
  });
}
