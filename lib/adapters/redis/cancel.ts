import { json } from "./connect/json.js";
import { cancelled, cancelledWith, type At, type Cancelled, type Ended, type JobState } from "../../contract/index.js";
import type { Reply } from "./connect/driver.js";
import type { Store } from "./store.js";

/** Ids in one script. */
const BATCH = 1_000;

/**
 * Ends unfinished jobs, whatever they are doing, and with them whoever waits for them. Answers in the order
 * asked.
 */
export async function cancel(store: Store, ids: readonly string[], reason: string, options: At | undefined): Promise<readonly Cancelled[]> {
  const error = json(cancelled(reason));
  const answers: Cancelled[] = ids.map((id) => ({ id, as: "unknown" }));
  const ended: Ended[] = [];
  for (const [shard, all] of await store.place(ids, options))
    for (let from = 0; from < all.length; from += BATCH) {
      const part = all.slice(from, from + BATCH);
      const [found, mail] = (await store.run("cancel", shard, [error, ...part.map((i) => ids[i]!)], options)) as [string[], Reply[]];
      ended.push(...(await store.mail.deliver(shard, mail, options)).ended);
      part.forEach((i, k) => (answers[i] = answerOf(ids[i]!, found[k]!)));
    }
  store.hintDone(ids);
  return cancelledWith(answers, ended);
}

function answerOf(id: string, found: string): Cancelled {
  if (found === "unknown") return { id, as: "unknown" };
  if (found.startsWith("ended:")) return { id, as: "ended", was: found.slice(6) as JobState };
  return { id, as: "cancelled", was: found as JobState };
}
