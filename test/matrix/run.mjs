// An app of 300 files over the types of six packages, as people write them: Prisma (a client generated from
// 40 models), TypeORM, zod, TypeBox, mongoose, type-fest and the mapped types of @nestjs/swagger. Generates
// its client, compiles all of it with `tsc --strict`, and runs each task: what the compiler takes arrives and
// comes back equal, what it refuses is refused. Then a type that cannot travel gets its diagnostics.
//
//   npm run test:matrix                   installs the packages from npm on the first run
//   npm run test:matrix -- --scratch DIR  where the app is made and kept; default: stem-matrix-app in the
//                                         temporary folder
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { KINDS, prismaSchema, REFUSED } from "./kinds.mjs";

const { values } = parseArgs({ options: { scratch: { type: "string", default: join(tmpdir(), "stem-matrix-app") } } });
const root = fileURLToPath(new URL("../..", import.meta.url));
const app = values.scratch;
const write = (path, text) => {
  mkdirSync(dirname(join(app, path)), { recursive: true });
  writeFileSync(join(app, path), text);
};

/** Runs a command to its end. @throws if it fails and may not */
function run(title, command, args, { fails = false, env = {} } = {}) {
  const started = Date.now();
  const { status, stdout, stderr } = spawnSync(command, args, { cwd: app, encoding: "utf8", env: { ...process.env, NODE_OPTIONS: "", ...env }, maxBuffer: 1e9 }); // prettier-ignore
  console.log(`${title}: ${((Date.now() - started) / 1000).toFixed(1)} s`);
  if ((status !== 0) !== fails) throw new Error(`${title} ended with ${status}:\n${(stdout + stderr).slice(0, 8_000)}`);
  return stdout + stderr;
}

const stem = (title, options) =>
  run(title, process.execPath, [join(app, "node_modules/nestjs-stem/dist/lib/cli/main.js"), "generate"], options);

install();
rmSync(join(app, "src"), { recursive: true, force: true });
rmSync(join(app, "dist"), { recursive: true, force: true });
write("prisma/schema.prisma", prismaSchema());
write("prisma.config.mjs", 'export default { schema: "prisma/schema.prisma" };\n');
write("tsconfig.json", JSON.stringify({ compilerOptions: { target: "es2022", module: "nodenext", strict: true, skipLibCheck: true, experimentalDecorators: true, emitDecoratorMetadata: true, types: ["node"], rootDir: "src", outDir: "dist" }, include: ["src"] })); // prettier-ignore
// To generate a client, no engine runs; the command only looks whether one is there.
run("prisma generate", "npx", ["prisma", "generate"], { env: { PRISMA_SCHEMA_ENGINE_BINARY: process.execPath, CHECKPOINT_DISABLE: "1" } });
const { tasks, files } = writeApp();
console.log(`${files} files, ${tasks.length} tasks`);
stem("stem generate");
run("tsc --strict", process.execPath, ["node_modules/typescript/bin/tsc", "-p", "."]);
console.log(run("round trips", process.execPath, ["dist/main.js"]).trim());
refuse();

/**
 * What is refused, each for its own reason. What is wrong with a type that several share is told for one of
 * them, so those that were told of go, and on.
 */
function refuse() {
  const left = new Map(REFUSED.flatMap(([kind, imports, types]) => types.map(([type, code], at) => [`${kind}.r${at}`, { kind, imports, type, code }])));
  for (let round = 1; left.size > 0; round++) {
    for (const [kind, imports] of REFUSED) {
      const tasks = [...left].filter(([, one]) => one.kind === kind).map(([name, { type }], at) => `@Task("${name}") export class R${at} { async run(input: ${type}): Promise<void> {} }`); // prettier-ignore
      write(`src/refused/${kind}.ts`, tasks.length === 0 ? "export {};\n" : `import { Task } from "nestjs-stem";\n${imports}\n${tasks.join("\n")}\n`); // prettier-ignore
    }
    const said = stem(`refused, round ${round}: ${left.size} types`, { fails: true });
    const told = [...said.matchAll(/ error (STEM\d+): .* of "([a-z]+\.r\d+)"/g)];
    for (const [name, { type, code }] of left) {
      const codes = told.filter(([, , of]) => of === name).map(([, one]) => one);
      if (codes.length === 0) continue;
      if (codes.length > 9 || codes[0] !== code) throw new Error(`${type}: ${codes.join(", ")}\n${said.slice(0, 4_000)}`);
      left.delete(name);
    }
    if (told.length === 0) throw new Error(`Not refused: ${[...left.values()].map(({ type }) => type).join(", ")}`);
  }
} // prettier-ignore

