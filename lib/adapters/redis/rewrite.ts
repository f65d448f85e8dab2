import type { At, Rewrite } from "../../contract/index.js";
import type { Reply } from "./connect/driver.js";
import { json } from "./connect/json.js";
import { entryArgs } from "./entries.js";
import type { Store } from "./store.js";

/** Writes the end of a run's journal anew and makes the run ready; false: it is not in a state for that. */
export async function rewrite(store: Store, runId: string, { keepTo, entries = [] }: Rewrite, options: At | undefined): Promise<boolean> {
  const [shard] = (await store.place([runId], options)).keys();
  if (shard === undefined) return false;
  const args = [runId, keepTo, json(entryArgs(entries))];
  const [did, mail] = (await store.run("rewrite", shard, args, options)) as [number, Reply[]];
  if (did === 0) return false;
  await store.mail.deliver(shard, mail, options);
  store.tell({ kind: "work" });
  return true;
}
