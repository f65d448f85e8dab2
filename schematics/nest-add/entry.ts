import type { Tree } from "@angular-devkit/schematics";
import type { App } from "../source/app.js";
import { closing, maskText } from "../source/code.js";
import { applyEdits } from "../source/edit.js";
import { mentions } from "../source/register.js";
import type { Done } from "./root-module.js";

/**
 * Makes the entry call `enableShutdownHooks()`, so that a stop lets running jobs end.
 * Without it they would lapse.
 */
export function closeOnSignals(tree: Tree, app: App): Done {
  const byHand = (why: string): Done => ({
    state: "by hand",
    why,
    lines: "  app.enableShutdownHooks(); // behind NestFactory.create(), so that a stop lets running jobs end",
  });
  if (!tree.exists(app.main)) return byHand(`There is no ${app.main}`);
  const source = tree.readText(app.main);
  const masked = maskText(source);
  if (masked === undefined) return byHand(`${app.main} was left as it is, because a string, comment or bracket in it is left open`);
  if (mentions(masked, "enableShutdownHooks")) return { state: "same" };
  const made = [...masked.matchAll(CREATE)];
  const [create] = made;
  const close = create === undefined ? -1 : closing(masked, create.index + create[0].length - 1);
  const rest = /^[ \t]*(;?)[ \t]*(?=\r?\n|$)/.exec(masked.slice(close + 1));
  if (create === undefined || made.length > 1 || close < 0 || rest === null)
    return byHand(`${app.main} was left as it is, because it is not plain where it creates the application`);
  const { indent = "", name = "" } = create.groups ?? {};
  const newline = source.includes("\r\n") ? "\r\n" : "\n";
  // Behind a comment that belongs to the line.
  const line = source.indexOf("\n", close) < 0 ? source.length : source.indexOf("\n", close);
  const at = source.charAt(line - 1) === "\r" ? line - 1 : line;
  tree.overwrite(app.main, applyEdits(source, [{ at, text: `${newline}${indent}${name}.enableShutdownHooks()${rest[1] ?? ""}` }]));
  return { state: "changed" };
}

const CREATE =
  /^(?<indent>[ \t]*)(?:const|let)\s+(?<name>[\p{ID_Start}$_][\p{ID_Continue}$]*)(?:\s*:[^=;]*)?\s*=\s*await\s+NestFactory\s*\.\s*create\w*\s*(?:<[^()]*>)?\s*\(/gmu;
