/**
 * `stem generate`: from decorated classes to a typed client. Knows nothing of the library; what it reads and writes names it by text.
 */
export { CodegenError } from "./errors.js";
export { formatDiagnostic, generate, type Generated, type GenerateOptions } from "./generate.js";
export type { Diagnostic, DiagnosticCode } from "./model.js";
export { watch, type WatchOptions } from "./watch.js";
