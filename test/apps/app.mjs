// A real app, from `nest new` to a job that runs.
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { lint } from "./lint.mjs";
import { begin, environment, Failed, run } from "./shell.mjs";
import { packages } from "./tools.mjs";

/** `nest new`, with everything it installs. Kept: nothing of this package is in it. */
export async function newApp(scratch, { nest, type }) {
  const name = `nest${nest}-${type}`;
  const folder = join(scratch, "new", name);
  if (existsSync(join(folder, "done"))) return folder;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(join(scratch, "new"), { recursive: true });
  const modules = await packages(scratch, `cli${nest}`, [`@nestjs/cli@${nest}`, `@nestjs/schematics@${nest}`]);
  const how = { cwd: join(scratch, "new"), env: environment(), log: join(scratch, "new.log"), seconds: 600 };
  const options = ["--skip-git", "--package-manager=npm", "--strict"];
  if (nest === 12 && type === "cjs") {
    // `nest new` asks for the module system and has no flag for it, so this calls what it calls, with the
    // answer.
    const schematics = join(modules, "@angular-devkit/schematics-cli/bin/schematics.js");
    await run(process.execPath, [schematics, "@nestjs/schematics:application", `--name=${name}`, `--type=${type}`, ...options], how);
    await run("npm", ["install", "--prefer-offline", "--no-audit", "--no-fund"], { ...how, cwd: folder });
  } else await run(process.execPath, [join(modules, "@nestjs/cli/bin/nest.js"), "new", name, ...options], how);
  writeFileSync(join(folder, "done"), "");
  return folder;
}

/** A copy that can be changed: its packages are hard links, since nobody writes into them. */
export async function copyApp(from, to) {
  rmSync(to, { recursive: true, force: true });
  mkdirSync(to, { recursive: true });
  for (const name of readdirSync(from)) if (name !== "node_modules") cpSync(join(from, name), join(to, name), { recursive: true });
  await run("cp", ["-al", join(from, "node_modules"), to], { cwd: to, env: process.env });
}

/**
 * Makes a monorepo of it, with a second app, built by tsc: the builder that `nest g app` chooses has packages
 * of its own, which it does not install.
 */
export async function makeMonorepo(folder, how) {
  await run("npx", ["nest", "g", "app", "api"], how);
  useBuilder(folder, "tsc");
}

/**
 * `nest add nestjs-stem` and one of each schematic; what is checked here does not depend on the Node or the
 * TypeScript that the app runs on.
 */
export async function addStem(folder, how, registry, project) {
  const env = { ...how.env, npm_config_registry: registry.url, npm_config_prefer_offline: "true", npm_config_audit: "false" };
  const nest = (...args) => run("npx", ["nest", ...args, ...(project === undefined ? [] : ["--project", project])], { ...how, env });
  const before = sources(folder);
  await run("npm", ["install", "nestjs-stem", "--no-save", "--no-fund"], { ...how, env });
  await nest("add", "nestjs-stem", "--skip-install", "--dry-run", "--store=memory");
  same(before, sources(folder), "a dry run changed");
  await nest("add", "nestjs-stem", "--store=memory");
  const added = sources(folder);
  await nest("add", "nestjs-stem", "--skip-install", "--store=memory");
  same(added, sources(folder), "a second nest add changed");
  await run("npm", ["run", "stem:generate", "--", "--check"], how);
  for (const [schematic, ...name] of [
    ["task", "mail/send-mail"],
    ["workflow", "orders/process"],
    ["cron", "reports/daily", "--flat"],
    ["event", "orders/paid"],
    ["worker-app"],
  ])
    await nest("g", "-c", "nestjs-stem", schematic, ...name);
  await run("npm", ["run", "stem:generate", "--", "--check"], { ...how, code: 1 });
  await run("npm", ["run", "stem:generate"], how);
  const sourceRoot = project === undefined ? "src" : `apps/${project}/src`;
  enqueueAtStart(folder, sourceRoot);
  await run("npx", ["prettier", "--write", `${sourceRoot}/app.module.ts`], how);
}

