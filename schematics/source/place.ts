import { posix } from "node:path";
import type { Tree } from "@angular-devkit/schematics";
import type { GenerateOptions } from "./options.js";

/** The place of the new files, and the names in them. */
export interface Place {
  /** Folder of the new files, from the root of the workspace: `/src/mail/send-mail`. */
  readonly folder: string;
  /** Begins the file names: `send-mail`. */
  readonly file: string;
  /** Begins the class names: `SendMail`. */
  readonly pascal: string;
  /** `sendMail`. */
  readonly camel: string;
  /** The name that jobs are stored under: the folders given with the name, then the name: `mail.sendMail`. */
  readonly dotted: string;
}

/**
 * Reads name, path and source root as the schematics of Nest do.
 *
 * @throws {Error} a language other than TypeScript, a name that makes no class name, or one that leads out of
 * the workspace
 */
export function placeOf(tree: Tree, options: GenerateOptions): Place {
  if (options.language !== undefined && options.language !== "ts") {
    throw new Error(
      `Language "${options.language}" is not supported: the decorators of nestjs-stem need TypeScript. Set "language": "ts" in nest-cli.json.`,
    );
  }
  const given = kebab(options.name)
    .split("/")
    .filter((part) => part !== "" && part !== ".");
  const file = given.at(-1) ?? "";
  const pascal = pascalCase(file);
  if (!/^\p{ID_Start}[\p{ID_Continue}$]*$/u.test(pascal)) {
    throw new Error(`Name "${options.name}" makes no class name: give one that begins with a letter, such as send-mail or mail/send-mail.`);
  }
  const path = kebab(options.path ?? "");
  if (`${path}/${given.join("/")}`.split("/").includes("..")) {
    throw new Error(`"${posix.join(path, options.name)}" leads out of the source root: give folders below it, such as mail/send-mail.`);
  }
  const parent = posix.join("/", sourceRoot(tree, options), path, ...given.slice(0, -1));
  return {
    folder: options.flat === true ? parent : posix.join(parent, file),
    file,
    pascal,
    camel: camelCase(file),
    dotted: given.map(camelCase).filter(Boolean).join("."),
  };
}

/** In a folder below the root the CLI works from there, so the source root is not added again. */
function sourceRoot(tree: Tree, options: GenerateOptions): string {
  const inRoot = ["nest-cli.json", "nest.json", "tsconfig.json", "package.json"].some((name) => tree.exists(`/${name}`));
  return inRoot ? (options.sourceRoot ?? "src") : "";
}

function kebab(text: string): string {
  return text
    .trim()
    .replaceAll("\\", "/")
    .replaceAll(/([a-z\d])([A-Z])/g, "$1-$2")
    .toLowerCase()
    .replaceAll(/\s/g, "-");
}

function pascalCase(text: string): string {
  return words(text)
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join("");
}

function camelCase(text: string): string {
  const pascal = pascalCase(text);
  return pascal.charAt(0).toLowerCase() + pascal.slice(1);
}

function words(text: string): readonly string[] {
  return text.split(/[^\p{ID_Continue}$]+|_+/u).filter(Boolean);
}
