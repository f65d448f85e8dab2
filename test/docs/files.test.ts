import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "@jest/globals";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** Folders that a page may leave out at the beginning of a path. */
const BASES = ["", "lib/", "lib/core/"];

/** Every path in a page that ends in a file name or a slash; NAME and STORE stand for any. */
function pathsIn(page: string): readonly string[] {
  const found = page.match(/(?<![\w./-])(?:[\w.-]+\/)+(?:[\w-]+(?:\.[\w-]+)*\.(?:ts|md|json|mjs))?(?![\w*])/g) ?? [];
  return [...new Set(found)].filter((path) => !/NAME|STORE|dist\//.test(path));
}

function lost(page: string): readonly string[] {
  return pathsIn(page).filter((path) => !BASES.some((base) => existsSync(root + base + path)));
}

const text = (path: string): string => readFileSync(root + path, "utf8");

describe("Pages for maintainers", () => {
  it.each(["docs/architecture.md", "docs/contributing.md"])("%s names files that there are", (path) => {
    const page = text(path).replaceAll(/\]\([^)]*\)/g, "");
    expect(pathsIn(page).length).toBeGreaterThan(10);
    expect(lost(page)).toEqual([]);
  });

  it.each(["A job's life", "A run's life"])("docs/architecture.md shows at most ten files of core in %s", (heading) => {
    const [section] = text("docs/architecture.md").split(`\n## ${heading}\n`)[1]!.split("\n## ");
    const files = pathsIn(section!).filter((path) => existsSync(`${root}lib/core/${path}`) && path.endsWith(".ts"));
    expect(files.length).toBeGreaterThan(5);
    expect(files.filter((path) => path !== "worker/execute.ts" || heading === "A job's life").length).toBeLessThanOrEqual(10);
  });
});
