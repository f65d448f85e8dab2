import { json } from "./connect/json.js";
import { cancelled, type At, type JobState, type Removed } from "../../contract/index.js";
import type { Reply } from "./connect/driver.js";
import type { Store } from "./store.js";

/** Ids in one script. */
const BATCH = 1_000;

/** Forgets jobs that have ended or wait. Answers in the order asked. */
export async function remove(store: Store, ids: readonly string[], options: At | undefined): Promise<readonly Removed[]> {
  const error = json(cancelled("removed"));
  const answers = new Map<string, Removed>();
  const once = [...new Set(ids)];
  for (const [shard, all] of await store.place(once, options))
    for (let from = 0; from < all.length; from += BATCH) {
      const part = all.slice(from, from + BATCH).map((i) => once[i]!);
      type Answer = [as: Removed["as"], was: JobState | ""];
      const [found, mail] = (await store.run("remove", shard, [error, ...part], options)) as [Answer[], Reply[]];
      await store.mail.deliver(shard, mail, options);
      for (const [k, id] of part.entries()) {
        const [as, was] = found[k]!;
        answers.set(id, { id, as, ...(was !== "" && { was }) });
      }
    }
  store.hintDone(once);
  return ids.map((id) => answers.get(id) ?? { id, as: "unknown" });
}
