import type { At, Ended } from "../../../contract/index.js";
import type { Reply } from "../connect/driver.js";
import { isEnd, toEnded, wasHeld } from "../ended.js";

/** Where a shard's keys are: its tag in braces is what a cluster places them by. */
export type Shard = string;

/** The parts of a store that delivering needs. */
export interface Post {
  run(name: string, shard: Shard, args: readonly (string | number)[], options?: At): Promise<Reply>;
  /** Tells that jobs were cancelled while workers had them. */
  hintStopped(ids: readonly string[]): void;
}

/** The result of delivering. */
export interface Delivered {
  readonly duplicates: string[];
  readonly woken: string[];
  /** Also what the script itself has ended. */
  readonly ended: Ended[];
}

/**
 * Brings what one shard has for another (or has put off for itself) to its place, each piece once.
 * Any process may do it.
 */
export class Mail {
  readonly #store: Post;

  constructor(store: Post) {
    this.#store = store;
  }

  /** Delivers pieces that a script has posted in a shard, and those that these cause. */
  async deliver(from: Shard, pieces: readonly Reply[], options: At | undefined): Promise<Delivered> {
    const delivered: Delivered = { duplicates: [], woken: [], ended: [] };
    if (pieces.length === 0) return delivered;
    const rest: [Shard, readonly string[]][] = [];
    const stopped: string[] = [];
    const open = (source: Shard, found: readonly Reply[]): void => {
      const texts = found.filter((piece) => typeof piece === "string");
      if (texts.length < found.length) {
        const ends = found.filter(isEnd);
        delivered.ended.push(...ends.map(toEnded));
        stopped.push(...ends.filter(wasHeld).map(([id]) => id));
      }
      if (texts.length > 0) rest.push([source, texts]);
    };
    open(from, pieces);
    for (let next = rest.pop(); next !== undefined; next = rest.pop()) {
      const [source, texts] = next;
      const byShard = new Map<Shard, string[]>();
      for (const text of texts) {
        const [shard] = JSON.parse(text) as [Shard];
        byShard.set(shard, [...(byShard.get(shard) ?? []), text]);
      }
      for (const [shard, part] of byShard) {
        const reply = (await this.#store.run("deliver", shard, [source, ...part], options)) as [string[], string[], Reply[]];
        const [duplicates, woken, more] = reply;
        delivered.duplicates.push(...duplicates);
        delivered.woken.push(...woken);
        open(shard, more);
        if (shard !== source) await this.#store.run("ack", source, part.map(numberOf));
      }
    }
    if (stopped.length > 0) this.#store.hintStopped(stopped);
    return delivered;
  }

  /** Delivers pieces that other processes have left behind. */
  async sweep(shard: Shard, options: At | undefined): Promise<readonly Ended[]> {
    const left = (await this.#store.run("leftovers", shard, [LEFT_MS])) as string[];
    return left.length > 0 ? (await this.deliver(shard, left, options)).ended : [];
  }
}

/** The process that posts mail delivers it at once; older mail has been left behind. */
const LEFT_MS = 3_000;

function numberOf(text: string): string {
  return (JSON.parse(text) as [Shard, string, string])[2];
}
