import { Kept } from "./cache/kept.js";
import { CodegenError } from "./errors.js";
import type { Generated, GenerateOptions } from "./outcome.js";

/**
 * Reads a project and writes its typed client.
 *
 * @throws {CodegenError} `STEM_MISSING_PEER` without ts-morph, `STEM_PROJECT_NOT_FOUND` (also if there are
 *   several applications and none is named), `STEM_OUT_REFUSED`, `STEM_CODEGEN_CONFIG`. What is wrong in the
 *   sources is not thrown but returned as diagnostics.
 */
export async function generate(options: GenerateOptions = {}): Promise<Generated> {
  const started = performance.now();
  const kept = Kept.of(options);
  const [known, ...more] = (await kept?.results(started)) ?? [];
  if (known !== undefined && more.length === 0) return known;
  const { openAll, passes } = await import("./pass.js");
  const opened = await openAll(options, kept?.parts());
  if (opened.apps.length === 1) return (await passes(opened, options, kept, started))[0]!;
  const names = opened.apps.map(({ app }) => app.name).join(", ");
  throw new CodegenError(
    "STEM_PROJECT_NOT_FOUND",
    `There are several applications here: ${names}.`,
    "Name one of them (app), or use generateAll.",
  );
}

/** As `generate`, for every application: in a Nest monorepo each has its own client. */
export async function generateAll(options: GenerateOptions = {}): Promise<readonly Generated[]> {
  const started = performance.now();
  const kept = Kept.of(options);
  const known = await kept?.results(started);
  if (known !== undefined) return known;
  // Loads the compiler, and all that works with it.
  const { openAll, passes } = await import("./pass.js");
  return passes(await openAll(options, kept?.parts()), options, kept);
}
