import { createHash } from "node:crypto";
import type { Hint, Hints } from "../../contract/hints.js";
import type { Schedule } from "../../contract/schedules.js";

/** Topics of hints. The message is a list of keys, joined by commas. */
const ASKED = "schedules.who-declares";
const ANSWERED = "schedules.declared";

/** Questions without an answer before the other version counts as gone: hints may be lost. */
const QUESTIONS = 3;
/** Keys in one message, so that none grows without bound. */
const MOST_KEYS = 200;

interface Asked {
  readonly key: string;
  readonly unheard: number;
}

/**
 * Beats of another version of the app, which declare other times for the same schedules.
 * During a deploy both run, and the times stored last stand: no beat overwrites them while a beat lives that
 * declares them. Once none is left, they are overwritten.
 *
 * Beats ask each other through hints. A lost answer costs no slot; at worst a schedule changes its times too
 * soon.
 */
export class Rivals {
  readonly #hints: Hints;
  /** Keys of the schedules that are declared here. */
  readonly #own: ReadonlySet<string>;
  /** The question about each schedule, by its id. */
  readonly #asked = new Map<string, Asked>();

  /** @param specs by the id of the schedule, as they are declared here */
  constructor(hints: Hints, specs: ReadonlyMap<string, string>) {
    this.#hints = hints;
    this.#own = new Set([...specs].map(([id, spec]) => keyOf({ id, spec })));
  }

  /** Answers questions of other beats, and notes their answers. */
  hear(hint: Hint): void {
    if (hint.kind !== "control") return;
    if (hint.topic === ASKED)
      this.#send(
        ANSWERED,
        hint.message.split(",").filter((key) => this.#own.has(key)),
      );
    if (hint.topic !== ANSWERED) return;
    const answered = new Set(hint.message.split(","));
    for (const [id, { key }] of this.#asked) if (answered.has(key)) this.#asked.set(id, { key, unheard: 0 });
  }

  /**
   * Asks which beats declare the given schedules, which differ from the declarations here.
   *
   * @returns ids of those without an answer to three questions
   */
  abandoned(standing: readonly Schedule[]): readonly string[] {
    const alone: string[] = [];
    const before = new Map(this.#asked);
    this.#asked.clear();
    for (const schedule of standing) {
      const key = keyOf(schedule);
      const known = before.get(schedule.id);
      const unheard = known?.key === key ? known.unheard : 0;
      if (unheard >= QUESTIONS) alone.push(schedule.id);
      else this.#asked.set(schedule.id, { key, unheard: unheard + 1 });
    }
    this.#send(ASKED, [...this.#asked.values()].map(({ key }) => key)); // prettier-ignore
    return alone;
  }

  #send(topic: string, keys: readonly string[]): void {
    for (let i = 0; i < keys.length; i += MOST_KEYS) this.#hints.control(topic, keys.slice(i, i + MOST_KEYS).join(","));
  }
}

function keyOf({ id, spec }: Pick<Schedule, "id" | "spec">): string {
  return createHash("sha256")
    .update(JSON.stringify([id, spec]))
    .digest("base64url")
    .slice(0, 20);
}
