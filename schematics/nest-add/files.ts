import { readFileSync } from "node:fs";
import { join, posix } from "node:path";
import type { Tree } from "@angular-devkit/schematics";
import { type App, builtFile } from "../source/app.js";
import type { Done } from "./root-module.js";
import { type Store, STORES, type StoreName } from "./stores.js";

/**
 * The client and the manifest of an app without handlers, so that the app compiles at once.
 * They are as `stem generate` would write them; the build of this package makes the templates.
 */
export function writeClient(tree: Tree, app: App, client: string): void {
  const manifest = posix.join(posix.dirname(app.tsconfig), "stem.manifest.json");
  if (tree.exists(client)) return;
  tree.create(client, readFileSync(join(__dirname, "files/stem.gen.ts.template"), "utf8"));
  if (!tree.exists(manifest)) tree.create(manifest, readFileSync(join(__dirname, "files/stem.manifest.json.template"), "utf8"));
}

/**
 * Writes where the built root module is, for the commands that boot the app.
 * Those are `stem worker`, `beat`, `tasks`, `dlq`, `health` and `doctor`.
 */
export function writeConfig(tree: Tree, app: App): Done {
  if (app.root === undefined) return { state: "same" };
  const built = `app: '${builtFile(app, app.root.path)}#${app.root.className}',`;
  const found = ["js", "mjs", "cjs", "ts", "mts", "json"].map((end) => `stem.config.${end}`).find((path) => tree.exists(path));
  if (found === undefined) {
    tree.create(
      "stem.config.mjs",
      `/** What \`stem worker\`, \`stem beat\` and the other commands start: the built root module. */\nexport default {\n  ${built}\n};\n`,
    );
    return { state: "changed" };
  }
  if (/\bapp\b["']?\s*[:(]/.test(tree.readText(found))) return { state: "same" };
  return { state: "by hand", why: `${found} was left as it is, and does not say what the commands start`, lines: `  ${built}` };
}

/** The variables of the store, and the role of the process, in `.env.example`. */
export function describeEnvironment(tree: Tree, { env }: Store): void {
  if (env === undefined) return;
  const [name, value] = env;
  const wanted = [
    [name, `# Where Stem keeps its jobs.\n${name}=${value}\n`],
    ["STEM_ROLE", "# What this process does: all, producer, worker, beat, or several with commas between.\n# STEM_ROLE=all\n"],
  ];
  const found = tree.exists(".env.example") ? tree.readText(".env.example") : "";
  const missing = wanted.filter(([variable]) => !new RegExp(`^[#\\s]*(?:export\\s+)?${variable}\\s*=`, "m").test(found));
  append(tree, ".env.example", missing.map(([, lines]) => lines).join(""));
}

/** A server for development, with the settings that Stem needs. */
export function describeServer(tree: Tree, store: StoreName): Done {
  const { service, volume } = STORES[store];
  if (service === undefined) return { state: "same" };
  const found = ["compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml"].find((path) => tree.exists(path));
  if (found === undefined) {
    tree.create(
      "compose.yaml",
      `# The store as Stem wants it, for development: docker compose up -d\nservices:\n${service}volumes:\n  ${volume}:\n`,
    );
    return { state: "changed" };
  }
  if (new RegExp(`^\\s+image:\\s*['"]?(?:\\S+/)?${store}[:\\s'"]`, "m").test(tree.readText(found))) return { state: "same" };
  return {
    state: "by hand",
    why: `${found} was left as it is`,
    lines: `services:\n${service}volumes:\n  ${volume}:`.replaceAll(/^/gm, "  "),
  };
}

/** Prettier leaves generated clients alone, and git the database. */
export function ignoreFiles(tree: Tree, store: StoreName): void {
  const line = (path: string, wanted: string): void => {
    const lines = tree.exists(path) ? tree.readText(path).split(/\r?\n/) : [];
    if (!lines.includes(wanted)) append(tree, path, `${wanted}\n`);
  };
  line(".prettierignore", "*.gen.ts");
  if (store === "sqlite" && tree.exists(".gitignore")) line(".gitignore", "/data/stem.db*");
}

function append(tree: Tree, path: string, text: string): void {
  if (text === "") return;
  if (!tree.exists(path)) return tree.create(path, text);
  const source = tree.readText(path);
  const newline = source.includes("\r\n") ? "\r\n" : "\n";
  const gap = source === "" || source.endsWith("\n") ? "" : newline;
  tree.overwrite(path, source + gap + text.replaceAll("\n", newline));
}
