import { setTimeout as pause } from "node:timers/promises";
import { StoreError, type At } from "../../../contract/index.js";
import type { Post, Shard } from "./mail.js";
import { pieceOf, shardOfPiece } from "./route.js";

/** After so long a reservation whose job is not stored may be taken over: its caller has died in between. */
const STALE_MS = { x: 30_000, m: 600_000 } as const;

/** Storing with a reservation older than this is refused. */
const FRESH_MS = 15_000;

/** How often, and after what waits, a caller asks again for an id that another shard is storing. */
const TRIES = 20;
const TRY_MS = 50;

type Purpose = keyof typeof STALE_MS;

interface Wanted {
  readonly id: string;
  /** Where it is to be stored. */
  readonly shard: Shard;
  readonly purpose: Purpose;
  /** The entry of the directory; "" once the id is reserved for this call. */
  readonly entry: string;
  /** The time of the directory's server. */
  readonly present: number;
  readonly options: At | undefined;
}

/**
 * The shard of each id that a user has chosen.
 * A job is stored only after its id has been reserved for its shard, so an id is in one shard at most.
 */
export class Directory {
  readonly #post: Post;
  readonly #namespace: string;

  constructor(post: Post, namespace: string) {
    this.#post = post;
    this.#namespace = namespace;
  }

  /** Shards of ids, without ids that are not stored. */
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
   * @returns those that are stored already, with the shard they are in; and until when, on the servers'
   * clock, the others may be stored
   */
  async reserve(
    wanted: ReadonlyMap<string, Shard>,
    byMail: boolean,
    options: At | undefined,
  ): Promise<{ readonly known: ReadonlyMap<string, Shard>; readonly until: number }> {
    const known = new Map<string, Shard>();
    let since = Infinity;
    const purpose: Purpose = byMail ? "m" : "x";
    await this.#each([...wanted.keys()], async (piece, part) => {
      const args = part.flatMap((id) => [id, wanted.get(id)!]);
      const answers = (await this.#post.run("directory", piece, ["reserve", purpose, ...args], options)) as string[];
      const present = Number(answers.at(-1));
      since = Math.min(since, present);
      for (const [i, id] of part.entries()) {
        const shard = await this.#settled(piece, { id, shard: wanted.get(id)!, purpose, entry: answers[i]!, present, options });
        if (shard !== undefined) known.set(id, shard);
      }
    });
    return { known, until: since + FRESH_MS };
  }

  /**
   * The shard in which a reserved id is stored, or undefined once it is reserved for this call.
   * A reservation alone is no job: its caller may have failed in between, and then asks again and must not
   * get the answer that the job is there.
   */
  async #settled(piece: Shard, { id, shard, purpose, options, ...found }: Wanted): Promise<Shard | undefined> {
    let { entry, present } = found;
    for (let tries = 1; entry !== ""; tries++) {
      const [stamp, what, ...rest] = entry.split("|");
      const holder = rest.join("|");
      const [stored] = (await this.#post.run("stored", holder, [id], options)) as number[];
      if (stored === 1) return holder;
      // Two callers may hold an id for one shard, which stores it once; another shard has to wait until it is
      // too late for the first.
      if (holder === shard || present - Number(stamp) > STALE_MS[what as Purpose]) {
        if ((await this.#post.run("directory", piece, ["take", purpose, id, shard, entry], options)) === 1) return undefined;
      } else if (tries > TRIES) {
        throw new StoreError(
          "STEM_STORE_FAILED",
          `The id "${id}" is being given to a job of another queue by another call, or was when that call failed.`,
          "Nothing of this call was stored. Try again in a while, or choose another id.",
        );
      } else await pause(TRY_MS);
      const answers = (await this.#post.run("directory", piece, ["reserve", purpose, id, shard], options)) as string[];
      entry = answers[0]!;
      present = Number(answers[1]);
    }
    return undefined;
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
