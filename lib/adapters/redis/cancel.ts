import type { At, Cancelled, JobState } from "../../contract/index.js";
import type { Reply } from "./connect/driver.js";
import type { Store } from "./store.js";

/** Ids in one script. */
const BATCH = 1_000;

/** Ends unfinished jobs, whatever they are doing, and with them whoever waits for them. Answers in the order asked. */
export async function cancel(store: Store, ids: readonly string[], reason: string, options: At | undefined): Promise<readonly Cancelled[]> {
  store.live();
  const error = JSON.stringify({ name: "Cancelled", message: reason });
  const answers: Cancelled[] = [];
  for (let from = 0; from < ids.length; from += BATCH) {
    const part = ids.slice(from, from + BATCH);
    const [found, mail] = (await store.run("cancel", store.home, [error, ...part], options)) as [string[], Reply[]];
    await store.mail.deliver(store.home, mail, options);
    part.forEach((id, i) => answers.push(answerOf(id, found[i]!)));
  }
  const running = answers.filter(({ as, was }) => as === "cancelled" && was === "active").map(({ id }) => id);
  store.hintDone(ids);
  if (running.length > 0) {
    store.tell({ kind: "cancelled", ids: running });
    store.publish("cancelled", JSON.stringify(running));
  }
  return answers;
}

function answerOf(id: string, found: string): Cancelled {
  if (found === "unknown") return { id, as: "unknown" };
  if (found.startsWith("ended:")) return { id, as: "ended", was: found.slice(6) as JobState };
  return { id, as: "cancelled", was: found as JobState };
}
