import type { JsonSchema } from "./json-schema.js";

/**
 * A reference that is this far inside is followed when all around it is made: so many may refer to each other
 * that the stack would not do.
 */
const DEEPEST = 50;

/** Makes things of schemas that refer to each other, however many there are and in whatever circles. */
export class Circles<T> {
  readonly #open = new Map<JsonSchema, () => T>();
  readonly #later: (() => void)[] = [];
  #depth = 0;

  /**
   * Makes one of a schema. Within itself, where a union is taken apart that a reference stands for, it is the
   * one that is being made.
   *
   * @param again what stands for that one until it is made
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
