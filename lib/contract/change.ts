import type { Ended } from "./broker.js";
import { withEnded } from "./ended.js";
import type { Answer, Change, Changed } from "./jobs.js";
import { PAGE } from "./page.js";

/** What one step of a store did. */
export interface Step {
  readonly answers: readonly Answer[];
  readonly ended: readonly Ended[];
}

/**
 * Changes jobs by their ids, in as many steps as there are parts of 1,000: each id once, answers in the order
 * asked. What is `"needed"` by a job of another part is asked for again while that makes others free.
 *
 * @param step changes up to 1,000 different ids in one atomic step of the store, and answers each
 */
export async function byIds(
  ids: readonly string[],
  to: Change["to"],
  step: (part: readonly string[]) => Step | Promise<Step>,
): Promise<Changed> {
  const once = [...new Set(ids)];
  const answers = new Map<string, Answer>();
  const ended: Ended[] = [];
  for (let left = once; left.length > 0;) {
    for (let from = 0; from < left.length; from += PAGE) {
      const done = await step(left.slice(from, from + PAGE));
      for (const answer of done.answers) answers.set(answer.id, answer);
      ended.push(...done.ended);
    }
    const needed = to === "forgotten" && once.length > PAGE ? left.filter((id) => answers.get(id)!.as === "needed") : [];
    left = needed.length < left.length ? needed : [];
  }
  return withEnded({ answers: ids.map((id) => answers.get(id)!) }, ended);
}
