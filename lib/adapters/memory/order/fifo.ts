/**
 * Something that is filed in at most one place at a time.
 * Its ticket changes when it leaves that place, which makes the entry left behind void.
 */
export interface Filed {
  ticket: number;
}

/**
 * First in, first out, at constant cost.
 * Nothing is shifted, and an entry whose ticket has changed is skipped when it comes up.
 */
export class Fifo<T extends Filed> {
  #items: (T | undefined)[] = [];
  #tickets: number[] = [];
  #head = 0;

  /** Entries, void ones included. */
  get size(): number {
    return this.#items.length - this.#head;
  }

  push(item: T): void {
    this.#items.push(item);
    this.#tickets.push(item.ticket);
  }

  /** The first entry that counts, left where it is. */
  peek(): T | undefined {
    while (this.#head < this.#items.length) {
      const item = this.#items[this.#head]!;
      if (item.ticket === this.#tickets[this.#head]) return item;
      this.drop();
    }
    return undefined;
  }

  /** Takes the first entry out, void or not. */
  drop(): void {
    this.#items[this.#head++] = undefined;
    if (this.#head === this.#items.length) {
      this.#items.length = 0;
      this.#tickets.length = 0;
      this.#head = 0;
    } else if (this.#head >= 4_096 && this.#head * 2 >= this.#items.length) this.#trim(this.#head);
  }

  /** Throws the void entries out. */
  compact(): void {
    const [items, tickets, head] = [this.#items, this.#tickets, this.#head];
    this.#items = [];
    this.#tickets = [];
    this.#head = 0;
    for (let i = head; i < items.length; i++) if (items[i]!.ticket === tickets[i]) this.push(items[i]!);
  }

  #trim(head: number): void {
    this.#items = this.#items.slice(head);
    this.#tickets = this.#tickets.slice(head);
    this.#head = 0;
  }
}
