import { createRequire } from "node:module";
import type { ts } from "ts-morph";
import { CodegenError } from "../errors.js";

/** The TypeScript compiler that ts-morph carries, whatever version the project itself uses. */
export type Typescript = typeof ts;

/**
 * Loads ts-morph, which is an optional peer: only those who generate need it, and it takes a quarter of a second.
 *
 * @throws {CodegenError} `STEM_MISSING_PEER`
 */
export async function loadTypescript(load: () => Promise<unknown> = () => import("ts-morph")): Promise<Typescript> {
  type Loaded = { readonly ts?: Typescript; readonly default?: { readonly ts?: Typescript } };
  let loaded: Loaded;
  try {
    loaded = (await load()) as Loaded;
  } catch (error) {
    throw missing("The generator reads your sources with ts-morph, which is not installed.", error);
  }
  // A CommonJS package: which names an import() shows beside `default` depends on who loads it.
  const ts = loaded.ts ?? loaded.default?.ts;
  if (ts === undefined) throw missing("The installed ts-morph carries no compiler.", undefined);
  return ts;
}

/** The declarations of the language (`lib.es2023.d.ts` …), which ts-morph keeps not as files but in a package of its own. */
export function libraryFiles(): readonly { readonly fileName: string; readonly text: string }[] {
  // Asked for as ts-morph itself asks for it, whose dependency it is: wherever the installer has put it.
  const ofTsMorph = createRequire(createRequire(import.meta.url).resolve("ts-morph"));
  const common = ofTsMorph("@ts-morph/common") as { getLibFiles(): readonly { readonly fileName: string; readonly text: string }[] };
  return common.getLibFiles();
}

function missing(what: string, cause: unknown): CodegenError {
  return new CodegenError("STEM_MISSING_PEER", what, "npm install --save-dev ts-morph", { cause });
}
