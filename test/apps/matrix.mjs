// Real apps, as a user would make them: `nest new`, `nest add nestjs-stem` from the packed package, one of
// each schematic, and then on each Node and TypeScript `stem generate --check`, `nest build`, the generated
// specs, the app's e2e test, and three starts that see a job run and end when asked to.
//
//   npm run test:apps                      everything, about half an hour the first time
//   npm run test:apps -- --only nest12-esm what has this in its name; may be given more than once
//   npm run test:apps -- --json out.json   the outcome as JSON too
//   npm run test:apps -- --scratch DIR     where the apps are kept; default: in the temporary folder
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { addStem, copyApp, makeMonorepo, migrateTsconfig, newApp, STEPS, useBuilder, useTypescript } from "./app.mjs";
import { serve } from "./registry.mjs";
import { environment, Failed, run } from "./shell.mjs";
import { nodeFolder, NODES, packages, TYPESCRIPTS } from "./tools.mjs";

const { values } = parseArgs({
  options: {
    only: { type: "string", multiple: true, default: [""] },
    json: { type: "string" },
    scratch: { type: "string", default: join(tmpdir(), "stem-apps") },
  },
});
const root = fileURLToPath(new URL("../..", import.meta.url));
const scratch = values.scratch;

const APPS = [
  { nest: 12, type: "esm" },
  { nest: 12, type: "cjs" },
  { nest: 11, type: "cjs" },
];
const BUNDLER = [
  "webpack@5",
  "webpack-node-externals@3",
  "tsconfig-paths-webpack-plugin@4",
  "ts-loader@9",
  "fork-ts-checker-webpack-plugin@9",
];
const BUILDERS = [
  { nest: 12, type: "esm", builder: "swc", tools: ["@swc/cli@0.8", "@swc/core@1"] },
  { nest: 12, type: "cjs", builder: "webpack", tools: BUNDLER },
];
const MONOREPO = { nest: 12, type: "esm", layout: "monorepo", builder: "tsc", typescript: "6.0", node: "20" };
const ALL = ["check", "lint", "build", "specs", "e2e", "main", "worker", "stem"];
/** Every combination, in the order in which as little as possible is made anew. */
const CASES = [
  ...APPS.flatMap((app) =>
    ["5.9", "6.0"].flatMap((typescript) =>
      Object.keys(NODES).map((node, at) => ({
        ...app,
        builder: "tsc",
        typescript,
        node,
        steps: ALL.filter((step) => at === 0 || step !== "lint"),
      })),
    ),
  ),
  ...APPS.map((app) => ({ ...app, builder: "tsc", typescript: "7.0", node: "20", steps: ["tsc"] })),
  ...BUILDERS.map((app) => ({
    ...app,
    typescript: "6.0",
    node: "20",
    steps: app.builder === "webpack" ? ["build", "main", "bundled"] : ["build", "main", "worker", "stem"],
  })),
  { ...MONOREPO, steps: ALL.filter((step) => step !== "e2e") },
]
  .map((one) => ({ ...one, name: `${baseOf(one)} ${one.builder} ts${one.typescript} node${one.node}` }))
  .filter(({ name }) => values.only.some((text) => name.includes(text)));

const say = (text) => process.stderr.write(`${text}\n`);
const log = join(scratch, "matrix.log");
mkdirSync(scratch, { recursive: true });
const registry = await packed();
const rows = [];
const prepared = new Map();
for (const one of CASES) rows.push(await outcome(one));
registry.close();
table();
if (values.json !== undefined) writeFileSync(values.json, JSON.stringify(rows, null, 2));
process.exitCode = rows.every(({ failed }) => failed === undefined) ? 0 : 1;

/** The package as it would be published, behind a registry. */
async function packed() {
  if (!existsSync(join(root, "dist/schematics/collection.json"))) throw new Error("Nothing is built: npm run build");
  const file = execFileSync("npm", ["pack", "--ignore-scripts", "--silent", "--pack-destination", scratch], {
    cwd: root,
    encoding: "utf8",
    env: environment(),
  });
  const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const upstream = execFileSync("npm", ["config", "get", "registry"], { encoding: "utf8", env: environment() }).trim();
  return serve(join(scratch, file.trim().split("\n").at(-1)), manifest, upstream.replace(/\/?$/, "/"));
}

