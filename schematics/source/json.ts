import type { Tree } from "@angular-devkit/schematics";

/** A JSON object as the Nest CLI and tsc read their files. */
export type Json = Readonly<Record<string, unknown>>;

/**
 * Reads a JSON file that may have comments and trailing commas.
 * Undefined if there is none, or if it is not an object.
 */
export function readJson(tree: Tree, path: string): Json | undefined {
  if (!tree.exists(path)) return undefined;
  const text = tree.readText(path).replace(/^\uFEFF/, "");
  const plain = text
    .replaceAll(/("(?:\\.|[^"\\])*")|\/\/[^\n]*|\/\*[\s\S]*?\*\//g, (_, string: string | undefined) => string ?? "")
    .replaceAll(/("(?:\\.|[^"\\])*")|,(?=\s*[}\]])/g, (_, string: string | undefined) => string ?? "");
  try {
    return objectIn(JSON.parse(plain));
  } catch {
    return undefined;
  }
}

/** The object itself; undefined for anything else. */
export function objectIn(value: unknown): Json | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Json) : undefined;
}

export function textIn(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

/**
 * Changes a JSON file, in its own indentation and line ends; lists that stand on one line stay there.
 *
 * @param change returns what the file shall hold; the same object leaves the file untouched
 * @returns `"changed"` · `"same"` · `"refused"`: it is missing, broken, or has comments that would be lost
 */
export function changeJson(tree: Tree, path: string, change: (json: Json) => Json): "changed" | "same" | "refused" {
  const source = tree.exists(path) ? tree.readText(path) : "";
  let json: Json | undefined;
  try {
    json = objectIn(JSON.parse(source.replace(/^\uFEFF/, "")));
  } catch {
    json = undefined;
  }
  if (json === undefined) return "refused";
  const changed = change(json);
  if (JSON.stringify(changed) === JSON.stringify(json)) return "same";
  const indent = /^[ \t]+(?=")/m.exec(source)?.[0] ?? "  ";
  const text = withShortLists(JSON.stringify(changed, null, indent), source) + (source.endsWith("\n") ? "\n" : "");
  tree.overwrite(path, source.includes("\r\n") ? text.replaceAll("\n", "\r\n") : text);
  return "changed";
}

const ITEM = String.raw`(?:"(?:\\.|[^"\\])*"|[\w.+-]+)`;
const LIST = new RegExp(String.raw`\[\n\s*(${ITEM}(?:,\n\s*${ITEM})*)\n\s*\]`, "g");

function withShortLists(text: string, source: string): string {
  return text.replace(LIST, (list, items: string) => {
    const short = `[${items.replace(/,\n\s*/g, ", ")}]`;
    return source.includes(short) ? short : list;
  });
}
