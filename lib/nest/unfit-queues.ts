import { nearest } from "../contract/errors.js";
import type { ScheduleDefinition } from "../core/beat/beat.js";
import type { TaskRegistry } from "../core/task/registry.js";

/**
 * Where the queues of a worker do not fit the code, one line each.
 * Those are a queue that nothing is enqueued to, perhaps misspelt, and a schedule whose jobs no worker of
 * this process would take.
 *
 * @param schedules those that a beat of this process fires
 */
export function unfitQueues(
  served: readonly string[],
  registry: TaskRegistry,
  schedules: readonly ScheduleDefinition[],
): readonly string[] {
  const queueOf = ({ task, options }: ScheduleDefinition): string | undefined => options?.queue ?? registry.get(task)?.queue;
  const used = new Set([...registry.queues(), ...schedules.map(queueOf).filter((queue) => queue !== undefined)]);
  const idle = served
    .filter((queue) => !used.has(queue))
    .map((queue) => {
      const near = nearest(queue, [...used]);
      return `Queue "${queue}" is served, and no task of this app goes there by itself → ${near === undefined ? "" : `Did you mean "${near}"? `}Only jobs enqueued with { queue: "${queue}" } will.`;
    });
  const unserved = schedules
    .map((schedule) => ({ ...schedule, queue: queueOf(schedule) }))
    .filter(({ queue }) => queue !== undefined && !served.includes(queue))
    .map(
      ({ id, where, queue }) =>
        `Schedule "${id}" (${where}) enqueues into queue "${queue}", which no worker of this process serves → Serve it here or in another process: worker: { queues: [… , "${queue}"] }, or STEM_QUEUES.`,
    );
  return [...idle, ...unserved];
}
