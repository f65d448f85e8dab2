import { LEVELS } from "../../relational/codes.js";

/** A queue is looked at from its very beginning at least this often. */
const FRESH_MS = 100;

/** Claims that bring fewer than this walk from the beginning anyway. */
const MANY = 50;

interface Floor {
  readonly due: readonly number[];
  readonly since: number;
}

/**
 * From which due time on a claim reads a line.
 * Lent jobs leave dead entries at the beginning of the index until the next vacuum, and each claim would step
 * over all of them: with a million waiting, thousands of pages. So while one big claim follows the other, the
 * next begins where the last one ended.
 *
 * A job that was put there since, with an earlier due time than those lent last, is thereby skipped for a
 * moment: for none if this process put it there, for up to a tenth of a second if another did. It can never
 * be forgotten, since every tenth of a second, and as soon as a claim is not filled, the line is read from
 * its beginning.
 */
export class Floors {
  readonly #queues = new Map<string, Floor>();

  /** For each queue and priority the earliest due time to read from; empty: all. */
  of(queues: readonly string[]): number[] {
    if (this.#queues.size === 0) return NONE;
    const oldest = performance.now() - FRESH_MS;
    let isAny = false;
    const floors = queues.flatMap((queue) => {
      const floor = this.#queues.get(queue);
      if (floor === undefined || floor.since < oldest) {
        this.#queues.delete(queue);
        return LOWEST;
      }
      isAny = true;
      return floor.due;
    });
    return isAny ? floors : NONE;
  }

  /** Notes the jobs that a claim of these queues has brought; `isFull`: as many as were asked for. */
  took(
    queues: readonly string[],
    lent: readonly { readonly queue: string; readonly lane: number; readonly dueAt: number }[],
    isFull: boolean,
  ): void {
    if (!isFull || lent.length < MANY) {
      for (const queue of queues) this.#queues.delete(queue);
      return;
    }
    for (const { queue, lane, dueAt } of lastOfEach(lent)) {
      const known = this.#queues.get(queue);
      const due = [...(known?.due ?? LOWEST)];
      due[lane % LEVELS] = dueAt;
      this.#queues.set(queue, { due, since: known?.since ?? performance.now() });
    }
  }

  /** To be called when a job was put into a line with a due time that may be earlier. */
  forget(): void {
    if (this.#queues.size > 0) this.#queues.clear();
  }
}

const LOWEST: readonly number[] = Array.from({ length: LEVELS }, () => 0);
const NONE: number[] = [];

/** The last of each lane; they come in the order of the lanes. */
function lastOfEach<T extends { readonly lane: number }>(lent: readonly T[]): T[] {
  return lent.filter((job, i) => job.lane !== lent[i + 1]?.lane);
}
