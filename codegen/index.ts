/**
 * `stem generate`: from decorated classes to a typed client. Knows nothing of the library; what it reads and
 * writes names it by text.
 */
export { type Change, type ChangeCode, changesText, compareWith, type Comparison, type Old } from "./compat/index.js";
export { CodegenError } from "./errors.js";
export { type AppConfig, type DecoratorConfig, defineConfig, readConfigFile, type StemConfig } from "./config.js";
export { generate, generateAll } from "./generate.js";
export { formatDiagnostic, type Generated, type GenerateOptions } from "./outcome.js";
export type { Diagnostic, DiagnosticCode } from "./model.js";
export { watch } from "./watch-all.js";
export type { WatchOptions } from "./watch.js";
