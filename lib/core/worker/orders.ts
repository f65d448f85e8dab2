import type { Order } from "../../contract/workers.js";
import type { Log } from "../log.js";
import { describe } from "../log/describe.js";

/** Carries out an order. False: this worker does not know what it means. */
export type Obey = (text: string) => boolean | Promise<boolean>;

interface Name {
  /** The last order that was begun, and the last one up to which all have been carried out. */
  begun: number;
  done: number;
  /** The last one that the store knows to be heard. */
  known: number;
}

/**
 * What a worker is ordered to do, through the store. Each order is carried out once, in the order they were
 * given; the store repeats it until a renewal says that it was heard, which is when it has been carried out.
 */
export class Orders {
  readonly #obey: Obey;
  readonly #log: Log;
  /** A worker that holds jobs under several names is ordered under each of them. */
  readonly #names = new Map<string, Name>();
  /** Numbers of orders that were begun while there were several names: one order to many has one number. */
  readonly #begun = new Set<number>();
  #last: Promise<void> = Promise.resolve();

  constructor(parts: { readonly obey: Obey; readonly log: Log }) {
    this.#obey = parts.obey;
    this.#log = parts.log;
  }

  /** What the next renewal under this name has to say; undefined: nothing new. */
  heard(name: string): number | undefined {
    const { done, known } = this.#of(name);
    return done > known ? done : undefined;
  }

  /** A renewal under this name was answered. */
  answered(name: string, heard: number | undefined, orders: readonly Order[]): void {
    if (heard === undefined && orders.length === 0) return;
    const at = this.#counting(name, heard, orders);
    for (const { no, text } of orders) {
      if (no <= at.begun) continue;
      at.begun = no;
      const isNew = !this.#begun.has(no);
      if (this.#names.size > 1) this.#begun.add(no);
      this.#last = this.#last.then(async () => {
        if (isNew) await this.#carryOut(text);
        at.done = no;
      });
    }
  }

  /** This name has signed off: its orders are forgotten. */
  left(name: string): void {
    this.#names.delete(name);
    if (this.#names.size <= 1) this.#begun.clear();
  }

  /**
   * Where this name stands. A store repeats no order that it knows to be heard: a number up to there is one
   * of a store that was emptied or replaced, which counts from 1 again.
   */
  #counting(name: string, heard: number | undefined, orders: readonly Order[]): Name {
    const at = this.#of(name);
    at.known = Math.max(at.known, heard ?? 0);
    if (!orders.some(({ no }) => no <= at.known)) return at;
    // What is under way of the old count reports to the old one.
    this.#begun.clear();
    const anew = { begun: 0, done: 0, known: 0 };
    this.#names.set(name, anew);
    return anew;
  }

  #of(name: string): Name {
    let found = this.#names.get(name);
    if (found === undefined) this.#names.set(name, (found = { begun: 0, done: 0, known: 0 }));
    return found;
  }

  /** An order that fails is not tried again: it would fail at every renewal. */
  async #carryOut(text: string): Promise<void> {
    try {
      if (!(await this.#obey(text)))
        this.#log.warn(`This worker does not know the order ${JSON.stringify(shortened(text))}; it goes on as before.`);
    } catch (error) {
      this.#log.error(`The order ${JSON.stringify(shortened(text))} could not be carried out; it is not tried again: ${describe(error)}`);
    }
  }
}

function shortened(text: string): string {
  return text.length <= 100 ? text : `${text.slice(0, 100).toWellFormed()}…`;
}
