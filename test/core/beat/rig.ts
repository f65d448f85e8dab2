import { memory } from "../../../lib/adapters/memory/index.js";
import type { Adapter } from "../../../lib/contract/adapter.js";
import type { Schedules } from "../../../lib/contract/schedules.js";
import { Beat, type ScheduleDefinition } from "../../../lib/core/beat/beat.js";
import { Stem } from "../../../lib/core/client/stem.js";
import { silentLog } from "../../../lib/core/log.js";
import { Signals } from "../../../lib/core/telemetry/signals.js";
import { defineTask } from "../../../lib/core/task/define.js";
import { TaskRegistry } from "../../../lib/core/task/registry.js";
import { ManualClock } from "../../../lib/testing/manual-clock.js";

/** Waits until everything that only waits for its turn has had it. */
export async function turns(count = 5): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise<void>((resolve) => setImmediate(resolve));
}

export function schedule(over: Partial<ScheduleDefinition> = {}): ScheduleDefinition {
  return { id: "tick", where: "test", cron: "*/10 * * * * *", timeZone: "UTC", task: "work", ...over };
}

/** Beats on one memory store, with a clock that stands still. */
export class Rig {
  readonly clock = new ManualClock();
  /** What the clock of the store is ahead of the beats', in milliseconds. */
  skew = 0;
  readonly adapter: Adapter = memory({ clock: () => this.clock.now() + this.skew });
  readonly signals = new Signals();
  /** What the beats logged as errors. */
  readonly errors: string[] = [];
  readonly warnings: string[] = [];
  readonly #beats: Beat[] = [];

  constructor() {
    // Opens at once; nothing of it waits.
    void this.adapter.open();
  }

  /** A beat of a process of its own; `wrap` stands between it and the store. */
  beat(
    schedules: readonly ScheduleDefinition[],
    wrap: (schedules: Schedules) => Partial<Schedules> = () => ({}),
    tasks: readonly string[] = ["work"],
  ): Beat {
    const own: Adapter = { ...this.adapter, schedules: { ...this.adapter.schedules, ...wrap(this.adapter.schedules) } };
    const registry = new TaskRegistry();
    for (const name of tasks)
      registry.add(defineTask({ name, kind: "task", where: "test", run: () => {} }, { queue: "q", priority: 3, keepResult: "1h" }));
    const log = { ...silentLog, error: (line: string) => void this.errors.push(line), warn: (line: string) => void this.warnings.push(line) }; // prettier-ignore
    const beat = new Beat({ stem: new Stem({ adapter: own, registry, clock: this.clock, signals: this.signals, log }), schedules });
    this.#beats.push(beat);
    return beat;
  }

  async advance(ms: number): Promise<void> {
    // What has been begun, such as the first turn of a beat, is at its sleep.
    await turns();
    this.clock.advance(ms);
    await turns();
  }

  /** Ids of all jobs, oldest first. */
  async jobs(): Promise<readonly string[]> {
    return (await this.adapter.jobs.list({ limit: 1_000 })).items.map(({ id }) => id).reverse();
  }

  async stop(): Promise<void> {
    await Promise.all(this.#beats.map((beat) => beat.stop()));
  }
}
