import { AsyncLocalStorage } from "node:async_hooks";
import type { Clock } from "../clock.js";
import { setImmediate } from "../timers.js";
import type { RunningJobs } from "../attempt/running.js";
import type { Announcer } from "./announcer.js";
import type { Endings } from "./endings.js";
import type { Exchange } from "./exchange.js";
import type { WorkerLease } from "./lease.js";
import type { Maintenance } from "./maintenance.js";
import { isClosed, type Outage } from "./outage.js";
import { workerProbe } from "./probe.js";
import type { ServedQueues } from "./queues.js";
import type { Slots } from "./slots.js";

export interface LoopParts {
  readonly clock: Clock;
  readonly queues: ServedQueues;
  readonly running: RunningJobs;
  readonly slots: Slots;
  readonly endings: Endings;
  readonly exchange: Exchange;
  readonly lease: WorkerLease;
  readonly maintenance: Maintenance;
  readonly outage: Outage;
  readonly announcer: Announcer;
  readonly pollMs: number;
  /** The adapter is closed: this was the last call. */
  readonly ended: (error: unknown) => void;
}

/**
 * Decides when a worker calls the store: one call at a time.
 * Endings that gather while a call is under way travel in the next, which also brings new jobs. When nothing
 * has ended, it claims only if there may be work: after a hint, when the store foresaw something, or at the
 * safety poll.
 *
 * With a store that is a server a second call may go out while the first is under way, once a good part of
 * what may run here has ended or is free: then the server works at one half while the other half runs here.
 * Few endings wait for the next call as usual, since small calls cost more than they save.
 */
export class Loop {
  readonly #parts: LoopParts;
  readonly #exchange: Exchange;
  /**
   * The async context the loop was made in. A hint comes in that of a producer, which no handler may inherit.
   */
  readonly #inOwnContext = AsyncLocalStorage.snapshot();
  #state: "claiming" | "settling" | "closed" = "settling";
  #scheduled = false;
  /** Calls under way. */
  #calls = 0;
  #pruning = false;
  #lapses = 0;
  #cancelPause: (() => void) | undefined;
  #cancelTimer: (() => void) | undefined;
  #wakeAt = Number.POSITIVE_INFINITY;
  #quietWaiters: (() => void)[] = [];

  constructor(parts: LoopParts) {
    this.#parts = parts;
    this.#exchange = parts.exchange;
    parts.endings.changed = () => this.nudge();
  }

  get closed(): boolean {
    return this.#state === "closed";
  }

