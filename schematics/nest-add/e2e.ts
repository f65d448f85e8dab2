import { posix } from "node:path";
import type { Tree } from "@angular-devkit/schematics";
import type { App } from "../source/app.js";
import { closing, maskText } from "../source/code.js";
import { applyEdits } from "../source/edit.js";
import { addImports } from "../source/imports.js";
import { mentions } from "../source/register.js";
import type { Done } from "./root-module.js";

/** The path of the e2e test of `nest new`. */
const SPEC = "test/app.e2e-spec.ts";
const CREATE = /\bTest\s*\.\s*createTestingModule\s*\(/g;

/**
 * Puts the jobs of the e2e test of `nest new` in memory, as that test starts the whole app.
 * An app without that test, or with a changed one, is left as it is.
 */
export function testInMemory(tree: Tree, app: App): Done {
  const path = posix.join(app.project === undefined ? "" : posix.dirname(app.sourceRoot), SPEC);
  if (!tree.exists(path)) return { state: "same" };
  const source = tree.readText(path);
  const masked = maskText(source);
  if (masked === undefined) return byHand(path);
  if (mentions(masked, "useStemTesting")) return { state: "same" };
  const made = [...masked.matchAll(CREATE)];
  const [create] = made;
  const close = create === undefined ? -1 : closing(masked, create.index + create[0].length - 1);
  const imports = addImports(source, masked, [{ name: "useStemTesting", from: "nestjs-stem/testing" }]);
  if (create === undefined || made.length > 1 || close < 0 || imports === undefined) return byHand(path);
  const edited = applyEdits(
    source.slice(0, create.index),
    imports.filter(({ at }) => at <= create.index),
  );
  tree.overwrite(path, edited + wrapped(source, create.index, close + 1) + source.slice(close + 1));
  return { state: "changed" };
}

/** The call inside `useStemTesting(…)`, with lines of its own where it had some. */
function wrapped(source: string, from: number, to: number): string {
  const call = source.slice(from, to);
  if (!call.includes("\n")) return `useStemTesting(${call})`;
  const newline = call.includes("\r\n") ? "\r\n" : "\n";
  const line = source.slice(source.lastIndexOf("\n", from) + 1, from);
  const indent = /^[ \t]*/.exec(line)![0];
  const step = indent.startsWith("\t") ? "\t" : "  ";
  const inner = call.split(newline).join(newline + step);
  return `useStemTesting(${newline}${indent}${step}${inner},${newline}${indent})`;
}

function byHand(path: string): Done {
  return {
    state: "by hand",
    why: `${path} was left as it is, because it is not plain where it creates the testing module`,
    lines: "  await useStemTesting(Test.createTestingModule({ imports: [AppModule] })).compile(); // from nestjs-stem/testing",
  };
}
