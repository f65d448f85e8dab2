import { posix } from "node:path";
import type { Tree } from "@angular-devkit/schematics";
import type { App } from "../source/app.js";
import { maskText } from "../source/code.js";
import { importedFrom, type Name } from "../source/imports.js";
import { addToModule, mentions } from "../source/register.js";
import { STORES, type StoreName } from "./stores.js";

/** The outcome of a part: done, there already, or left to a person. */
export type Done = { readonly state: "changed" | "same" } | { readonly state: "by hand"; readonly why: string; readonly lines: string };

/** Imports StemModule in the app's root module, with the store and the generated client. */
export function importStem(tree: Tree, app: App, store: StoreName, client: string): Done {
  if (app.root === undefined) {
    return {
      state: "by hand",
      why: `The root module of ${app.sourceRoot} was not found`,
      lines: byHand(expression(store, false, "'"), []),
    };
  }
  const { path } = app.root;
  const source = tree.readText(path);
  const masked = maskText(source) ?? "";
  if (mentions(masked, "StemModule")) return { state: "same" };
  const usesConfig = store !== "memory" && importedFrom(source, masked, "ConfigModule") === "@nestjs/config";
  const quote = /^import[^'"]*?(['"])/m.exec(source)?.[1] ?? "'";
  const names = namesFor(store, usesConfig, relativeTo(path, client, app.suffix));
  const added = addToModule(source, "imports", expression(store, usesConfig, quote), "StemModule", names);
  if ("refused" in added) {
    const why = `${path} was left as it is, because ${added.refused}`;
    return { state: "by hand", why, lines: byHand(expression(store, usesConfig, quote), names) };
  }
  tree.overwrite(path, added.source);
  return { state: "changed" };
}

function namesFor(store: StoreName, usesConfig: boolean, client: string): readonly Name[] {
  return [
    ...(usesConfig ? [{ name: "ConfigService", from: "@nestjs/config" }] : []),
    ...(store === "memory" ? [{ name: "memory", from: "nestjs-stem" }] : []),
    { name: "StemModule", from: "nestjs-stem" },
    ...(store === "memory" ? [] : [{ name: store, from: STORES[store].from }]),
    { name: "StemClient", from: client },
  ];
}

/**
 * Where the address comes from: ConfigService in an app that has it.
 * In both cases development and tests need no `.env`.
 */
function expression(store: StoreName, usesConfig: boolean, quote: string): string {
  const [name = "", value = ""] = STORES[store].env ?? [];
  const text = (plain: string): string => quote + plain + quote;
  if (store === "memory") return "StemModule.forRoot({\n  adapter: memory(),\n  clients: [StemClient],\n})";
  if (!usesConfig) {
    const adapter = call(2, store, [`process.env.${name} ?? ${text(value)}`]);
    return `StemModule.forRoot({\n  adapter: ${adapter},\n  clients: [StemClient],\n})`;
  }
  const whole = `config.get(${text(name)}, ${text(value)})`;
  const address = fits(6, `${whole},`) ? whole : call(6, "config.get", [text(name), text(value)]);
  return (
    "StemModule.forRootAsync({\n  imports: [ConfigModule],\n  inject: [ConfigService],\n  useFactory: (config: ConfigService) => ({\n" +
    `    adapter: ${call(4, store, [address])},\n  }),\n  clients: [StemClient],\n})`
  );
}

/**
 * A call in the value of `adapter:`, or behind the bracket of one.
 * Its arguments stand on separate lines where Prettier would put them so.
 */
function call(indent: number, name: string, args: readonly string[]): string {
  const line = `${name}(${args.join(", ")})`;
  if (fits(indent, `adapter: ${line},`) && !line.includes("\n")) return line;
  const pad = " ".repeat(indent);
  return `${name}(\n${args.map((one) => `${pad}  ${one},\n`).join("")}${pad})`;
}

/** At the usual depth in a module. */
function fits(indent: number, text: string): boolean {
  return indent + text.length + 4 <= 80;
}

function byHand(item: string, names: readonly Name[]): string {
  const lines = names.map(({ name, from }) => `import { ${name} } from '${from}';`);
  return [...lines, `imports: [${item}],`].join("\n").replaceAll(/^/gm, "  ");
}

function relativeTo(module: string, file: string, suffix: string): string {
  const relative = posix.relative(posix.dirname(module), file).replace(/\.ts$/, suffix);
  return relative.startsWith(".") ? relative : `./${relative}`;
}
