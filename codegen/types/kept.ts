import type { Definitions, KeptDefinition, Open } from "./definitions.js";
import type { Emitted } from "./emit.js";
import type { JsonSchema } from "./schema.js";

/** The schemas of types as plain data: to be kept on disk. */
export interface KeptTypes {
  /** By `idOf`. A reference to a definition is its index among them. */
  readonly emitted: Readonly<Record<string, KeptEmitted>>;
  readonly definitions: readonly KeptDefinition[];
}

export interface KeptEmitted extends Partial<Open> {
  readonly optional: boolean;
}

/** The schemas as plain data, with the ids of those that depend on where they are reached from. */
export function keptTypes(
  all: Iterable<readonly [id: string, emitted: Emitted]>,
  definitions: Definitions,
): { readonly types: KeptTypes; readonly tied: ReadonlySet<string> } {
  const emitted = new Map(all);
  const reached = definitions.reached([...emitted.values()].flatMap(({ open }) => open ?? []));
  const places = new Map([...reached.keys()].map((at, place) => [at, place]));
  const moved = <T extends Open>({ schema, refs, ...rest }: T) => ({
    ...rest,
    schema: refs.length === 0 ? schema : definitions.pointed(schema, (at) => definitions.pointer(places.get(at)!)),
    refs: refs.map((at) => places.get(at)!),
  });
  const ties = tiedTo(reached);
  return {
    types: {
      emitted: Object.fromEntries([...emitted].map(([id, { open, optional }]) => [id, { ...(open && moved(open)), optional }])),
      definitions: [...reached.values()].map(moved),
    },
    tied: new Set([...emitted].flatMap(([id, { open }]) => (open?.refs.some((at) => ties.has(at)) === true ? [id] : []))),
  };
}

/** Definitions that are tied, or refer to one that is. */
function tiedTo(reached: ReadonlyMap<number, KeptDefinition>): ReadonlySet<number> {
  const users = new Map<number, number[]>();
  for (const [at, { refs }] of reached) for (const to of refs) users.set(to, [...(users.get(to) ?? []), at]);
  const found = new Set<number>();
  const open = [...reached].flatMap(([at, { tied }]) => (tied ? [at] : []));
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    if (found.has(at)) continue;
    found.add(at);
    open.push(...(users.get(at) ?? []));
  }
  return found;
}

/** Gives kept schemas again, in the order of the requests, as if the types were described there. */
export class Retold {
  readonly #kept: KeptTypes;
  readonly #definitions: Definitions;
  readonly #told = new Map<string, Emitted>();

  constructor(kept: KeptTypes, definitions: Definitions) {
    this.#kept = kept;
    this.#definitions = definitions;
  }

  /** Undefined if it was not described. */
  of(id: string): Emitted | undefined {
    let told = this.#told.get(id);
    if (told === undefined) {
      told = this.#tell(id);
      if (told !== undefined) this.#told.set(id, told);
    }
    return told;
  }

  #tell(id: string): Emitted | undefined {
    const kept = Object.hasOwn(this.#kept.emitted, id) ? this.#kept.emitted[id] : undefined;
    if (kept === undefined) return undefined;
    const { schema, refs, optional } = kept;
    if (schema === undefined || refs === undefined) return { open: undefined, optional };
    return { open: this.#definitions.open(() => this.#again({ schema, refs })), optional };
  }

  #again({ schema, refs }: Open): JsonSchema {
    if (refs.length === 0) return schema;
    const made = new Map<number, JsonSchema>();
    // Each as often as it was referred to, since the number counts.
    for (const at of refs) {
      const { name, order, twin, ...open } = this.#kept.definitions[at]!;
      made.set(
        at,
        this.#definitions.ref({ key: `kept ${at}`, name, order, ...(twin !== undefined && { twin }) }, () => this.#again(open)),
      );
    }
    return this.#definitions.pointed(schema, (at) => made.get(at)!);
  }
}
