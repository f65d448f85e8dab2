import type { WorkerRecord, Workers } from "../../contract/index.js";
import type { Store } from "./store.js";

export function workers(store: Store): Workers {
  return {
    beat: async ({ id, leaseMs, info }, held, options) => {
      const args: (string | number)[] = [id, leaseMs, JSON.stringify(info)];
      for (const { jobId, fence } of held) args.push(jobId, fence);
      const [now, lost] = (await store.run("beat", store.home, args, options)) as [string, string[]];
      return { lost, now: Number(now) };
    },
    leave: async (id, options) => {
      let left = Infinity;
      for (;;) {
        const still = (await store.run("leave", store.home, [id], options)) as number;
        if (still <= 0) break;
        // What it is said to hold but what is nowhere to be found ends the search.
        if (still >= left) break;
        left = still;
      }
      store.tell({ kind: "work" });
    },
    list: async (options) => {
      const found = (await store.run("workers", store.home, [], options)) as [string, string, string][];
      return found.map(([id, text, active]): WorkerRecord => {
        const [, leaseUntil, startedAt, seenAt] = text.split("|", 4);
        const info = JSON.parse(text.slice(text.indexOf("{"))) as Record<string, string>;
        return { id, info, startedAt: Number(startedAt), seenAt: Number(seenAt), leaseUntil: Number(leaseUntil), active: Number(active) };
      });
    },
  };
}
