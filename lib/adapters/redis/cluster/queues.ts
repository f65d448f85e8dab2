import type { At } from "../../../contract/index.js";
import type { Post, Shard } from "./mail.js";
import { shardOfQueue } from "./route.js";

/**
 * The queues of a cluster, each of which has a shard.
 * They are kept in the home shard, and known there before anything is stored in a new one.
 */
export class Queues {
  readonly #post: Post;
  readonly #home: Shard;
  readonly #namespace: string;
  readonly #known = new Set<string>();

  constructor(post: Post, home: Shard, namespace: string) {
    this.#post = post;
    this.#home = home;
    this.#namespace = namespace;
  }

  /** To be called before queues are written to. */
  async know(queues: readonly string[]): Promise<void> {
    const fresh = [...new Set(queues)].filter((queue) => !this.#known.has(queue));
    if (fresh.length === 0) return;
    await this.#post.run("names", this.#home, fresh);
    for (const queue of fresh) this.#known.add(queue);
  }

  async all(options: At | undefined): Promise<readonly string[]> {
    return (await this.#post.run("names", this.#home, [], options)) as string[];
  }

  shardOf(queue: string): Shard {
    return shardOfQueue(this.#namespace, queue);
  }
}
