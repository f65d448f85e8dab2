import type { Settlement } from "../../contract/broker.js";
import type { Hint, Hints } from "../../contract/hints.js";
import { toFailure } from "../../contract/thrown.js";
import { answer, askedIn, isBrief, TOKEN_HEADER, type ToldEnd } from "../job/answers.js";
import { type Clock, steadyNow } from "../clock.js";
import { queueMicrotask } from "../timers.js";
import type { RunningJob } from "../attempt/running.js";

/** How long a question is kept. Waiters ask again well before. */
const STANDS_MS = 60_000;

/** The most questions that are kept: the oldest gives way. */
const MOST = 10_000;

/** Successes kept for questions that come a little late, and the longest result kept so. */
const RECENT = 1_024;
const MOST_CHARS = 4_096;

/**
 * Answers waiters of jobs that ended here, whose record may be forgotten already.
 * See `client/answers.ts`.
 */
export class Answers {
  readonly #hints: Hints;
  readonly #clock: Clock;
  /** When questions lapse, by the id asked for; in the order they came. */
  readonly #asked = new Map<string, number>();
  /**
   * A ring. Successes only: another end may be undone by a retry, so its answer could be out of date.
   * Only those whose records are soon forgotten.
   */
  readonly #recent: ToldEnd[] = [];
  #next = 0;
  #ends: ToldEnd[] = [];

  constructor({ hints, clock }: { readonly hints: Hints; readonly clock: Clock }) {
    this.#hints = hints;
    this.#clock = clock;
  }

  hear(hint: Hint): void {
    const ids = askedIn(hint);
    if (ids.length === 0) return;
    const until = steadyNow(this.#clock) + STANDS_MS;
    for (const id of ids) {
      this.#asked.delete(id);
      this.#asked.set(id, until);
    }
    for (const id of this.#asked.keys()) {
      if (this.#asked.size <= MOST) break;
      this.#asked.delete(id);
    }
    const wanted = new Set(ids);
    for (const end of this.#recent) if (wanted.has(end.id)) this.#tell(end);
  }

  /** To be called when the store has confirmed how an attempt ended. */
  settled({ delivery, definition }: RunningJob, settlement: Settlement, how: { readonly lost: boolean; readonly refused?: unknown }): void {
    if (how.lost) return;
    const { id, task, enqueuedAt, headers } = delivery.job;
    const token = headers?.[TOKEN_HEADER];
    if (how.refused !== undefined || settlement.as === "failed") {
      if (!this.#isAsked(id)) return;
      const error = settlement.as === "failed" ? settlement.error : toFailure(how.refused, delivery.attempt);
      return this.#tell({ id, task, enqueuedAt, state: "failed", error, ...(token !== undefined && { token }) });
    }
    if (settlement.as !== "succeeded") return;
    const asked = this.#isAsked(id);
    const brief = token !== undefined || (definition !== undefined && isBrief(definition));
    if (!asked && !brief) return;
    const { result } = settlement;
    const end: ToldEnd = {
      id,
      task,
      enqueuedAt,
      state: "succeeded",
      ...(result !== undefined && { result }),
      ...(token !== undefined && { token }),
    };
    if (brief && (result === undefined || result.length <= MOST_CHARS)) {
      this.#recent[this.#next] = end;
      this.#next = (this.#next + 1) % RECENT;
    }
    if (asked) this.#tell(end);
  }

  #isAsked(id: string): boolean {
    if (this.#asked.size === 0) return false;
    const until = this.#asked.get(id);
    if (until === undefined) return false;
    if (until > steadyNow(this.#clock)) return true;
    this.#asked.delete(id);
    return false;
  }

  /** Together with others of this turn. */
  #tell(end: ToldEnd): void {
    if (this.#ends.push(end) > 1) return;
    queueMicrotask(() => {
      const ends = this.#ends;
      this.#ends = [];
      answer(this.#hints, ends);
    });
  }
}
