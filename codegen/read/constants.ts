import type { Disk } from "../disk.js";
import { loadTypescript } from "./load.js";
import { Origins } from "./origin.js";
import { Sources } from "./sources.js";
import { type Value, Values } from "./values.js";

/**
 * The default export of a TypeScript file, read without running it.
 *
 * @throws {Error} if it is not a constant; {CodegenError} `STEM_MISSING_PEER`
 */
export function constantsOf(file: string, disk: Disk): unknown {
  const ts = loadTypescript();
  const sources = new Sources(ts, disk);
  sources.begin({});
  const origins = new Origins(ts, sources);
  const values = new Values(ts, origins);
  const source = sources.source(file);
  if (source === undefined) throw new Error("it is not a file");
  if (source.broken !== undefined) throw new Error(source.broken.text.replace(/\.$/, ""));
  const origin = origins.member("default", { kind: "module", path: file });
  const node = origin?.kind === "declared" ? origin.node : undefined;
  // `defineConfig(…)` returns its argument.
  const call = node !== undefined && ts.isVariableDeclaration(node) ? node.initializer : node;
  if (origin?.kind !== "declared" || call === undefined) throw new Error("it has no default export");
  const inner = ts.isCallExpression(call) ? call.arguments[0] : undefined;
  return plain(values, inner === undefined ? values.ofOrigin(origin) : values.of(inner, origin.source), "");
}

/** A value in JavaScript. A function stays a node: `app` may be one, which the generator does not use. */
function plain(values: Values, value: Value, path: string): unknown {
  if (value.kind === "string" || value.kind === "number") return value.value;
  if (value.kind === "undefined") return undefined;
  if (value.kind === "array") return value.items.map((item, at) => plain(values, item, `${path}[${at}]`));
  if (value.kind === "object") {
    const keys = values.keys(value);
    const below = (key: string): string => (path === "" ? key : `${path}.${key}`);
    if (keys !== undefined) return Object.fromEntries(keys.map((key) => [key, plain(values, values.member(value, key), below(key))]));
  }
  if (path === "app") return () => undefined;
  throw new Error(`${path === "" ? "the default export" : `"${path}"`} is not a constant, and TypeScript is not run here. Write it out, or name the file stem.config.mjs`); // prettier-ignore
}
