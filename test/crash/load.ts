import { expect } from "@jest/globals";
import { account } from "./account.js";
import { type Flaws, type Fleet, type Member, now, until } from "./rig.js";

const SHAPES = ["singles", "many", "again", "chain", "chord"];

/**
 * A producer and two workers that nobody restarts, whatever becomes of their store: they have to come back by
 * themselves. The load comes in as many parts as there are faults, so that each falls among jobs that are
 * coming, waiting and running.
 */
export class Load {
  readonly #fleet: Fleet;
  readonly #producer: Member;
  readonly #workers: readonly Member[];
  readonly #part: number;
  #granted = 0;
  /** Longest time from a store's return until each worker has begun and ended a job. */
  #longestMs = 0;

  private constructor(fleet: Fleet, part: number, flaws: Flaws) {
    this.#fleet = fleet;
    this.#part = part;
    this.#producer = fleet.start("producer", { name: "p", total: Number.MAX_SAFE_INTEGER, upTo: 0, shapes: SHAPES }, flaws);
    this.#workers = [0, 1].map(() => fleet.worker({ concurrency: 6, lease: 2_000 }, undefined, flaws));
  }

  /** @param total how many jobs at least, over all faults */
  static async on(fleet: Fleet, total: number, faults: number, flaws: Flaws = {}): Promise<Load> {
    const load = new Load(fleet, Math.ceil(total / faults), flaws);
    for (const member of [load.#producer, ...load.#workers])
      if ((await member.says("ready")) === undefined) throw new Error("Nobody came up.");
    return load;
  }

  /** Lets the next part of the load come, and waits until half of it is under way. */
  async nextPart(): Promise<void> {
    this.#fleet.outages++;
    const before = this.#fleet.ledger.acceptedCount();
    this.#grant(this.#part);
    await until("more jobs were accepted", () => this.#fleet.ledger.acceptedCount() >= before + this.#part / 2);
  }

  /**
   * Waits until each worker has begun and ended a job since now, while jobs keep coming, and remembers how
   * long that took; a minute and more is a hang.
   */
  async goesOn(): Promise<void> {
    const since = now();
    const { ledger } = this.#fleet;
    const ends = () =>
      this.#workers.map(({ pid }) => {
        const recent = ledger.notes().filter((note) => note.pid === pid && note.at > since);
        const begun = new Set(recent.map((note) => (note.what === "start" ? note.id : undefined)));
        return recent.find((note) => note.what === "succeeded" && begun.has(note.id))?.at;
      });
    await until("both workers work again", () => {
      if (ledger.acceptedCount() >= this.#granted) this.#grant(20);
      return ends().every((at) => at !== undefined);
    });
    this.#longestMs = Math.max(this.#longestMs, ...ends().map((at) => at! - since));
  }

  /** Waits until all that was let come has come and ended. */
  async quiet(): Promise<void> {
    const fleet = this.#fleet;
    await until("all jobs were accepted", () => fleet.ledger.acceptedCount() >= this.#granted);
    await until("all jobs have ended", async () => (await fleet.unfinished()) === 0);
  }

  /** Lets all that is left come and end, and settles the account; everybody is still the process it was. */
  async finish(): Promise<object> {
    const fleet = this.#fleet;
    await this.quiet();
    expect((await fleet.stop(this.#producer)).code).toBe(0);
    for (const worker of this.#workers) expect((await fleet.stop(worker)).code).toBe(0);
    const { extraRuns, ...sums } = await account(fleet);
    expect(sums.cut).toBe(0);
    expect(extraRuns).toBeLessThanOrEqual(sums.lost);
    return { ...sums, "extra runs": extraRuns, "back at work after ms": this.#longestMs };
  }

  #grant(more: number): void {
    this.#granted = Math.max(this.#granted, this.#fleet.ledger.acceptedCount()) + more;
    this.#producer.process.send({ upTo: this.#granted });
  }
}
