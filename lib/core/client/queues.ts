import type { Adapter } from "../../contract/adapter.js";
import type { QueueInfo } from "../../contract/queues.js";
import { everyItem } from "../pages.js";
import { listOf } from "./jobs.js";

/** All queues, page by page. */
export function listQueues({ queues }: Adapter): Promise<readonly QueueInfo[]> {
  return everyItem((page) => queues.list(page));
}

export async function pauseQueues({ queues }: Adapter, names: readonly string[] | string, paused: boolean): Promise<void> {
  return queues.change(listOf(names, `queues to ${paused ? "pause" : "resume"}`), { paused });
}