function install() {
  const manifest = readFileSync(new URL("package.json", import.meta.url), "utf8");
  const mark = join(app, "node_modules/.stem-matrix");
  if (!existsSync(mark) || readFileSync(mark, "utf8") !== manifest) {
    write("package.json", manifest);
    run("npm install", "npm", ["install", "--no-audit", "--no-fund", "--prefer-offline", "--ignore-scripts", "--legacy-peer-deps"]);
    writeFileSync(mark, manifest);
  }
  // The package as it is published, as far as this needs it.
  const own = join(app, "node_modules/nestjs-stem");
  rmSync(own, { recursive: true, force: true });
  cpSync(join(root, "package.json"), join(own, "package.json"));
  for (const one of ["lib", "codegen"]) cpSync(join(root, "dist", one), join(own, "dist", one), { recursive: true });
}

/** Writes tasks of all kinds, a module of them, and a program that sends each task its values. */
function writeApp() {
  const written = [];
  let extra = 0;
  for (const [kind, [{ files: filesOf, imports, head, shapes }, count]] of Object.entries(KINDS)) {
    const own = Object.entries(filesOf(count));
    for (const [path, text] of own) write(`src/${path}`, text);
    extra += own.length;
    for (let at = 0; at < count; at++) {
      const classes = shapes(at).map(({ type, right, wrong }, index) => {
        const [name, of] = [`${kind}.t${at}x${index}`, `${kind[0].toUpperCase()}${kind.slice(1)}${at}x${index}`];
        written.push({ name, of, kind, at });
        const refused = wrong.map((one, number) => `// @ts-expect-error is no ${kind}\nconst wrong${index}x${number}: Of${index} = ${one};`).join("\n"); // prettier-ignore
        return `type Of${index} = ${type};\n@Task("${name}")\nexport class ${of} {\n  static readonly right: readonly Of${index}[] = [${right.join(", ")}];\n  static wrong(): readonly unknown[] {\n    return [${wrong.map((_, number) => `wrong${index}x${number}`).join(", ")}];\n  }\n  async run(input: ${type}): Promise<Of${index}> {\n    return input;\n  }\n}\n${refused}\n`; // prettier-ignore
      });
      const top = typeof imports === "function" ? imports(at) : imports;
      write(`src/${kind}/t${at}.ts`, `import { Task } from "nestjs-stem";\n${top}\n${head?.(at) ?? ""}\n${classes.join("\n")}`);
    }
  }
  const files = new Set(written.map(({ kind, at }) => `${kind}/t${at}`));
  const lines = [...files].map((file) => `import * as ${file.replace("/", "_")} from "./${file}.js";`).join("\n");
  const list = written.map(({ of, kind, at }) => `${kind}_t${at}.${of}`).join(", ");
  write("src/main.ts", `import "reflect-metadata";
import { deepStrictEqual } from "node:assert";
import { Module } from "@nestjs/common";
import { NestFactory } from "@nestjs/core";
import { memory, Stem, StemModule } from "nestjs-stem";
import { StemClient } from "./stem/stem.gen.js";
${lines}

const TASKS = [${list}] as const;
@Module({ imports: [StemModule.forRoot({ adapter: memory(), clients: [StemClient] })], providers: [...TASKS] })
class App {}

const app = await NestFactory.createApplicationContext(App, { logger: ["error", "fatal"] });
const stem = app.get(Stem);
let [right, wrong] = [0, 0];
for (const one of TASKS as readonly any[]) {
  for (const value of one.right) {
    const handle = await stem.enqueue(one, value);
    deepStrictEqual(await handle.result({ timeout: "1m" }), value, one.name);
    right++;
  }
  for (const [at, value] of one.wrong().entries()) {
    const error = await stem.enqueue(one, value).then(() => undefined, (thrown: { name: string }) => thrown);
    if (error?.name !== "PayloadError") throw new Error(one.name + " takes wrong value " + at + ": " + JSON.stringify(value) + " " + error);
    wrong++;
  }
}
console.log(right + " values came back equal, " + wrong + " were refused");
await app.close();
`); // prettier-ignore
  return { tasks: written, files: files.size + extra + 1 };
}
