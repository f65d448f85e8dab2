import { byIds, cancelled, idsOf, PAGE, UnsupportedError, withEnded } from "../../contract/index.js";
import type { Answer, At, Change, Changed, Ended, JobFilter, JobState, Which } from "../../contract/index.js";
import type { Reply } from "./connect/driver.js";
import { json } from "./connect/json.js";
import { idsIn } from "./list.js";
import type { Shard, Store } from "./store.js";

/** Changes jobs, by ids or by a filter. */
export async function changeJobs(store: Store, which: Which, change: Change, options: At | undefined): Promise<Changed> {
  if (change.to === "moved" && change.queue !== undefined && store.spread)
    throw new UnsupportedError("redis", "moving jobs to another queue on a cluster, where each queue has a shard of its own");
  const ids = idsOf(which);
  const done =
    ids === undefined ? await changeFitting(store, which as JobFilter, change, options) : await changeByIds(store, ids, change, options);
  tell(store, change.to, done.answers);
  return done;
}

function changeByIds(store: Store, ids: readonly string[], change: Change, options: At | undefined): Promise<Changed> {
  return byIds(ids, change.to, async (part) => {
    const answers: Answer[] = part.map((id) => ({ id, as: "unknown" }));
    const ended: Ended[] = [];
    for (const [shard, all] of await store.place(part, options)) {
      const here = all.map((i) => part[i]!);
      const done = await changeIn(store, shard, here, change, undefined, options);
      ended.push(...done.ended);
      all.forEach((i, k) => (answers[i] = done.answers[k]!));
    }
    return { answers, ended };
  });
}

async function changeFitting(store: Store, filter: JobFilter, change: Change, options: At | undefined): Promise<Changed> {
  const { found, next } = await idsIn(store, filter, options, Math.min(filter.limit ?? PAGE, PAGE));
  const byShard = new Map<Shard, string[]>();
  for (const { id, shard } of found) byShard.set(shard, [...(byShard.get(shard) ?? []), id]);
  const answers = new Map<string, Answer>();
  const ended: Ended[] = [];
  for (const [shard, ids] of byShard) {
    const done = await changeIn(store, shard, ids, change, filter, options);
    for (const answer of done.answers) answers.set(answer.id, answer);
    ended.push(...done.ended);
  }
  return withEnded({ answers: found.flatMap(({ id }) => answers.get(id) ?? []), ...(next !== undefined && { next }) }, ended);
}

/** One script: with `filter`, for those alone that fit it still, and only these are answered. */
async function changeIn(
  store: Store,
  shard: Shard,
  ids: readonly string[],
  change: Change,
  filter: JobFilter | undefined,
  options: At | undefined,
): Promise<{ readonly answers: readonly Answer[]; readonly ended: readonly Ended[] }> {
  const args = [
    json(wordsOf(change)),
    change.to === "ready" ? (change.payload ?? "") : "",
    filter === undefined ? "" : json(testOf(filter)),
    ...ids,
  ];
  type Found = [as: Answer["as"] | "", was: JobState | ""];
  const [found, mail] = (await store.run("change", shard, args, options)) as [Found[], Reply[]];
  const { ended } = await store.mail.deliver(shard, mail, options);
  const answers = found.flatMap(([as, was], k): Answer[] => (as === "" ? [] : [{ id: ids[k]!, as, ...(was !== "" && { was }) }]));
  // The caller of this change knows that they have ended.
  return { answers, ended: change.to === "forgotten" ? [] : ended };
}

/** A change as the script reads it. A queue is written as in the meta of a job. */
function wordsOf(change: Change): object {
  switch (change.to) {
    case "cancelled":
      return { to: change.to, error: json(cancelled(change.reason)) };
    case "forgotten":
      return { to: change.to, error: json(cancelled("removed")) };
    case "ready":
      return { to: change.to, delay: change.delayMs, length: change.payload?.length };
    case "moved":
      return {
        to: change.to,
        priority: change.priority,
        due: change.dueAt,
        queue: change.queue === undefined ? undefined : json(change.queue),
      };
  }
}

function testOf({ state, delayed, task, queue, group, dead, before }: JobFilter): object {
  return { state, delayed, task, queue, group, dead, before };
}

/** Tells own listeners; others are told by the script. */
function tell(store: Store, to: Change["to"], answers: readonly Answer[]): void {
  const changed = answers.filter(({ as }) => as === "changed");
  if (changed.length === 0) return;
  if (to === "ready" || to === "moved") return store.tell({ kind: "work" });
  store.hintDone(changed.map(({ id }) => id));
}
