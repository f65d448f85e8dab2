/**
 * An error that stops the generator: a missing peer, a missing project, a path that cannot be written.
 * It has the shape of the library's errors (`code`, `message` ending with the remedy, `hint`), but is a
 * separate class: the generator does not import the library. Mistakes in the sources are never thrown; they
 * are `Diagnostic`s.
 */
export class CodegenError extends Error {
  override readonly name = "CodegenError";
  readonly code: "STEM_MISSING_PEER" | "STEM_PROJECT_NOT_FOUND" | "STEM_OUT_REFUSED" | "STEM_MANIFEST" | "STEM_CODEGEN_CONFIG" | "STEM_GIT";
  /** What to do next. */
  readonly hint: string;

  constructor(code: CodegenError["code"], what: string, hint: string, options?: ErrorOptions) {
    super(`${what}\n  → ${hint}  [${code}]`, options);
    this.code = code;
    this.hint = hint;
  }
}

/** Thrown if the data kept of an earlier run is incomplete: then all of the work has to be done. */
export class Unsure extends Error {}
