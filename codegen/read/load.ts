import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { ts } from "ts-morph";
import { CodegenError } from "../errors.js";

/** The TypeScript compiler that ts-morph carries, whatever version the project itself uses. */
export type Typescript = typeof ts;

/** What ts-morph is made of, which has the compiler and the declarations of the language. */
interface Parts {
  readonly ts?: Typescript;
  getLibFiles(): readonly { readonly fileName: string; readonly text: string }[];
}

let known: Typescript | undefined;

/**
 * Loads the compiler of ts-morph, which is an optional peer: only those who generate need it, and it takes a
 * quarter of a second, twice that through an `import()`, for which Node goes through all of its text once
 * more.
 *
 * @throws {CodegenError} `STEM_MISSING_PEER`
 */
export function loadTypescript(load: () => unknown = compiler): Typescript {
  let loaded: Partial<Parts>;
  try {
    loaded = load() as Partial<Parts>;
  } catch (error) {
    throw missing("The generator reads your sources with ts-morph, which is not installed.", error);
  }
  if (loaded.ts === undefined) throw missing("The installed ts-morph carries no compiler.", undefined);
  return loaded.ts;
}

/**
 * The compiler alone, if it is where it has always been: the rest of its package takes a third as long again
 * to load.
 */
function compiler(): Parts {
  if (known !== undefined) return { ts: known, getLibFiles: libraryFiles };
  const require = createRequire(createRequire(import.meta.url).resolve("ts-morph"));
  try {
    known = require(join(dirname(require.resolve("@ts-morph/common")), "typescript.js")) as Typescript;
    if (typeof known.createSourceFile !== "function") known = undefined;
  } catch {
    known = undefined;
  }
  known ??= parts().ts;
  return { ...(known !== undefined && { ts: known }), getLibFiles: libraryFiles };
}

/**
 * The declarations of the language (`lib.es2023.d.ts` …), which ts-morph keeps not as files but in a package
 * of its own.
 */
export function libraryFiles(): ReturnType<Parts["getLibFiles"]> {
  return parts().getLibFiles();
}

/** Asked for as ts-morph itself asks for it, whose dependency it is: wherever the installer has put it. */
function parts(): Parts {
  return createRequire(createRequire(import.meta.url).resolve("ts-morph"))("@ts-morph/common") as Parts;
}

function missing(what: string, cause: unknown): CodegenError {
  return new CodegenError("STEM_MISSING_PEER", what, "npm install --save-dev ts-morph", { cause });
}
