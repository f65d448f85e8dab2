import type { Ended } from "../../contract/broker.js";
import type { Adapter } from "../../contract/adapter.js";
import type { Clock } from "../clock.js";
import type { Codec } from "../codec/codec.js";
import type { Definitions } from "../codec/definitions.js";
import type { Log } from "../log.js";
import type { TaskRegistry } from "../task/registry.js";
import { FailureLog } from "../log/failures.js";
import { Repeats } from "../log/repeats.js";
import { jobSignal } from "./job-signal.js";
import type { SignalName, Signals } from "./signals.js";

/** The parts of a Stem that signalling ends needs. */
export interface EndsParts {
  readonly adapter: Adapter;
  readonly registry: TaskRegistry;
  readonly signals: Signals;
  readonly log: Log;
  readonly clock: Clock;
  readonly codec: Codec;
  readonly definitions: Definitions;
}

const SIGNALS = { failed: "job:dead", cancelled: "job:cancelled", expired: "job:expired" } as const satisfies Record<
  Ended["state"],
  SignalName
>;

/**
 * Signals the ends that a call of this process has caused otherwise than by settling an attempt.
 * Those are lapses, expiries, cancels, and failed inputs. The store names each to one call, so that one
 * process signals it.
 */
export class Ends {
  /** Messages about failed jobs. */
  readonly failures: FailureLog;
  readonly #stem: EndsParts;
  readonly #repeats: Repeats;

  constructor(stem: EndsParts) {
    this.#stem = stem;
    this.#repeats = new Repeats(stem.clock);
    this.failures = new FailureLog(stem.log, this.#repeats);
  }

  /** Logs what was counted so far. */
  close(): void {
    this.#repeats.close();
  }

  /** The answers of a cancel, its ends signalled. */
  async of<T extends { readonly ended?: readonly Ended[] }>(cancelling: Promise<readonly T[]>): Promise<readonly T[]> {
    const answers = await cancelling;
    for (const { ended } of answers) this.tell(ended);
    return answers.map(without);
  }

  /** Never throws. */
  tell(ended: readonly Ended[] | undefined): void {
    if (ended === undefined || ended.length === 0) return;
    for (const end of ended) this.#say(end);
    const listened = ended.filter(({ state }) => this.#stem.signals.has(SIGNALS[state]));
    if (listened.every(({ payload }) => payload !== undefined)) for (const end of listened) this.#signal(end);
    else void this.#fetched(listened);
  }

  /** With the payloads that were too long to come along. */
  async #fetched(ended: readonly Ended[]): Promise<void> {
    for (const end of ended) {
      if (end.payload !== undefined) this.#signal(end);
      else {
        const [record] = await this.#stem.adapter.jobs.get([end.id]).catch(() => []);
        this.#signal(record === undefined ? end : { ...end, payload: record.payload });
      }
    }
  }

  #signal(end: Ended): void {
    const { attempts: attempt, cause, error } = end;
    const more = { attempt, error, ...(cause !== undefined && { cause }) };
    this.#stem.signals.tell(SIGNALS[end.state], jobSignal({ ...end, payload: end.payload }, this.#stem, more) as never);
  }

  #say({ id, task, state, cause, error, attempts }: Ended): void {
    const owner = { task, where: this.#stem.registry.get(task)?.where };
    if (state === "cancelled") return this.#stem.log.debug(`Job ${id} of task "${task}" was cancelled: ${error.message}`);
    if (state === "expired") return this.failures.ended(id, owner, "expired before it was started", error);
    if (cause === "input") return this.failures.ended(id, owner, "ended with its input", error);
    if (cause === "lapsed") return this.failures.dead(id, owner, `after ${attempts} attempts of its own, lost with its workers`, error);
    this.failures.dead(id, owner, "by the store's doing", error);
  }
}

function without<T extends { readonly ended?: readonly Ended[] }>(answer: T): T {
  const { ended: _, ...rest } = answer;
  return rest as T;
}
