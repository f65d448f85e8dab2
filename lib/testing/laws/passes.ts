import type { Delivery, Journal } from "../../contract/index.js";
import { Stem } from "../../core/client/stem.js";
import { silentLog } from "../../core/log.js";
import { defineTask } from "../../core/task/define.js";
import { TaskRegistry } from "../../core/task/registry.js";
import { decide } from "../../core/attempt/decide.js";
import type { WorkflowContext } from "../../core/context/workflow.js";
import { EventReader } from "../../core/workflow/inbox.js";
import { JournalWriter } from "../../core/workflow/journal-writer.js";
import { passOver } from "../../core/workflow/pass.js";
import { one, type LawBench } from "./bench.js";

const LEASE_MS = 1_000;

/** Carries one run on the store of a bench through its passes, as a worker does, on the law's own time. */
export class Passes {
  readonly #bench: LawBench;
  readonly #body: (ctx: WorkflowContext) => Promise<unknown>;
  /** How often the body was begun. */
  count = 0;
  #workers = 0;

  constructor(bench: LawBench, body: (ctx: WorkflowContext) => Promise<unknown>) {
    this.#bench = bench;
    this.#body = body;
  }

  /** Passes until nothing is due. */
  async go(): Promise<void> {
    for (let found = await this.#take(); found.length > 0; found = await this.#take())
      await this.#pass(one(found), Number.POSITIVE_INFINITY);
  }

  /**
   * As `go`, by a worker that dies at the write of this number to the journal; then its lease runs out.
   * False: the run ended before.
   */
  async dieAt(append: number): Promise<boolean> {
    const found = await this.#take();
    const died = found.length > 0 && (await this.#pass(one(found), append));
    this.#bench.pass(LEASE_MS + 1);
    return died;
  }

  async #take(): Promise<readonly Delivery[]> {
    const worker = `pass${++this.#workers}`;
    await this.#bench.hire(worker, LEASE_MS);
    return this.#bench.take({ worker, limit: 1 });
  }

  async #pass(delivery: Delivery, dies: number): Promise<boolean> {
    const bench = this.#bench;
    const { journal, events } = bench.adapter;
    let die!: () => void;
    const dead = new Promise<undefined>((resolve) => (die = () => resolve(undefined)));
    let appends = 0;
    const own: Journal = {
      ...journal,
      read: (reads) => journal.read(reads, bench.at),
      append: async (writes) => {
        const written = await journal.append(writes, bench.at);
        if (++appends < dies) return written;
        die();
        return new Promise(() => {});
      },
    };
    const definition = defineTask({
      name: delivery.job.task,
      kind: "workflow",
      where: "a law",
      run: (_, ctx) => (this.count++, this.#body(ctx as never)),
    });
    const clock = { now: () => bench.now, after: () => () => {} };
    const stem = new Stem({ adapter: bench.adapter, registry: new TaskRegistry(), clock, log: silentLog });
    const outcome = await Promise.race([
      dead,
      passOver({
        delivery,
        definition,
        stem,
        journal: new JournalWriter(own),
        events: new EventReader({ list: (filter) => events.list(filter, bench.at) }),
        storeNow: () => bench.now,
        signal: new AbortController().signal,
      }),
    ]);
    if (outcome === undefined) return true;
    await bench.settle(decide(outcome, delivery, definition.retry, () => 0)!);
    return false;
  }
}
