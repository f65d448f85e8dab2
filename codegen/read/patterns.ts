import type { ts } from "ts-morph";
import type { Typescript } from "./load.js";
import type { Source } from "./sources.js";
import { type Locals, UNREADABLE, type Value } from "./value.js";

/** What evaluates the parts. */
interface Evaluator {
  of(node: ts.Node, source: Source, locals: Locals): Value;
  member(of: Value, key: string): Value;
}

/**
 * Adds the names of a pattern with their values to `names`.
 * Patterns are `name`, `{ name, ...rest } = {}` and `[first]`.
 */
export function bind(
  ts: Typescript,
  values: Evaluator,
  name: ts.BindingName,
  initializer: ts.Expression | undefined,
  value: Value,
  source: Source,
  names: Map<string, Value>,
): void {
  const given = value.kind === "undefined" && initializer !== undefined ? values.of(initializer, source, names) : value;
  if (ts.isIdentifier(name)) return void names.set(name.text, given);
  const taken: string[] = [];
  name.elements.forEach((element, at) => {
    if (ts.isOmittedExpression(element)) return;
    if (element.dotDotDotToken !== undefined) {
      const rest: Value =
        given.kind === "object" && ts.isObjectBindingPattern(name)
          ? { ...given, without: [...(given.without ?? []), ...taken] }
          : given.kind === "array" && ts.isArrayBindingPattern(name)
            ? { kind: "array", items: given.items.slice(at) }
            : UNREADABLE;
      return bind(ts, values, element.name, undefined, rest, source, names);
    }
    const key = ts.isArrayBindingPattern(name) ? String(at) : keyOf(ts, element);
    if (key !== undefined) taken.push(key);
    bind(ts, values, element.name, element.initializer, key === undefined ? UNREADABLE : values.member(given, key), source, names);
  });
}

function keyOf(ts: Typescript, { propertyName, name }: ts.BindingElement): string | undefined {
  const key = propertyName ?? (ts.isIdentifier(name) ? name : undefined);
  return key !== undefined && (ts.isIdentifier(key) || ts.isStringLiteralLike(key)) ? key.text : undefined;
}
