// Compiles a generated client, and the standalone package beside it, as a user's compiler would: TypeScript
// 5.9, 6.0 and 7.0, each with nodenext, bundler and commonjs, strict and with all further checks. Run
// `npm run build` first, then `node test/codegen/matrix.mjs`; it installs the compilers from npm into a
// folder that it removes again. Exits 1 if a cell fails.
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));
const home = process.env["STEM_MATRIX"] ?? mkdtempSync(join(tmpdir(), "stem-matrix-"));
const VERSIONS = ["5.9", "6.0", "7.0"];
const SETTINGS = {
  nodenext: { type: "module", module: "nodenext", moduleResolution: "nodenext" },
  "nodenext (CJS)": { type: "commonjs", module: "nodenext", moduleResolution: "nodenext" },
  bundler: { type: "module", module: "esnext", moduleResolution: "bundler" },
  commonjs: { type: "commonjs", module: "commonjs", moduleResolution: "bundler" },
};
const STRICT = {
  strict: true, noUncheckedIndexedAccess: true, exactOptionalPropertyTypes: true, noUnusedLocals: true, noUnusedParameters: true,
  noImplicitOverride: true, noPropertyAccessFromIndexSignature: true, isolatedModules: true, verbatimModuleSyntax: false,
  experimentalDecorators: true, emitDecoratorMetadata: true, declaration: true, target: "es2022", types: ["node"], outDir: "dist", rootDir: "src",
}; // prettier-ignore

const run = (cwd, file, ...args) => spawnSync(file, args, { cwd, encoding: "utf8", env: { ...process.env, NODE_OPTIONS: "" } });
const link = (from, to) => {
  mkdirSync(dirname(to), { recursive: true });
  if (!existsSync(to)) symlinkSync(from, to);
};

let failed = false;
try {
  writeFileSync(join(home, "package.json"), JSON.stringify({ private: true, dependencies: Object.fromEntries(VERSIONS.map((one) => [`ts${one}`, `npm:typescript@~${one}.0`])) })); // prettier-ignore
  const installed = run(home, "npm", "install", "--no-audit", "--no-fund", "--prefer-offline");
  if (installed.status !== 0) throw new Error(installed.stderr);

  const rows = [];
  for (const [name, { type, ...options }] of Object.entries(SETTINGS)) {
    const app = join(home, name.replace(/\W+/g, "-"));
    rmSync(app, { recursive: true, force: true });
    cpSync(join(root, "test/codegen/fixtures/shop/src"), join(app, "src"), {
      recursive: true,
      filter: (path) => !/\/stem$|\.spec\.ts$/.test(path),
    });
    // Where files of a CommonJS package import each other with a suffix, so does every compiler understand
    // them.
    writeFileSync(join(app, "package.json"), JSON.stringify({ name: "shop", type }));
    writeFileSync(
      join(app, "tsconfig.json"),
      JSON.stringify({ compilerOptions: { ...STRICT, ...options, skipLibCheck: true }, include: ["src"] }),
    );
    for (const one of ["@nestjs/common", "@types/node", "undici-types", "rxjs", "reflect-metadata"]) {
      if (existsSync(join(root, "node_modules", one))) link(join(root, "node_modules", one), join(app, "node_modules", one));
    }
    // The package as it is published, as far as types go.
    mkdirSync(join(app, "node_modules/nestjs-stem"), { recursive: true });
    cpSync(join(root, "package.json"), join(app, "node_modules/nestjs-stem/package.json"));
    link(join(root, "dist"), join(app, "node_modules/nestjs-stem/dist"));
    const generated = run(
      app,
      process.execPath,
      join(root, "dist/lib/cli/main.js"),
      "generate",
      "--standalone",
      "node_modules/jobs-client",
    );
    if (generated.status !== 0) throw new Error(generated.stdout + generated.stderr);
    writeFileSync(
      join(app, "src/use.ts"),
      `import { createStemClient } from "jobs-client";
import { memory } from "nestjs-stem";
import { StemClient } from "./stem/stem.gen${type === "module" ? ".js" : ""}";
export const send = (client: StemClient) => client.tasks.mail.send.enqueue({ to: "a" });
// @ts-expect-error a payload of another type
export const wrong = (client: StemClient) => client.tasks.mail.send.enqueue({ to: 1 });
export const far = async () => (await createStemClient({ adapter: memory() })).tasks.mail.send.enqueue({ to: "a" });
// @ts-expect-error a payload of another type
export const farther = async () => (await createStemClient({ adapter: memory() })).tasks.mail.send.enqueue({ to: 1 });
`,
    );
    const cells = [];
    for (const version of VERSIONS) {
      const { version: exact } = JSON.parse(readFileSync(join(home, `node_modules/ts${version}/package.json`), "utf8"));
      // What goes with commonjs: node10 until 5.9, bundler since 6.0.
      const classic = options.module === "commonjs" && version === "5.9" ? ["--moduleResolution", "node10"] : [];
      const { status, stdout, stderr } = run(app, process.execPath, join(home, `node_modules/ts${version}/bin/tsc`), "-p", ".", ...classic);
      cells.push(`${exact} ${status === 0 ? "ok" : "FAILS"}`);
      if (status !== 0) {
        failed = true;
        console.error(`${name}, TypeScript ${exact}:\n${stdout}${stderr}`);
      }
    }
    rows.push([name, ...cells]);
  }
  for (const row of [["", ...VERSIONS], VERSIONS.concat("").map(() => "---"), ...rows]) console.log(`| ${row.join(" | ")} |`);
} finally {
  if (process.env["STEM_MATRIX"] === undefined) rmSync(home, { recursive: true, force: true });
}
process.exitCode = failed ? 1 : 0;