/** Runs a case to its first failure. */
async function outcome(one) {
  const started = Date.now();
  const times = {};
  say(`▶ ${one.name}`);
  let step = "prepare";
  try {
    const folder = await appFor(one);
    const node = await nodeFolder(scratch, one.node);
    const fresh = join(scratch, "new", baseOf({ ...one, layout: undefined }));
    const how = { cwd: folder, env: environment(node), log, project: projectOf(one), fresh };
    const version = await run("node", ["--version"], how);
    if (!version.startsWith(`v${one.node}.`)) throw new Failed(`this is Node ${version.trim()}: start the matrix on Node 20`);
    const tsc = async () => {
      const modules = await packages(scratch, `typescript-${one.typescript}`, [`typescript@${TYPESCRIPTS[one.typescript]}`]);
      await run("node", [join(modules, "typescript/bin/tsc"), "-p", "tsconfig.build.json", "--noEmit"], how);
    };
    for (step of one.steps) {
      const begun = Date.now();
      await (step === "tsc" ? tsc(how) : STEPS[step](how));
      times[step] = Date.now() - begun;
      say(`  ${step} ${(times[step] / 1000).toFixed(1)} s`);
    }
    return { ...one, ok: one.steps, times, seconds: (Date.now() - started) / 1000 };
  } catch (error) {
    say(`  ✗ ${step}: ${error.message}`);
    return { ...one, ok: Object.keys(times), failed: step, error: error.message, times, seconds: (Date.now() - started) / 1000 };
  }
}

/** The app with Stem in it, with the compiler and the builder of the case. Made once for all Nodes. */
async function appFor(one) {
  const base = baseOf(one);
  const name = `${base}-${one.builder}-${one.typescript}`;
  prepared.set(base, prepared.get(base) ?? addedApp(base, one));
  const from = await prepared.get(base);
  prepared.set(name, prepared.get(name) ?? variant(name, from, one));
  return prepared.get(name);
}

function baseOf({ nest, type, layout }) {
  return `nest${nest}-${type}${layout === undefined ? "" : `-${layout}`}`;
}

/** The app in a monorepo that gets Stem: the one that `nest new` made. */
function projectOf({ nest, type, layout }) {
  return layout === undefined ? undefined : `nest${nest}-${type}`;
}

async function addedApp(base, one) {
  const folder = join(scratch, "added", base);
  const mark = `${folder}.done`;
  if (existsSync(mark) && readFileSync(mark, "utf8") === registry.integrity) return folder;
  await copyApp(await newApp(scratch, one), folder);
  say(`  nest new done; nest add and nest g`);
  const how = { cwd: folder, env: environment(), log };
  if (one.layout === "monorepo") await makeMonorepo(folder, how);
  await addStem(folder, how, registry, projectOf(one));
  writeFileSync(mark, registry.integrity);
  return folder;
}

async function variant(name, from, one) {
  const folder = join(scratch, "apps", name);
  await copyApp(from, folder);
  if (one.typescript >= "6" && one.nest === 11) migrateTsconfig(folder);
  if (one.typescript !== "7.0")
    await useTypescript(folder, await packages(scratch, `typescript-${one.typescript}`, [`typescript@${TYPESCRIPTS[one.typescript]}`]));
  if (one.builder !== "tsc") {
    useBuilder(folder, one.builder);
    const args = ["install", "--save-dev", "--prefer-offline", "--no-audit", "--no-fund", ...one.tools];
    await run("npm", args, { cwd: folder, env: { ...environment(), npm_config_registry: registry.url }, log, seconds: 600 });
  }
  return folder;
}

function table() {
  const lines = rows.map(({ nest, type, layout = "", builder, typescript, node, ok, failed, seconds }) => {
    const cells = [
      `Nest ${nest}`,
      `${type === "esm" ? "ESM" : "CommonJS"} ${layout}`.trim(),
      builder,
      typescript,
      node,
      ok.join(" "),
      failed ?? "",
      `${seconds.toFixed(0)} s`,
    ];
    return `| ${cells.join(" | ")} |`;
  });
  console.log(
    ["| Nest | modules | builder | TypeScript | Node | passed | failed | took |", "|---|---|---|---|---|---|---|---|", ...lines].join("\n"),
  );
}
