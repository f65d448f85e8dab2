import { Fifo, type Filed } from "./fifo.js";
import { Heap } from "./heap.js";

/** What stands in line: by due time, then by order of storing. */
export interface Waiting extends Filed {
  readonly dueAt: number;
  readonly order: number;
}

/**
 * The due jobs of one queue and priority.
 * Jobs nearly always come in order, and those cost a push and a shift; the few that come late (a retry of an
 * older job, the next of a chain) stand in a heap beside, and the earlier of the two heads goes first. So no
 * claim ever sorts.
 */
export class Line<T extends Waiting> {
  readonly #inOrder = new Fifo<T>();
  readonly #late = new Heap<T>();
  #lastDueAt = -Infinity;
  #lastOrder = -Infinity;
  #void = 0;

  push(item: T): void {
    if (this.#inOrder.size > 0 && (item.dueAt < this.#lastDueAt || (item.dueAt === this.#lastDueAt && item.order < this.#lastOrder))) {
      this.#late.push(item, item.dueAt, item.order);
      return;
    }
    this.#inOrder.push(item);
    this.#lastDueAt = item.dueAt;
    this.#lastOrder = item.order;
  }

  /** The next job, left where it is. */
  peek(): T | undefined {
    const first = this.#inOrder.peek();
    if (this.#late.size === 0) return first;
    const late = this.#late.peek();
    if (first === undefined || late === undefined) return first ?? late;
    return late.dueAt < first.dueAt || (late.dueAt === first.dueAt && late.order < first.order) ? late : first;
  }

  /** Takes out the item of `peek`. */
  drop(item: T): void {
    if (this.#inOrder.peek() === item) this.#inOrder.drop();
    else this.#late.drop();
  }

  /**
   * To be called when an item has left the line from the middle (its ticket changed).
   * So void entries never outnumber the others for long.
   */
  left(): void {
    if (++this.#void < 64 || this.#void * 2 < this.#inOrder.size + this.#late.size) return;
    this.#inOrder.compact();
    this.#late.compact();
    this.#void = 0;
  }
}
