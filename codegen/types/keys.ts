import type { ts } from "ts-morph";
import type { Shape } from "./shape.js";

/**
 * Keys for types with type arguments: the same for the same declaration with the same arguments, by syntax or
 * checker.
 */
export class Keys {
  readonly #nodes = new WeakMap<object, number>();
  #count = 0;

  of(node: ts.Node, args: readonly Shape[]): string {
    const id = this.#id(node);
    return args.length === 0 ? `${id}` : `${id}<${args.map((one) => this.#of(one)).join()}>`;
  }

  /** The key of a type without a declaration that would identify it. */
  own(type: ts.Type): string {
    return `own ${this.#id(type)}`;
  }

  #of(shape: Shape): string {
    if (shape.kind === "named") return shape.key;
    if (shape.kind === "literal") return JSON.stringify(shape.value);
    if (shape.kind === "array" || shape.kind === "set" || shape.kind === "promise") return `${shape.kind}<${this.#of(shape.of)}>`;
    if (shape.kind === "union") return shape.of.map((one) => this.#of(one)).join("|");
    if (shape.kind === "string" || shape.kind === "bigint") return JSON.stringify(shape);
    if (shape.kind === "object" || shape.kind === "tuple" || shape.kind === "map") return `${this.#id(shape)}`;
    if (shape.kind === "deferred" || shape.kind === "noted" || shape.kind === "refused") return `${this.#id(shape)}`;
    return shape.kind;
  }

  /** With a mark, as literal types of numbers are identified by their digits. */
  #id(of: object): string {
    let id = this.#nodes.get(of);
    if (id === undefined) this.#nodes.set(of, (id = this.#count++));
    return `#${id}`;
  }
}
