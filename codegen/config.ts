import { existsSync, readFileSync } from "node:fs";
import { dirname, relative, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { CodegenError } from "./errors.js";
import { loadTypescript, type Typescript } from "./read/load.js";
import { Origins } from "./read/origin.js";
import { posix } from "./read/project.js";
import { Sources, stampOf } from "./read/sources.js";
import { type Value, Values } from "./read/values.js";

/** What `stem.config.*` may say; all of it is optional. Paths are relative to the file. */
export interface StemConfig {
  /** The app for commands that boot it: `"dist/app.module.js#AppModule"`, or a function that returns the root module. */
  readonly app?: string | (() => unknown);
  /** As `--project`. */
  readonly project?: string;
  /** As `--out`. */
  readonly out?: string;
  /** Where the manifest is. Default `stem.manifest.json` beside the tsconfig. */
  readonly manifest?: string;
  /** Decorators that come to ours in ways the generator cannot follow, such as those of a package without sources. */
  readonly decorators?: readonly (string | DecoratorConfig)[];
  /** Applications with a client each, by name, instead of the `projects` of nest-cli.json. */
  readonly apps?: Readonly<Record<string, AppConfig>>;
}

/** A decorator of your own. It takes what ours takes: a name, options, or both. */
export interface DecoratorConfig {
  /** Module and export: `"@acme/jobs#BackgroundTask"`, `"./src/decorators#MailTask"`. */
  readonly decorator: string;
  /** Which of ours it comes to; `none` if it has nothing to do with ours. Default `"Task"`. */
  readonly as?: "Task" | "Workflow" | "Step" | "none";
  /** Used where the decorator is not given them. */
  readonly queue?: string;
  readonly instance?: string;
  readonly priority?: number;
}

export interface AppConfig {
  readonly project?: string;
  readonly out?: string;
  readonly manifest?: string;
}

/** Types a config file: `export default defineConfig({ … })`. */
export function defineConfig(config: StemConfig): StemConfig {
  return config;
}

/** In the order in which they are looked for. */
export const CONFIG_FILES = ["ts", "mts", "js", "mjs", "cjs", "json"].map((end) => `stem.config.${end}`);

/**
 * Reads the config file of a folder. JSON is parsed, JavaScript is loaded, and TypeScript is read without running it, so it may hold
 * constants only (Node 20 cannot load it): `export default defineConfig({ … })` or `export default { … } satisfies StemConfig`.
 *
 * @throws {CodegenError} `STEM_CODEGEN_CONFIG`
 */
export async function readConfig(ts: Typescript, folder: string): Promise<StemConfig> {
  const file = CONFIG_FILES.map((name) => posix(resolve(folder, name))).find((path) => existsSync(path));
  return file === undefined ? {} : read(ts, file, folder);
}

/** As `readConfig`, one file in particular. @throws {CodegenError} `STEM_CODEGEN_CONFIG`, `STEM_MISSING_PEER` */
export async function readConfigFile(path: string): Promise<StemConfig> {
  const file = posix(resolve(path));
  return read(loadTypescript(), file, dirname(file));
}

async function read(ts: Typescript, file: string, folder: string): Promise<StemConfig> {
  const shown = posix(relative(folder, file));
  let found: unknown;
  try {
    if (file.endsWith(".json")) found = JSON.parse(readFileSync(file, "utf8").replace(/^\uFEFF/, ""));
    else if (/\.m?ts$/.test(file)) found = readStatically(ts, file);
    // Under another address each time it changes, as modules are kept for good.
    else
      found = ((await import(`${pathToFileURL(file).href}?${stampOf(file)?.replaceAll(" ", "-")}`)) as { readonly default?: unknown })
        .default;
  } catch (error) {
    const why = typeof error === "object" && error !== null && "message" in error ? String(error.message) : String(error);
    throw refused(`${shown} cannot be read: ${why}.`, "Correct it, or write a stem.config.json.", error);
  }
  return checked(found, shown);
}

function readStatically(ts: Typescript, file: string): unknown {
  const sources = new Sources(ts);
  sources.begin({});
  const origins = new Origins(ts, sources);
  const values = new Values(ts, origins);
  const source = sources.source(file);
  if (source === undefined) throw new Error("it is not a file");
  if (source.broken !== undefined) throw new Error(source.broken.text.replace(/\.$/, ""));
  const origin = origins.member("default", { kind: "module", path: file });
  const node = origin?.kind === "declared" ? origin.node : undefined;
  // `defineConfig(…)` is what it is given.
  const call = node !== undefined && ts.isVariableDeclaration(node) ? node.initializer : node;
  if (origin?.kind !== "declared" || call === undefined) throw new Error("it has no default export");
  const inner = ts.isCallExpression(call) ? call.arguments[0] : undefined;
  return plain(values, inner === undefined ? values.ofOrigin(origin) : values.of(inner, origin.source), "");
}

/** A value as JavaScript has it. A function stands for itself: `app` may be one, which the generator has no use for. */
function plain(values: Values, value: Value, path: string): unknown {
  if (value.kind === "string" || value.kind === "number") return value.value;
  if (value.kind === "undefined") return undefined;
  if (value.kind === "array") return value.items.map((item, at) => plain(values, item, `${path}[${at}]`));
  if (value.kind === "object") {
    const keys = values.keys(value);
    const below = (key: string): string => (path === "" ? key : `${path}.${key}`);
    if (keys !== undefined) return Object.fromEntries(keys.map((key) => [key, plain(values, values.member(value, key), below(key))]));
  }
  if (path === "app") return () => undefined;
  throw new Error(`${path === "" ? "the default export" : `"${path}"`} is not a constant, and TypeScript is not run here. Write it out, or name the file stem.config.mjs`); // prettier-ignore
}

const KINDS: Readonly<Record<keyof StemConfig, (value: unknown) => boolean>> = {
  app: (value) => typeof value === "string" || typeof value === "function",
  project: isText,
  out: isText,
  manifest: isText,
  decorators: (value) => Array.isArray(value) && value.every((one) => isDecorator(typeof one === "string" ? { decorator: one } : one)),
  apps: (value) =>
    isObject(value) && Object.values(value).every((app) => isObject(app) && fits(app, { project: isText, out: isText, manifest: isText })),
};

function checked(read: unknown, shown: string): StemConfig {
  if (!isObject(read)) throw refused(`${shown} does not export an object by default.`, "Write: export default { … };");
  for (const [key, value] of Object.entries(read)) {
    const fit = Object.hasOwn(KINDS, key) ? KINDS[key as keyof StemConfig] : undefined;
    if (fit === undefined) throw refused(`"${key}" in ${shown} is not an option.`, `There are: ${Object.keys(KINDS).join(", ")}.`);
    if (value !== undefined && !fit(value))
      throw refused(`"${key}" in ${shown} is not what it should be.`, "See docs/codegen.md, Sources.");
  }
  return read as StemConfig;
}

function isDecorator(value: unknown): boolean {
  const is = (one: unknown): boolean => typeof one === "string" && /^[^#]+#[\w$]+$/.test(one);
  const as = (one: unknown): boolean => ["Task", "Workflow", "Step", "none"].includes(String(one));
  const number = (one: unknown): boolean => typeof one === "number";
  return isObject(value) && "decorator" in value && fits(value, { decorator: is, as, queue: isText, instance: isText, priority: number });
}

function fits(value: Readonly<Record<string, unknown>>, kinds: Readonly<Record<string, (value: unknown) => boolean>>): boolean {
  return Object.entries(value).every(([key, one]) => one === undefined || (Object.hasOwn(kinds, key) && kinds[key]!(one)));
}

function isText(value: unknown): boolean {
  return typeof value === "string" && value !== "";
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function refused(what: string, hint: string, cause?: unknown): CodegenError {
  return new CodegenError("STEM_CODEGEN_CONFIG", what, hint, cause === undefined ? undefined : { cause });
}
