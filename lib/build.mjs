// Builds dist/: the library and the generator, the schematics (CommonJS), and the sample app against the
// built library. tsc copies no .sql, .lua, .json or .template file, so this does.
import { spawnSync } from "node:child_process";
import { chmodSync, cpSync, existsSync, mkdtempSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const tsc = `${root}node_modules/typescript/bin/tsc`;
if (process.argv.includes("--clean")) rmSync(`${root}dist`, { recursive: true, force: true });

for (const project of ["lib/tsconfig.build.json", "schematics/tsconfig.json", "sample-app/tsconfig.json"]) {
  if (!existsSync(root + project)) continue;
  const { status } = spawnSync(process.execPath, [tsc, "-p", root + project], { stdio: "inherit" });
  if (status !== 0) process.exit(status ?? 1);
  if (project.startsWith("lib/")) copy("lib", /\.(sql|lua)$/);
  if (project.startsWith("schematics/")) copy("schematics", /\.json$|\.template$/, /tsconfig/);
}
emptyClient();
if (existsSync(`${root}dist/lib/cli/main.js`)) chmodSync(`${root}dist/lib/cli/main.js`, 0o755);

/** Copies the files under `folder` whose name matches to the same place under dist/. */
function copy(folder, wanted, unwanted) {
  cpSync(root + folder, `${root}dist/${folder}`, {
    recursive: true,
    filter: (from) => !/\.[a-z]+$/i.test(from.split("/").pop()) || (wanted.test(from) && !(unwanted?.test(from) ?? false)),
  });
}

/**
 * Makes the client and the manifest that `nest add` begins with.
 * They are what the generator makes of an app without handlers, so the generator makes them.
 */
function emptyClient() {
  const app = mkdtempSync(join(tmpdir(), "stem-empty-"));
  mkdirSync(join(app, "src"));
  writeFileSync(join(app, "src/main.ts"), "");
  writeFileSync(join(app, "tsconfig.json"), JSON.stringify({ compilerOptions: { module: "nodenext" }, include: ["src"] }));
  const { status } = spawnSync(process.execPath, [`${root}dist/lib/cli/main.js`, "generate"], {
    cwd: app,
    stdio: ["ignore", "ignore", "inherit"],
  });
  if (status !== 0) process.exit(status ?? 1);
  mkdirSync(`${root}dist/schematics/nest-add/files`, { recursive: true });
  cpSync(join(app, "src/stem/stem.gen.ts"), `${root}dist/schematics/nest-add/files/stem.gen.ts.template`);
  cpSync(join(app, "stem.manifest.json"), `${root}dist/schematics/nest-add/files/stem.manifest.json.template`);
  rmSync(app, { recursive: true });
}
