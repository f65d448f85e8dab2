import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { INestApplicationContext, LoggerService, Type } from "@nestjs/common";
import type { StemConfig } from "../../codegen/config.js";
import type { StemRuntime } from "../nest/runtime.js";
import { Exit, EXIT } from "./exit.js";

/** Options shared by the commands that need the app. */
export interface AppOptions {
  readonly app?: string;
  readonly config?: string;
  /** Which instance of Stem, if the app has several. */
  readonly instance?: string;
}

export interface OpenApp {
  readonly context: INestApplicationContext;
  readonly stem: StemRuntime;
}

const NAME_THE_BUILT_FILE = " Name the built file: dist/app.module.js.";

/** JavaScript first: the deployed app runs as JavaScript. */
const CONFIGS = ["js", "mjs", "cjs", "json", "ts", "mts"].map((end) => `stem.config.${end}`);

/**
 * Boots the user's app without HTTP, in the role the command needs.
 *
 * @param role what `STEM_ROLE` is set to, so that a `dlq list` starts no worker
 * @throws {Exit} 2: no app is named or it is not found; 3: it does not boot
 */
export async function openApp(options: AppOptions, role: string, logger: LoggerService | false): Promise<OpenApp> {
  process.env["STEM_ROLE"] = role;
  // Loaded only by the commands that boot an app: `stem generate` starts without Nest.
  await import("reflect-metadata");
  const module = await loadModule(options);
  const [{ NestFactory }, { getRuntimeToken }] = await Promise.all([import("@nestjs/core"), import("../nest/runtime.js")]);
  let context: INestApplicationContext;
  try {
    context = await NestFactory.createApplicationContext(module, {
      logger: logger === false ? ["error", "fatal"] : logger,
      abortOnError: false,
    });
  } catch (error) {
    throw new Exit(EXIT.unusable, `The app does not start: ${messageOf(error)}`);
  }
  try {
    return { context, stem: context.get<StemRuntime>(getRuntimeToken(options.instance), { strict: false }) };
  } catch {
    await context.close();
    throw noInstance(options);
  }
}

/** The error for an app without the instance of Stem that was asked for. */
export function noInstance({ instance }: AppOptions): Exit {
  return instance === undefined
    ? new Exit(
        EXIT.unusable,
        "The app has no Stem of its own: import StemModule.forRoot({ adapter }), or name an instance with --instance.",
      )
    : new Exit(EXIT.usage, `The app has no instance "${instance}" of Stem. Give the name from StemModule.forRoot({ name }).`);
}

/** Opens the app, runs `work`, and closes the app again in any case. */
export async function withApp<T>(options: AppOptions, work: (stem: StemRuntime) => Promise<T>): Promise<T> {
  const { context, stem } = await openApp(options, "producer", false);
  try {
    return await work(stem);
  } finally {
    await context.close();
  }
}

export async function loadModule(options: AppOptions): Promise<Type> {
  if (options.app !== undefined) return fromPath(options.app);
  const file = options.config ?? CONFIGS.find((name) => existsSync(name));
  if (options.config !== undefined && !existsSync(options.config))
    throw new Exit(EXIT.usage, `There is no file ${options.config}. It is to say: export default { app: "dist/app.module.js#AppModule" };`);
  if (file === undefined) {
    throw new Exit(
      EXIT.usage,
      `No app is named. Use --app dist/app.module.js#AppModule, or write ${CONFIGS[0]}: export default { app: "dist/app.module.js#AppModule" };`,
    );
  }
  const config = await loadConfig(file);
  if (typeof config?.app === "string") return fromPath(config.app);
  if (typeof config?.app === "function") return moduleOf(await config.app(), `${file}: app()`);
  throw new Exit(EXIT.usage, `${file} has no "app". Write: export default { app: "dist/app.module.js#AppModule" };`);
}

/**
 * JSON and JavaScript are loaded.
 * TypeScript is loaded if this Node.js can, else read as the generator reads it: constants only.
 */
async function loadConfig(file: string): Promise<StemConfig | undefined> {
  if (file.endsWith(".json")) return JSON.parse(readFileSync(file, "utf8")) as StemConfig;
  if (!/\.m?ts$/.test(file)) return (await load(file))["default"] as StemConfig | undefined;
  try {
    return ((await import(pathToFileURL(resolve(file)).href)) as { default?: StemConfig }).default;
  } catch (error) {
    const { code } = (error ?? {}) as { readonly code?: unknown };
    if (code !== "ERR_UNKNOWN_FILE_EXTENSION") throw new Exit(EXIT.usage, `${file} cannot be loaded: ${messageOf(error)}.`);
    const { readConfigFile } = await import("../../codegen/config.js");
    return readConfigFile(file);
  }
}

async function fromPath(path: string): Promise<Type> {
  const [file = "", name] = path.split("#");
  const loaded = await load(file);
  const found = name === undefined ? (loaded["default"] ?? loaded["AppModule"]) : loaded[name];
  return moduleOf(found, name === undefined ? `${file} (default export or AppModule)` : path, Object.keys(loaded));
}

function moduleOf(value: unknown, what: string, exported: readonly string[] = []): Type {
  if (typeof value === "function") return value as Type;
  throw new Exit(EXIT.usage, `${what} is not a module class.${exported.length > 0 ? ` The file exports: ${exported.join(", ")}.` : ""}`);
}

async function load(file: string): Promise<Record<string, unknown>> {
  const path = resolve(file);
  if (!existsSync(path))
    throw new Exit(EXIT.usage, `There is no file ${file}.${/\.ts$|^src\//.test(file) ? NAME_THE_BUILT_FILE : " Is the app built?"}`);
  try {
    return (await import(pathToFileURL(path).href)) as Record<string, unknown>;
  } catch (error) {
    const isSource = (error as { readonly code?: unknown } | null)?.code === "ERR_UNKNOWN_FILE_EXTENSION";
    throw new Exit(
      isSource ? EXIT.usage : EXIT.unusable,
      `${file} cannot be loaded: ${messageOf(error)}.${isSource ? NAME_THE_BUILT_FILE : ""}`,
    );
  }
}

export function messageOf(error: unknown): string {
  return typeof error === "object" && error !== null && "message" in error ? String(error.message) : String(error);
}