  /** Begins to claim. */
  start(): void {
    if (this.#state === "closed") return;
    this.#state = "claiming";
    this.nudge();
  }

  /** To be called when there may be work in these queues; undefined: in any. */
  hint(queues: readonly string[] | undefined): void {
    if (this.#parts.queues.hint(queues)) this.nudge();
  }

  /**
   * Looks for work in a separate turn of the event loop.
   * So jobs that end in the same turn travel together, and timers and sockets get their turn between batches.
   */
  nudge(): void {
    if (this.#scheduled || !this.#mayCall()) return;
    this.#scheduled = true;
    setImmediate(this.#inOwnContext, this.#turn);
  }

  /** Makes the next call after `ms`, and not sooner. */
  pause(ms: number): void {
    this.#cancelPause?.();
    this.#cancelPause = this.#parts.clock.after(ms, () => {
      this.#cancelPause = undefined;
      this.nudge();
    });
  }

  /** To be called when the store has answered another call: a pause after a failed call then ends. */
  resume(): void {
    if (this.#cancelPause === undefined || !this.#parts.outage.lasting) return;
    this.#cancelPause();
    this.#cancelPause = undefined;
    this.nudge();
  }

  /** Claims nothing more; goes on settling. */
  stopClaiming(): void {
    if (this.#state === "claiming") this.#state = "settling";
    this.#rearm(Number.POSITIVE_INFINITY);
  }

  /** Resolves when no call is under way and no ending waits to be written, or when the loop is closed. */
  quiet(): Promise<void> {
    return this.#isQuiet() ? Promise.resolve() : new Promise((resolve) => this.#quietWaiters.push(resolve));
  }

  /** Makes no further call. */
  close(): void {
    this.#state = "closed";
    this.#rearm(Number.POSITIVE_INFINITY);
    this.#cancelPause?.();
    this.#cancelPause = undefined;
    for (const resolve of this.#quietWaiters.splice(0)) resolve();
  }

  readonly #turn = (): void => {
    this.#scheduled = false;
    while (this.#mayCall()) {
      const call = this.#nextCall();
      if (call === undefined) return this.#rest();
      this.#calls++;
      void call.then(this.#called);
    }
  };

  readonly #called = (): void => {
    this.#calls--;
    this.nudge();
    if (this.#quietWaiters.length > 0 && this.#isQuiet()) for (const resolve of this.#quietWaiters.splice(0)) resolve();
  };

  #mayCall(): boolean {
    if (this.#cancelPause !== undefined || this.#state === "closed") return false;
    // Recovery gives a name up; nothing may be claimed under it meanwhile.
    return this.#calls === 0 || (this.#calls === 1 && this.#worthSecond && !this.#recovering);
  }

  /** Much has ended, or much is free while the store is known to have more. */
  get #worthSecond(): boolean {
    const { endings, slots, queues } = this.#parts;
    const { second } = slots;
    if (endings.waiting >= second) return true;
    return this.#exchange.flowing && slots.free >= second && this.#state === "claiming" && queues.promising;
  }

  get #recovering(): boolean {
    return this.#parts.outage.lasting || this.#lapses > 0 || this.#exchange.astray;
  }

  /** Never rejects. */
  #nextCall(): Promise<void> | undefined {
    const claiming = this.#state === "claiming";
    const { endings, slots, queues } = this.#parts;
    const due = endings.waiting > 0 || (claiming && slots.free > 0 && queues.promising);
    return (claiming ? this.#chore(!due) : undefined) ?? (due ? this.#call(claiming) : undefined);
  }

  #chore(idle: boolean): Promise<void> | undefined {
    if (this.#pruning) return undefined;
    const chore = this.#parts.maintenance.chore(idle);
    if (chore === undefined) return undefined;
    this.#pruning = true;
    return chore.then(() => {
      this.#pruning = false;
    });
  }

  async #call(claiming: boolean): Promise<void> {
    const { outage } = this.#parts;
    try {
      const lent = await this.#exchange.once(claiming, this.#recovering);
      outage.over();
      this.#lapses = lent ? 0 : this.#lapses + 1;
      if (lent) return;
      this.#parts.queues.wakeAll();
      if (this.#lapses > 1) this.pause(100);
    } catch (error) {
      if (isClosed(error)) return this.#parts.ended(error);
      const retryInMs = outage.failed(error);
      this.pause(retryInMs);
      this.#parts.announcer.failed(error, retryInMs);
    }
  }

  /** Nothing to do now: sets the one timer for the next moment at which a claim makes sense by itself. */
  #rest(): void {
    const { clock, pollMs, queues, running, slots, lease } = this.#parts;
    if (this.#state !== "claiming") return;
    const { askedAt, dueAt } = this.#exchange;
    // Without a free slot no moment makes a claim possible, only an ending does; a timer for a moment already
    // past would fire for ever.
    if (slots.free > 0) {
      const now = clock.now();
      const next = queues.open ? Math.min(dueAt, Math.max(askedAt, now - pollMs) + pollMs) : Number.POSITIVE_INFINITY;
      const turn = now + Math.ceil(queues.opensInMs);
      if (next < Number.POSITIVE_INFINITY || turn < Number.POSITIVE_INFINITY) this.#rearm(Math.min(next, turn));
    }
    if (workerProbe.listener !== undefined && running.count === 0) workerProbe.listener({ at: "idle", worker: lease.name });
  }

  #rearm(wakeAt: number): void {
    if (this.#cancelTimer !== undefined && wakeAt === this.#wakeAt) return;
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    this.#wakeAt = wakeAt;
    if (wakeAt === Number.POSITIVE_INFINITY) return;
    const { clock, queues } = this.#parts;
    this.#cancelTimer = clock.after(Math.max(0, wakeAt - clock.now()), () => {
      this.#cancelTimer = undefined;
      queues.wakeAll();
      this.nudge();
    });
  }

  #isQuiet(): boolean {
    return this.#state === "closed" || (this.#calls === 0 && this.#parts.endings.waiting === 0);
  }
}
