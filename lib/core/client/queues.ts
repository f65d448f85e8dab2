import type { Adapter } from "../../contract/adapter.js";
import type { QueueInfo } from "../../contract/queues.js";
import { listOf } from "./jobs.js";

/** All queues, page by page. */
export async function listQueues({ queues }: Adapter): Promise<readonly QueueInfo[]> {
  const all: QueueInfo[] = [];
  for (let cursor: string | undefined; ;) {
    const { items, next } = await queues.list(cursor === undefined ? {} : { cursor });
    all.push(...items);
    if (next === undefined) return all;
    cursor = next;
  }
}

export async function pauseQueues({ queues }: Adapter, names: readonly string[] | string, paused: boolean): Promise<void> {
  return queues.change(listOf(names, `queues to ${paused ? "pause" : "resume"}`), { paused });
}
