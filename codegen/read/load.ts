import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { ts } from "ts-morph";
import { CodegenError } from "../errors.js";

/** The TypeScript compiler inside ts-morph, at any version of the project's own compiler. */
export type Typescript = typeof ts;

/** The parts of ts-morph: the compiler, and the declarations of the language. */
interface Parts {
  readonly ts?: Typescript;
  getLibFiles(): readonly { readonly fileName: string; readonly text: string }[];
}

let known: Typescript | undefined;

/**
 * Loads the compiler of ts-morph, an optional peer that only the generator needs.
 * That takes a quarter of a second, and twice that through an `import()`, for which Node scans all of its
 * text once more.
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

/** The compiler alone, if it is at its usual place: the rest of its package takes a third longer to load. */
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

/** The declarations of the language (`lib.es2023.d.ts` …), which ts-morph keeps in a package. */
export function libraryFiles(): ReturnType<Parts["getLibFiles"]> {
  return parts().getLibFiles();
}

/** Resolved from ts-morph, whose dependency it is, so that any layout of node_modules works. */
function parts(): Parts {
  return createRequire(createRequire(import.meta.url).resolve("ts-morph"))("@ts-morph/common") as Parts;
}

function missing(what: string, cause: unknown): CodegenError {
  return new CodegenError("STEM_MISSING_PEER", what, "npm install --save-dev ts-morph", { cause });
}
