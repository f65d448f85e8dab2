import type { JsonSchema } from "./json-schema.js";
import { isRecord, kindOf, type Kind } from "./kinds.js";
import { literalsOf, type Schemas } from "./schemas.js";

/** A member of a union, with the result for its schema. */
export interface Member<T> {
  readonly schema: JsonSchema;
  readonly made: T;
}

/** A property whose literal value identifies the object members of a union. */
interface Tag<T> {
  readonly key: string;
  readonly members: ReadonlyMap<unknown, readonly T[]>;
}

/** Finds the members of a union that a value may be of, by its kind and one property. */
export class Chooser<T> {
  readonly tag: Tag<T> | undefined;
  readonly #any: readonly T[];
  readonly #byKind = new Map<Kind, readonly T[]>();

  /** @param wire values are in their form on the wire, not in JavaScript */
  constructor(members: readonly Member<T>[], schemas: Schemas, wire: boolean) {
    const kinds = members.map(({ schema }) => schemas.kindsOf(schema, wire));
    this.#any = members.filter((_, i) => kinds[i] === undefined).map(({ made }) => made);
    for (const kind of new Set(kinds.flatMap((some) => some ?? [])))
      this.#byKind.set(
        kind,
        members.filter((_, i) => kinds[i]?.includes(kind) ?? true).map(({ made }) => made),
      );
    const objects = members.filter((_, i) => kinds[i]?.includes("object") ?? true);
    this.tag = objects.length > 1 ? tagOf(objects, schemas) : undefined;
  }

  /** An empty list: it is of no member. */
  among(value: unknown): readonly T[] {
    const members = this.#byKind.get(kindOf(value)) ?? this.#any;
    if (members.length < 2 || this.tag === undefined || !isRecord(value)) return members;
    return this.tag.members.get(value[this.tag.key]) ?? [];
  }
}

/**
 * The property that every member requires as a literal; of several the one with the most values.
 */
function tagOf<T>(members: readonly Member<T>[], schemas: Schemas): Tag<T> | undefined {
  const shapes = members.map(({ schema, made }) => ({ ...schemas.bare(schema), made }));
  let best: Tag<T> | undefined;
  for (const key of shapes[0]!.required ?? []) {
    const byValue = new Map<unknown, T[]>();
    const all = shapes.every(({ properties = {}, required = [], made }) => {
      const literals =
        required.includes(key) && Object.hasOwn(properties, key)
          ? schemas.membersOf(properties[key]!).flatMap((one) => literalsOf(schemas.bare(one)) ?? [NONE])
          : [NONE];
      for (const value of literals) byValue.set(value, [...(byValue.get(value) ?? []), made]);
      return !literals.some((value) => value === NONE || (typeof value === "object" && value !== null));
    });
    if (all && byValue.size > Math.max(1, best?.members.size ?? 0)) best = { key, members: byValue };
  }
  return best;
}

const NONE = Symbol("no literal");
