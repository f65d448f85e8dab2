import { posix, resolve } from "node:path";
import type { AppConfig, StemConfig } from "./config.js";
import type { Disk } from "./disk.js";
import { CodegenError } from "./errors.js";

/** One application, which gets one client. */
export interface App extends AppConfig {
  /** Undefined if there is only one. */
  readonly name: string | undefined;
}

export interface Asked {
  readonly project?: string | undefined;
  readonly out?: string | undefined;
  readonly manifest?: string | undefined;
  readonly app?: string | undefined;
}

/**
 * The applications to write a client for.
 * That is the one project that an option or the config names; else the `apps` of the config; else the
 * `projects` of nest-cli.json that are applications; else the tsconfig.json of the folder.
 *
 * @throws {CodegenError} `STEM_PROJECT_NOT_FOUND`, `STEM_OUT_REFUSED` if one file is named for several
 * applications
 */
export function appsOf(disk: Disk, folder: string, config: StemConfig, { project, out, manifest, app }: Asked): readonly App[] {
  const apps =
    config.apps === undefined ? nestApps(disk, folder) : Object.entries(config.apps).map(([name, one]): App => ({ name, ...one }));
  if (app !== undefined) {
    const found = apps.find(({ name }) => name === app);
    if (found === undefined) {
      const known = apps.length === 0 ? "There are none: neither nest-cli.json nor stem.config lists any" : `There are: ${names(apps)}`;
      throw new CodegenError("STEM_PROJECT_NOT_FOUND", `There is no application "${app}" here.`, `${known}.`);
    }
    return [{ ...found, ...(project !== undefined && { project }), ...(out !== undefined && { out }), ...(manifest !== undefined && { manifest }) }]; // prettier-ignore
  }
  const only = project ?? config.project;
  if (only !== undefined || apps.length === 0) {
    const [to, described] = [out ?? config.out, manifest ?? config.manifest];
    return [{ name: undefined, ...(only !== undefined && { project: only }), ...(to !== undefined && { out: to }), ...(described !== undefined && { manifest: described }) }]; // prettier-ignore
  }
  const [path, what] = out === undefined ? [manifest, "manifest"] : [out, "client"];
  if (path === undefined) return apps;
  if (apps.length === 1)
    return apps.map((one) => ({ ...one, ...(out !== undefined && { out }), ...(manifest !== undefined && { manifest }) }));
  throw new CodegenError(
    "STEM_OUT_REFUSED",
    `"${path}" cannot be the ${what} of ${apps.length} applications.`,
    `Name one of them with --app: ${names(apps)}.`,
  );
}

/** The applications of a Nest monorepo. */
function nestApps(disk: Disk, folder: string): readonly App[] {
  const path = resolve(folder, "nest-cli.json");
  const text = disk.read(path);
  if (text === undefined) return [];
  let cli: unknown;
  try {
    cli = JSON.parse(text);
  } catch (error) {
    throw new CodegenError("STEM_PROJECT_NOT_FOUND", "nest-cli.json is not JSON.", "Correct it, or name a tsconfig with --project.", {
      cause: error,
    });
  }
  const projects = member(cli, "projects");
  if (typeof projects !== "object" || projects === null) return [];
  return Object.entries(projects).flatMap(([name, project]) => {
    if (member(project, "type") !== "application") return [];
    const given = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);
    const root = given(member(project, "root")) ?? `apps/${name}`;
    const named = given(member(member(project, "compilerOptions"), "tsConfigPath"));
    const tsconfig = named ?? [`${root}/tsconfig.app.json`, `${root}/tsconfig.json`].find((one) => disk.exists(resolve(folder, one)));
    if (tsconfig === undefined) return [];
    const sources = given(member(project, "sourceRoot")) ?? `${root}/src`;
    return [{ name, project: tsconfig, out: posix.normalize(`${sources}/stem/stem.gen.ts`) }];
  });
}

function member(value: unknown, key: string): unknown {
  return typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>)[key] : undefined;
}

function names(apps: readonly App[]): string {
  return apps.map(({ name }) => name).join(", ");
}
