/**
 * `stem generate`: from decorated classes to a typed client. It does not import the library; what it reads
 * and writes names the library by text.
 */
export { type Change, type ChangeCode, changesText, compareWith, type Comparison, type Old } from "./compat/index.js";
export { CodegenError } from "./errors.js";
export { type AppConfig, type DecoratorConfig, defineConfig, readConfigFile, type StemConfig } from "./config.js";
export { generate, generateAll } from "./generate.js";
export { formatDiagnostic, type Generated, type GenerateOptions } from "./outcome.js";
export type { Diagnostic, DiagnosticCode } from "./model.js";
export { watch } from "./watch-all.js";
export type { WatchOptions } from "./watch.js";