/** A provider of the user's own that enqueues through the generated client. */
function enqueueAtStart(folder, sourceRoot) {
  const js = /"type": "module"/.test(readFileSync(join(folder, "package.json"), "utf8")) ? ".js" : "";
  writeFileSync(
    join(folder, sourceRoot, "hello.service.ts"),
    `import { Injectable, OnApplicationBootstrap } from '@nestjs/common';
import { StemClient } from './stem/stem.gen${js}';

@Injectable()
export class HelloService implements OnApplicationBootstrap {
  constructor(private readonly client: StemClient) {}

  async onApplicationBootstrap(): Promise<void> {
    const job = await this.client.tasks.mail.sendMail.enqueue({ id: '1' });
    job.result({ timeout: '30s' }).then(
      () => console.log('JOB DONE'),
      (error) => console.log('JOB FAILED', error),
    );
  }
}
`,
  );
  const module = join(folder, sourceRoot, "app.module.ts");
  const text = readFileSync(module, "utf8");
  writeFileSync(
    module,
    `import { HelloService } from './hello.service${js}';\n${text.replace(/providers: \[(?=\s*AppService)/, "providers: [HelloService, ")}`,
  );
}

/**
 * The steps that depend on Node and TypeScript, by name, in order. In a monorepo the worker is an app of its
 * own.
 */
export const STEPS = {
  check: (how) => run("npm", ["run", "stem:generate", "--", "--check"], how),
  lint,
  async build(how) {
    await run("npm", ["run", "build"], how);
    if (how.project !== undefined) await run("npx", ["nest", "build", "worker"], how);
  },
  specs: (how) => run("npm", ["test"], how),
  e2e: (how) => run("npm", ["run", "test:e2e"], how),
  main: (how) => lives("node", [built(how, how.project, "main")], { ...how, env: { ...how.env, PORT: "0" } }, "JOB DONE"),
  worker: (how) => lives("node", [built(how, "worker", how.project === undefined ? "worker" : "main")], how, "JOB DONE"),
  /** Where a bundler makes one file of it, the second entry is built by a configuration of its own. */
  async bundled(how) {
    await run("npx", ["nest", "g", "-c", "nestjs-stem", "worker-app", "jobs"], how);
    await run("npm", ["run", "build:jobs"], how);
    await lives("node", ["dist/jobs"], how, "JOB DONE");
  },
  stem: (how) => lives("node", ["node_modules/.bin/stem", "worker", "--beat"], how, "JOB DONE"),
};

function built({ project }, app, entry) {
  return project === undefined ? `dist/${entry}` : `dist/apps/${app}/apps/${app}/src/${entry}`;
}

/** Starts it, sees what it is to say, asks it to stop, and sees it end in good order. */
async function lives(command, args, how, text) {
  const child = begin(command, args, how);
  try {
    await child.says(text);
    child.signal("SIGTERM");
    const ended = await Promise.race([child.ended, new Promise((resolve) => setTimeout(resolve, 15_000, "never").unref())]);
    if (ended !== 0 && ended !== "SIGTERM")
      throw new Failed(`${command} ${args.join(" ")} ended with ${ended} when asked to stop\n${child.output().slice(-3000)}`);
  } finally {
    child.stop("SIGKILL");
  }
}

/** Another compiler in place of the installed one. */
export async function useTypescript(folder, modules) {
  rmSync(join(folder, "node_modules/typescript"), { recursive: true, force: true });
  await run("cp", ["-al", join(modules, "typescript"), join(folder, "node_modules")], { cwd: folder, env: process.env });
}

/**
 * What TypeScript 6 itself asks of the tsconfig that `nest new` of Nest 11 writes: no `baseUrl`, and
 * `rootDir` and `types` said. With `rootDir`, what `incremental` remembers is kept beside `dist`, which the
 * Nest CLI of 11 empties before each build: the second would write nothing.
 */
export function migrateTsconfig(folder) {
  const change = (name, edit) => {
    const json = JSON.parse(readFileSync(join(folder, name), "utf8"));
    writeFileSync(join(folder, name), JSON.stringify({ ...json, compilerOptions: edit(json.compilerOptions) }, null, 2));
  };
  change("tsconfig.json", (options) => ({ ...options, baseUrl: undefined, incremental: false, types: ["node", "jest"] }));
  change("tsconfig.build.json", (options) => ({ ...options, rootDir: "./src" }));
}

/** Builds with another builder. */
export function useBuilder(folder, builder) {
  const path = join(folder, "nest-cli.json");
  const json = JSON.parse(readFileSync(path, "utf8"));
  writeFileSync(path, JSON.stringify({ ...json, compilerOptions: { ...json.compilerOptions, builder } }, null, 2));
}

function sources(folder) {
  const found = {};
  for (const path of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const name = join(path.parentPath, path.name);
    if (path.isFile() && !/\/(node_modules|dist)\/|package-lock/.test(name)) found[name] = readFileSync(name, "utf8");
  }
  return found;
}

function same(before, after, what) {
  const changed = [...new Set([...Object.keys(before), ...Object.keys(after)])].filter((name) => before[name] !== after[name]);
  if (changed.length > 0) throw new Failed(`${what} ${changed.join(", ")}`);
}
