import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { hashOf } from "../../codegen/disk.js";
import type { Generated, GenerateOptions } from "../../codegen/index.js";
import { makeProject, type TestProject } from "./project.js";

/** A project with a `node_modules`, where runs are kept. */
export interface CachedProject extends TestProject {
  /** Runs, and says whether the work was done or the last run held. */
  run(options?: GenerateOptions): Promise<Generated & { readonly kept: boolean }>;
  /** The file that runs with the usual options are kept in. */
  cacheFile(): string;
  /** What is in it, and anything else written in its place, as if it had been kept. */
  entry(): Record<string, unknown>;
  rewrite(entry: unknown): void;
  /** Expects that a run which keeps nothing finds every file to be as it should. */
  upToDate(options?: GenerateOptions): Promise<void>;
}

export function cachedProject(files: Readonly<Record<string, string>>): CachedProject {
  const project = makeProject(files);
  const folder = join(project.folder, "node_modules/.cache/nestjs-stem");
  mkdirSync(join(project.folder, "node_modules"), { recursive: true });
  const cacheFile = (): string => {
    const name = readdirSync(folder).find((one) => one.endsWith(".json"));
    return join(folder, name ?? "none.json");
  };
  const state = (): string => {
    try {
      return readdirSync(folder)
        .map((one) => `${one} ${statSync(join(folder, one), { bigint: true }).ino}`)
        .join();
    } catch {
      return "";
    }
  };
  return {
    ...project,
    cacheFile,
    run: async (options) => {
      const before = state();
      const result = await project.generate(options);
      // A run that does the work keeps it in a new file.
      return { ...result, kept: state() === before };
    },
    entry: () => JSON.parse(readFileSync(cacheFile(), "utf8").split("\n")[1]!) as Record<string, unknown>,
    rewrite: (entry) => {
      const body = JSON.stringify(entry);
      writeFileSync(cacheFile(), `${hashOf(body)}\n${body}`);
    },
    upToDate: async (options) => {
      const { state: now, diff } = await project.generate({ ...options, check: true, cache: false });
      if (now !== "unchanged") throw new Error(`the files are ${now}: ${diff}`);
    },
  };
}

export async function withCached(files: Readonly<Record<string, string>>, use: (project: CachedProject) => Promise<void>): Promise<void> {
  const project = cachedProject(files);
  try {
    await use(project);
  } finally {
    project.remove();
  }
}
