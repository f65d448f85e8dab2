import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import ts from "typescript";
import { maskText } from "../../schematics/source/code.js";

const root = new URL("../..", import.meta.url).pathname;
const files = ["lib", "codegen", "schematics", "test"]
  .flatMap((folder) => readdirSync(join(root, folder), { recursive: true, encoding: "utf8" }).map((name) => join(root, folder, name)))
  .filter((name) => name.endsWith(".ts"));

describe("the scanner", () => {
  it("sees the brackets that TypeScript sees, in every source file of this repository", () => {
    expect(files.length).toBeGreaterThan(50);
    for (const file of files) {
      const source = readFileSync(file, "utf8");
      expect({ file, brackets: bracketsOf(maskText(source) ?? "") }).toEqual({ file, brackets: parsedBrackets(file, source) });
    }
  });

  it.each([
    ["a string", "const a = 'x"],
    ["a template", "const a = `x ${1"],
    ["a comment", "const a = 1; /* x"],
  ])("says when %s does not end", (_, source) => {
    expect(maskText(source)).toBeUndefined();
  });
});

function bracketsOf(masked: string): readonly number[] {
  return [...masked.matchAll(/[()[\]{}]/g)].map((match) => match.index);
}

/** Templates with placeholders count as one token, as they do for the scanner. */
function parsedBrackets(file: string, source: string): readonly number[] {
  const tree = ts.createSourceFile(file, source, ts.ScriptTarget.ESNext, true);
  const found: number[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isTemplateExpression(node) || ts.isJSDoc(node)) return;
    const children = node.getChildren(tree);
    if (children.length === 0 && /^[()[\]{}]$/.test(node.getText(tree))) found.push(node.getStart(tree));
    children.forEach(visit);
  };
  visit(tree);
  return found;
}
