import type { Tree } from "@angular-devkit/schematics";
import { changeJson, type Json, objectIn, textIn } from "../source/json.js";
import type { Done } from "./root-module.js";

/** What package.json is to have. */
export interface Wanted {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
  /** Bundled apps have no module that the command could start. */
  readonly workers: boolean;
  /** Whether tests are run by the recipe, for which Node's own modules must stay out. */
  readonly plainJest: boolean;
}

/**
 * Adds dependencies and scripts.
 * Existing ones stay, at their versions and in their words; an existing `prebuild` goes first.
 */
export function completeManifest(tree: Tree, wanted: Wanted): Done {
  const changed = changeJson(tree, "package.json", (json) => {
    const found = { ...objectIn(json["dependencies"]), ...objectIn(json["devDependencies"]) };
    const missing = (packages: Readonly<Record<string, string>>): Json =>
      Object.fromEntries(Object.entries(packages).filter(([name]) => found[name] === undefined));
    const scripts = scriptsOf(objectIn(json["scripts"]) ?? {}, wanted);
    const watches = Object.values(scripts).some((script) => /\bconcurrently\b/.test(textIn(script) ?? ""));
    const { concurrently, ...tools } = wanted.devDependencies;
    return {
      ...json,
      scripts,
      dependencies: merged(objectIn(json["dependencies"]), missing(wanted.dependencies)),
      devDependencies: merged(
        objectIn(json["devDependencies"]),
        missing(watches && concurrently !== undefined ? { ...tools, concurrently } : tools),
      ),
    };
  });
  if (changed !== "refused") return { state: changed };
  const lines = Object.entries(scriptsOf({ build: "nest build", "start:dev": NEST_WATCH }, wanted)).filter(([name]) => name !== "build");
  return {
    state: "by hand",
    why: "package.json could not be read",
    lines: [
      `  npm install ${Object.keys(wanted.dependencies).join(" ")}`,
      `  npm install --save-dev ${Object.keys(wanted.devDependencies).join(" ")}`,
      ...lines.map(([name, script]) => `  "${name}": ${JSON.stringify(script)}`),
    ].join("\n"),
  };
}

/** In a monorepo it writes the clients of all apps. */
const GENERATE = "stem generate";
const NEST_WATCH = "nest start --watch";
const FLAGGED_JEST = "node --experimental-vm-modules ./node_modules/jest/bin/jest.js";

function scriptsOf(scripts: Json, { workers, plainJest }: Wanted): Json {
  const out: Record<string, unknown> = { ...scripts };
  const prebuild = textIn(scripts["prebuild"]);
  if (prebuild === undefined) out["prebuild"] = GENERATE;
  else if (!/stem generate|stem:generate/.test(prebuild)) out["prebuild"] = `${prebuild} && ${GENERATE}`;
  out["stem:generate"] ??= GENERATE;
  out["stem:watch"] ??= `${GENERATE} --watch`;
  if (workers) {
    out["start:worker"] ??= "stem worker";
    out["start:beat"] ??= "stem beat";
  }
  if (scripts["start:dev"] === NEST_WATCH) out["start:dev"] = `concurrently -k -n stem,nest "${GENERATE} --watch" "${NEST_WATCH}"`;
  if (plainJest) {
    for (const [name, script] of Object.entries(scripts)) {
      const text = textIn(script);
      if (text?.startsWith(FLAGGED_JEST) === true) out[name] = `jest${text.slice(FLAGGED_JEST.length)}`;
    }
  }
  return out;
}

/** Sorted, as the package managers leave it. */
function merged(found: Json | undefined, more: Json): Json | undefined {
  if (Object.keys(more).length === 0) return found;
  return Object.fromEntries(Object.entries({ ...found, ...more }).sort(([a], [b]) => (a < b ? -1 : 1)));
}
