import { dirname, relative, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { Disk, stampOf } from "./disk.js";
import { CodegenError } from "./errors.js";

/** The content of `stem.config.*`; all of it is optional. Paths are relative to the file. */
export interface StemConfig {
  /**
   * The app for commands that boot it: `"dist/app.module.js#AppModule"`, or a function that returns the root
   * module.
   */
  readonly app?: string | (() => unknown);
  /** As `--project`. */
  readonly project?: string;
  /** As `--out`. */
  readonly out?: string;
  /** Where the manifest is. Default `stem.manifest.json` beside the tsconfig. */
  readonly manifest?: string;
  /**
   * Decorators that use Stem's in ways the generator cannot follow.
   * Examples are those of a package without sources.
   */
  readonly decorators?: readonly (string | DecoratorConfig)[];
  /** Applications with a client each, by name, instead of the `projects` of nest-cli.json. */
  readonly apps?: Readonly<Record<string, AppConfig>>;
}

/** A decorator of the app. It takes what Stem's decorators take: a name, options, or both. */
export interface DecoratorConfig {
  /** Module and export: `"@acme/jobs#BackgroundTask"`, `"./src/decorators#MailTask"`. */
  readonly decorator: string;
  /** Which of Stem's decorators it applies; `none` if it applies none. Default `"Task"`. */
  readonly as?: "Task" | "Workflow" | "Step" | "none";
  /** Used if the decorator is called without them. */
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
 * Reads the config file of a folder.
 * JSON is parsed and JavaScript is loaded. TypeScript is read without running it (Node 20 cannot load it), so
 * it may hold constants only: `export default defineConfig({ … })` or
 * `export default { … } satisfies StemConfig`.
 *
 * @throws {CodegenError} `STEM_CODEGEN_CONFIG`
 */
export async function readConfig(disk: Disk, folder: string): Promise<StemConfig> {
  const file = configFile(disk, folder);
  return file === undefined ? {} : read(disk, file, folder);
}

/** The config file of a folder; undefined if there is none. */
export function configFile(disk: Pick<Disk, "exists">, folder: string): string | undefined {
  return CONFIG_FILES.map((name) => posix(resolve(folder, name))).find((path) => disk.exists(path));
}

/**
 * The value of a config that is a program, which its text does not show; undefined for other configs.
 * @throws what the program throws
 */
export async function toldBy(file: string | undefined): Promise<string | undefined> {
  if (file === undefined || !SCRIPT.test(file)) return undefined;
  return JSON.stringify(await run(file), (_, value: unknown) => (typeof value === "function" ? "a function" : value)) ?? "nothing";
}

/**
 * As `readConfig`, for a given file.
 * @throws {CodegenError} `STEM_CODEGEN_CONFIG`, `STEM_MISSING_PEER`
 */
export async function readConfigFile(path: string): Promise<StemConfig> {
  const file = posix(resolve(path));
  return read(new Disk(), file, dirname(file));
}

const SCRIPT = /\.[cm]?js$/;

/** Loaded under a new address each time it changes, as Node keeps modules for good. */
async function run(file: string): Promise<unknown> {
  const stamp = stampOf(file)?.replaceAll(" ", "-");
  return ((await import(`${pathToFileURL(file).href}?${stamp}`)) as { readonly default?: unknown }).default;
}

async function read(disk: Disk, file: string, folder: string): Promise<StemConfig> {
  const shown = posix(relative(folder, file));
  let found: unknown;
  try {
    if (file.endsWith(".json")) found = JSON.parse(disk.read(file) ?? "");
    else if (SCRIPT.test(file)) found = await run(file);
    else found = (await import("./read/constants.js")).constantsOf(file, disk);
  } catch (error) {
    if (error instanceof CodegenError) throw error;
    const why = typeof error === "object" && error !== null && "message" in error ? String(error.message) : String(error);
    throw refused(`${shown} cannot be read: ${why}.`, "Correct it, or write a stem.config.json.", error);
  }
  return checked(found, shown);
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

function posix(path: string): string {
  return path.replaceAll("\\", "/");
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
