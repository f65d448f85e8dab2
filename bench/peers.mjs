import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const folder = fileURLToPath(new URL(".", import.meta.url));

/**
 * Installs the packages of bench/package.json into bench/node_modules, in the versions named.
 * Packages that are there already stay.
 * @throws with what npm said
 */
export function installPeers(say) {
  const { dependencies, optionalDependencies } = JSON.parse(readFileSync(`${folder}package.json`, "utf8"));
  const missing = Object.entries({ ...dependencies, ...optionalDependencies }).filter(([name, version]) => installed(name) !== version);
  if (missing.length === 0) return;
  say(`Installing into bench/node_modules, once: ${missing.map(([name, version]) => `${name} ${version}`).join(", ")}`);
  // Peers of peers are not wanted; no package here needs its install script.
  const flags = ["--no-package-lock", "--no-audit", "--no-fund", "--legacy-peer-deps", "--ignore-scripts", "--loglevel=error"];
  const { status, stderr, error } = spawnSync("npm", ["install", ...flags], {
    cwd: folder,
    encoding: "utf8",
    shell: process.platform === "win32",
  });
  if (status !== 0) throw new Error(`The peers cannot be installed (npm install in bench/ failed).\n${error?.message ?? stderr.trim()}`);
}

function installed(name) {
  const file = `${folder}node_modules/${name}/package.json`;
  return existsSync(file) ? JSON.parse(readFileSync(file, "utf8")).version : undefined;
}
