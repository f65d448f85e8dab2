import type { ts } from "ts-morph";
import type { Named, Shape } from "./shape.js";

/** A generic type that contains itself this often, each time with larger arguments, is infinite. */
const GROWN = 5;

/** The same, for arguments of any size. */
const DEEPEST = 1_000;

/**
 * The generic types being read, and the size of their arguments.
 * A type that contains itself with ever larger ones has no end.
 */
export class Growth {
  readonly #sizes = new WeakMap<Shape, number>();
  /** By declaration, the sizes from the outermost in. */
  #open: ReadonlyMap<ts.Node, readonly number[]> = new Map();

  /** Whether `node` with those arguments is infinite at this place. */
  endless(node: ts.Node, args: readonly Shape[]): boolean {
    const before = this.#open.get(node) ?? [];
    if (args.length === 0 || before.length < GROWN) return false;
    const last = [...before.slice(-GROWN), this.#sum(args)];
    return before.length >= DEEPEST || last.every((size, at) => at === 0 || size > last[at - 1]!);
  }

  /** Makes a function that reads the body of `named` later as if it were read here. */
  within<T>(named: Named, args: readonly Shape[], read: () => T): () => T {
    let open = this.#open;
    if (args.length > 0) {
      const size = this.#sum(args);
      this.#sizes.set(named, 1 + size);
      open = new Map(open).set(named.node, [...(open.get(named.node) ?? []), size]);
    }
    return () => {
      const outer = this.#open;
      this.#open = open;
      try {
        return read();
      } finally {
        this.#open = outer;
      }
    };
  }

  /** The size of a shape as written out. A name counts as one, plus the size of its arguments. */
  size(shape: Shape): number {
    if (shape.kind === "literal") return 1 + String(shape.value).length;
    let size = this.#sizes.get(shape);
    if (size === undefined) this.#sizes.set(shape, (size = 1 + this.#sum(partsOf(shape))));
    return size;
  }

  #sum(shapes: readonly Shape[]): number {
    return shapes.reduce((sum, one) => sum + this.size(one), 0);
  }
}

function partsOf(shape: Shape): readonly Shape[] {
  switch (shape.kind) {
    case "array":
    case "set":
    case "promise":
    case "noted":
      return [shape.of];
    case "map":
      return [shape.key, shape.of];
    case "union":
      return shape.of;
    case "tuple":
      return shape.rest === undefined ? shape.items : [...shape.items, shape.rest, ...(shape.last ?? [])];
    case "object":
      return [...[...shape.props.values()].map(({ of }) => of), ...(shape.index === undefined ? [] : [shape.index])];
    default:
      return [];
  }
}
