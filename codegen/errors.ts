/**
 * What keeps the generator from working at all: a missing peer, a project that is not there, a path it may
 * not write to. Same shape as the errors of the library (`code` for programs and search engines, `message`
 * ending with the remedy, `hint`), but a class of its own: the generator knows nothing of the library. What
 * is wrong in the sources is never thrown; it is a `Diagnostic`.
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

/**
 * Thrown where what was kept of an earlier run does not tell all there is to know: then all of the work is to
 * be done.
 */
export class Unsure extends Error {}
