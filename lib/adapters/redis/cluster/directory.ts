import type { At } from "../../../contract/index.js";
import type { Post, Shard } from "./mail.js";
import { pieceOf, shardOfPiece } from "./route.js";

/** After so long a reservation whose job is not stored may be taken over: the one who made it has died in between. */
const STALE_MS = { x: 30_000, m: 600_000 } as const;

/** Storing with a reservation older than this is refused. */
const FRESH_MS = 15_000;

/** Which shard each id is in that a user has chosen. A job is stored only after its id has been reserved for its shard, so an id is in one shard at most. */
export class Directory {
  readonly #post: Post;
  readonly #namespace: string;

  constructor(post: Post, namespace: string) {
    this.#post = post;
    this.#namespace = namespace;
  }

  /** Shards of ids; none for those nobody has stored. */
  async find(ids: readonly string[], options: At | undefined): Promise<ReadonlyMap<string, Shard>> {
    const found = new Map<string, Shard>();
    await this.#each(ids, async (piece, part) => {
      const shards = (await this.#post.run("directory", piece, ["find", ...part], options)) as string[];
      part.forEach((id, i) => shards[i] !== "" && found.set(id, shards[i]!));
    });
    return found;
  }

  /**
   * Reserves ids for the shards they are to be stored in.
   *
   * @returns those that are stored already, or being stored, with the shard they are in; and until when, on the servers' clock, the others may be stored
   */
  async reserve(
    wanted: ReadonlyMap<string, Shard>,
    byMail: boolean,
    options: At | undefined,
  ): Promise<{ readonly known: ReadonlyMap<string, Shard>; readonly until: number }> {
    const known = new Map<string, Shard>();
    let since = Infinity;
    const purpose = byMail ? "m" : "x";
    await this.#each([...wanted.keys()], async (piece, part) => {
      const args = part.flatMap((id) => [id, wanted.get(id)!]);
      const answers = (await this.#post.run("directory", piece, ["reserve", purpose, ...args], options)) as string[];
      const present = Number(answers.at(-1));
      since = Math.min(since, present);
      for (const [i, id] of part.entries()) {
        const entry = answers[i]!;
        if (entry === "") continue;
        const [stamp, what, ...rest] = entry.split("|");
        const shard = rest.join("|");
        const [stored] = (await this.#post.run("stored", shard, [id], options)) as number[];
        const stale = present - Number(stamp) > STALE_MS[what as "x" | "m"];
        const taken =
          stored === 0 && stale && (await this.#post.run("directory", piece, ["take", purpose, id, wanted.get(id)!, entry], options)) === 1;
        if (!taken) known.set(id, shard);
      }
    });
    return { known, until: since + FRESH_MS };
  }

  async #each(ids: readonly string[], use: (piece: Shard, ids: readonly string[]) => Promise<void>): Promise<void> {
    const pieces = new Map<Shard, string[]>();
    for (const id of ids) {
      const piece = shardOfPiece(this.#namespace, pieceOf(id));
      const part = pieces.get(piece);
      if (part === undefined) pieces.set(piece, [id]);
      else part.push(id);
    }
    await Promise.all([...pieces].map(([piece, part]) => use(piece, part)));
  }
}
