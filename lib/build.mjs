// Builds dist/: the library and the generator, the schematics (CommonJS), and the sample app against the built library.
// tsc copies no .sql, .lua, .json or .template file, so this does.
import { spawnSync } from "node:child_process";
import { chmodSync, cpSync, existsSync, rmSync } from "node:fs";
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
if (existsSync(`${root}dist/lib/cli/main.js`)) chmodSync(`${root}dist/lib/cli/main.js`, 0o755);

/** Copies the files under `folder` whose name matches to the same place under dist/. */
function copy(folder, wanted, unwanted) {
  cpSync(root + folder, `${root}dist/${folder}`, {
    recursive: true,
    filter: (from) => !/\.[a-z]+$/i.test(from.split("/").pop()) || (wanted.test(from) && !(unwanted?.test(from) ?? false)),
  });
}
