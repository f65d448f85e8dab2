import type { Filed } from "./fifo.js";

interface Entry<T> {
  readonly item: T;
  readonly ticket: number;
  readonly at: number;
  readonly order: number;
}

/**
 * Items by time, then by order of storing (a binary heap).
 * Entries whose ticket has changed are void, as in `Fifo`.
 */
export class Heap<T extends Filed> {
  #entries: Entry<T>[] = [];
  #void = 0;

  /** Entries, void ones included. */
  get size(): number {
    return this.#entries.length;
  }

  push(item: T, at: number, order: number): void {
    this.#rise({ item, ticket: item.ticket, at, order });
  }

  /** The earliest item that counts, left where it is. */
  peek(): T | undefined {
    for (let top = this.#entries[0]; top !== undefined; top = this.#entries[0]) {
      if (top.item.ticket === top.ticket) return top.item;
      this.drop();
    }
    return undefined;
  }

  /** The time of the earliest item that counts. */
  earliest(): number | undefined {
    return this.peek() === undefined ? undefined : this.#entries[0]!.at;
  }

  /** Takes the first entry out, void or not. */
  drop(): void {
    const last = this.#entries.pop();
    if (last !== undefined && this.#entries.length > 0) this.#sink(last);
  }

  /**
   * To be called when an item has left from the middle (its ticket changed).
   * So void entries never outnumber the others for long.
   */
  left(): void {
    if (++this.#void < 64 || this.#void * 2 < this.#entries.length) return;
    this.#void = 0;
    this.compact();
  }

  /** Throws the void entries out. */
  compact(): void {
    const entries = this.#entries;
    this.#entries = [];
    for (const entry of entries) if (entry.item.ticket === entry.ticket) this.#rise(entry);
  }

  #rise(entry: Entry<T>): void {
    const entries = this.#entries;
    let i = entries.length;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (!before(entry, entries[parent]!)) break;
      entries[i] = entries[parent]!;
      i = parent;
    }
    entries[i] = entry;
  }

  #sink(entry: Entry<T>): void {
    const entries = this.#entries;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= entries.length) break;
      if (child + 1 < entries.length && before(entries[child + 1]!, entries[child]!)) child++;
      if (!before(entries[child]!, entry)) break;
      entries[i] = entries[child]!;
      i = child;
    }
    entries[i] = entry;
  }
}

function before(a: Entry<unknown>, b: Entry<unknown>): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}
