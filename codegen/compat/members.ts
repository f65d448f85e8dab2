import { isObject, type Schema } from "./manifest.js";
import type { Typed } from "./schemas.js";

/** Lists of members are compared down to this depth. */
const DEEPEST = 6;

/**
 * Members that one schema lists and another does not, as sorted paths (`lines[].sku`).
 * Members below such a member are left out.
 */
export function vanished(from: Typed, to: Typed): readonly string[] {
  const [had, has] = [pathsOf(from), pathsOf(to)];
  const gone = [...had].filter((path) => !has.has(path)).sort();
  return gone.filter((path) => !gone.some((other) => other !== path && (path.startsWith(`${other}.`) || path.startsWith(`${other}[`))));
}

function pathsOf({ schema, defs }: Typed): ReadonlySet<string> {
  const found = new Set<string>();
  const walk = (at: unknown, path: string, depth: number, open: readonly string[]): void => {
    if (!isObject(at) || depth > DEEPEST) return;
    const ref = typeof at["$ref"] === "string" ? at["$ref"].replace("#/$defs/", "") : undefined;
    if (ref !== undefined && !open.includes(ref)) walk(defs[ref], path, depth, [...open, ref]);
    if (Array.isArray(at["anyOf"])) for (const one of at["anyOf"]) walk(one, path, depth, open);
    for (const [name, one] of Object.entries(isObject(at["properties"]) ? (at["properties"] as Schema) : {})) {
      const below = path === "" ? name : `${path}.${name}`;
      found.add(below);
      walk(one, below, depth + 1, open);
    }
    const items = Array.isArray(at["prefixItems"]) ? at["prefixItems"] : [];
    for (const one of [...items, at["items"]]) walk(one, `${path}[]`, depth + 1, open);
    walk(at["additionalProperties"], path === "" ? "*" : `${path}.*`, depth + 1, open);
  };
  walk(schema, "", 0, []);
  return found;
}
