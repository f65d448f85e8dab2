import { memory } from "../../../lib/adapters/memory/index.js";
import type { Adapter } from "../../../lib/contract/adapter.js";
import type { Settlement } from "../../../lib/contract/broker.js";
import type { Delivery } from "../../../lib/contract/job.js";
import type { Entry, Journal } from "../../../lib/contract/journal.js";
import type { JobRecord } from "../../../lib/contract/jobs.js";
import { Stem } from "../../../lib/core/client/stem.js";
import { silentLog } from "../../../lib/core/log.js";
import { defineTask } from "../../../lib/core/task/define.js";
import { TaskRegistry } from "../../../lib/core/task/registry.js";
import type { TaskOptions } from "../../../lib/core/task/task.js";
import { decide } from "../../../lib/core/attempt/decide.js";
import type { Outcome } from "../../../lib/core/attempt/outcome.js";
import type { WorkflowContext } from "../../../lib/core/context/workflow.js";
import { EventReader } from "../../../lib/core/workflow/inbox.js";
import { JournalWriter } from "../../../lib/core/workflow/journal-writer.js";
import { passOver } from "../../../lib/core/workflow/pass.js";
import { ManualClock } from "../../../lib/testing/manual-clock.js";

export type Body = (payload: never, ctx: WorkflowContext) => unknown;

export const LEASE_MS = 10_000;

/** The write at which the process dies: it is carried out or not, and never answers. */
export interface Death {
  readonly atWrite: number;
  readonly written: boolean;
}

/**
 * One workflow, `flow`, on a memory store with a clock that stands still, worked by small processes that can
 * die at any write.
 */
export class Rig {
  readonly clock = new ManualClock();
  readonly adapter: Adapter = memory({ clock: () => this.clock.now() });
  readonly registry = new TaskRegistry();
  readonly stem: Stem;
  /** Kinds of outcomes in order. */
  readonly outcomes: Outcome[] = [];
  #body: Body;
  #processes = 0;

  constructor(body: Body, options: TaskOptions = {}) {
    this.#body = body;
    this.registry.add(
      defineTask(
        { name: "flow", kind: "workflow", where: "test", run: (payload, context) => this.#body(payload as never, context) },
        { retry: 1, ...options },
      ),
    );
    // Opens at once; nothing of it waits.
    void this.adapter.open();
    this.stem = new Stem({ adapter: this.adapter, registry: this.registry, clock: this.clock, log: silentLog });
  }

  /** Deploys other code. */
  deploy(body: Body): void {
    this.#body = body;
  }

  async start(payload?: unknown, id = "run"): Promise<string> {
    return (await this.stem.start("flow", payload, { id })).id;
  }

  process(death?: Death, offsetMs = 0): Process {
    return new Process(this, `p${++this.#processes}`, death, offsetMs);
  }

  async journal(id = "run"): Promise<readonly Entry[]> {
    return (await this.adapter.journal.read([{ id }]))[0]!;
  }

  /** The journal as `kind key state`, without marks. */
  async lines(id = "run"): Promise<readonly string[]> {
    return (await this.journal(id)).filter(({ kind }) => kind !== "park").map(({ kind, key, state }) => `${kind} ${key} ${state}`);
  }

  async record(id = "run"): Promise<JobRecord> {
    return (await this.adapter.jobs.get([id]))[0]!;
  }

  /**
   * Works until nothing is unfinished that time alone can bring on; lets time pass where needed. Returns the
   * run's record.
   */
  async finish(id = "run", process = this.process()): Promise<JobRecord> {
    for (let n = 0; n < 200; n++) {
      const next = await process.work();
      const { state } = await this.record(id);
      if (state !== "ready" && state !== "active" && state !== "parked") break;
      if (next === "busy") continue;
      if (next === undefined) break;
      this.clock.set(Math.max(this.clock.now(), next));
    }
    return this.record(id);
  }
}

/** A process that claims, passes over and settles, one batch at a time. */
export class Process {
  readonly #rig: Rig;
  readonly #name: string;
  readonly #death: Death | undefined;
  readonly #journal: JournalWriter;
  /** How wrong the host's own clock is. */
  readonly #offsetMs: number;
  #dies!: () => void;
  readonly #dead = new Promise<"dead">((resolve) => (this.#dies = () => resolve("dead")));
  writes = 0;
  appends = 0;

  constructor(rig: Rig, name: string, death: Death | undefined, offsetMs: number) {
    this.#rig = rig;
    this.#name = name;
    this.#death = death;
    this.#offsetMs = offsetMs;
    const { journal } = rig.adapter;
    const own: Journal = {
      ...journal,
      read: (reads) => journal.read(reads),
      append: (writes) => {
        this.appends++;
        return this.#write(() => journal.append(writes));
      },
    };
    this.#journal = new JournalWriter(own);
  }

  /**
   * One batch. `busy`: something was done; a time: nothing is due before; undefined: nothing foreseen.
   * Resolves to undefined also when the process dies.
   */
  async work(signal = new AbortController().signal): Promise<"busy" | number | undefined> {
    const { adapter } = this.#rig;
    await adapter.workers.renew({ id: this.#name, leaseMs: LEASE_MS, info: {} }, []);
    const { deliveries, nextDueAt, now } = await adapter.broker.claim({ worker: this.#name, from: [{ queue: "default" }], limit: 100 });
    if (deliveries.length === 0) return nextDueAt;
    const done = Promise.all(deliveries.map((delivery) => this.#attempt(delivery, now, signal)));
    return (await Promise.race([done, this.#dead])) === "dead" ? undefined : "busy";
  }

  async #attempt(delivery: Delivery, now: number, signal: AbortSignal): Promise<void> {
    const { stem, clock, registry, adapter, outcomes } = this.#rig;
    const definition = registry.need("flow");
    const offset = this.#offsetMs;
    const own = { now: () => clock.now() + offset, after: clock.after.bind(clock) };
    const ahead = now - own.now();
    const outcome = await passOver({
      delivery,
      definition,
      stem: {
        codec: stem.codec,
        definitions: stem.definitions,
        signals: stem.signals,
        log: stem.log,
        maxPayloadBytes: stem.maxPayloadBytes,
        clock: own,
      },
      journal: this.#journal,
      events: new EventReader(adapter.events),
      storeNow: () => own.now() + ahead,
      signal,
      dice: () => 0.999_999,
    });
    outcomes.push(outcome);
    const settlement: Settlement | undefined = decide(outcome, delivery, definition.retry, () => 0.5);
    if (settlement !== undefined) await this.#write(() => adapter.broker.settle([settlement]));
  }

  async #write<T>(write: () => Promise<T>): Promise<T> {
    const death = this.#death;
    if (death !== undefined && ++this.writes >= death.atWrite) {
      if (death.written && this.writes === death.atWrite) await write();
      this.#dies();
      return new Promise<never>(() => {});
    }
    if (death === undefined) this.writes++;
    return write();
  }
}

/** Counts what ran. */
export function counter(): { readonly ran: string[]; readonly step: <T>(name: string, value?: T) => () => T; count(name: string): number } {
  const ran: string[] = [];
  return {
    ran,
    step:
      <T>(name: string, value?: T) =>
      () => {
        ran.push(name);
        return value as T;
      },
    count: (name) => ran.filter((one) => one === name).length,
  };
}

/** Lets the event loop go on until something holds. @throws after 10 s */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  const end = performance.now() + 10_000;
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`never held: ${holds.toString()}`);
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
}
