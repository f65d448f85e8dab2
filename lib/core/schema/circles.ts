import type { JsonSchema } from "./json-schema.js";

/**
 * A reference at this depth is followed later: so many may refer to each other that the stack would overflow.
 */
const DEEPEST = 50;

/** Compiles schemas that refer to each other, in any number and in any circles. */
export class Circles<T> {
  readonly #open = new Map<JsonSchema, () => T>();
  readonly #later: (() => void)[] = [];
  #depth = 0;

  /**
   * Compiles one schema.
   * Within itself, where a union with a reference to it is taken apart, the schema stands for the result
   * under way.
   *
   * @param again what stands for that result until it is made
   */
  make(schema: JsonSchema, make: () => T, again: (made: () => T) => T): T {
    const open = this.#open.get(schema);
    if (open !== undefined) return again(open);
    let made: T;
    this.#open.set(schema, () => made);
    try {
      this.#within(() => (made = make()));
      return made!;
    } finally {
      this.#open.delete(schema);
    }
  }

  /** Follows a reference, now or when there is room. All are followed before the outermost is made. */
  follow(make: () => void): void {
    if (this.#depth > DEEPEST) this.#later.push(make);
    else this.#within(make);
  }

  #within(run: () => void): void {
    this.#depth++;
    try {
      run();
      if (this.#depth === 1) for (let next = this.#later.pop(); next !== undefined; next = this.#later.pop()) next();
    } finally {
      this.#depth--;
    }
  }
}
