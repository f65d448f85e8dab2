import type { Ended } from "../../../lib/contract/index.js";
import { both, inBroker, inJobs, omit } from "./fault.js";
import type { Fault, Faults } from "./fault.js";

/** The ends that each verb tells are changed. */
const endsAs = (change: (ended: readonly Ended[]) => readonly Ended[]): Fault => {
  const changed = <T extends { readonly ended?: readonly Ended[] }>(answer: T): T =>
    answer.ended === undefined ? answer : { ...answer, ended: change(answer.ended) };
  return both(
    inBroker(({ enqueue, claim, settle }) => ({
      enqueue: async (jobs, options) => changed(await enqueue(jobs, options)),
      claim: async (request, options) => changed(await claim(request, options)),
      settle: async (settlements, next, options) => changed(await settle(settlements, next, options)),
    })),
    inJobs(({ change: sound }) => ({ change: async (which, to, options) => changed(await sound(which, to, options)) })),
  );
};

export const endsFaults: Faults = {
  "no verb tells whom it ended": endsAs(() => []),
  "ends are told twice": endsAs((ended) => [...ended, ...ended]),
  "who died of an input is not told": endsAs((ended) => ended.filter(({ cause, state }) => cause !== "input" || state === "cancelled")),
  "only the first end of a call is told": endsAs((ended) => ended.slice(0, 1)),
  "ends are told without the payload": endsAs((ended) => ended.map((end) => omit(end, "payload"))),
  "a settle tells its own failures too": inBroker(({ settle }) => ({
    settle: async (settlements, next, options) => {
      const settled = await settle(settlements, next, options);
      const own = settlements.flatMap(({ lease, ...ending }): Ended[] =>
        ending.as === "failed"
          ? [{ id: lease.jobId, task: "", queue: "", state: "failed", cause: ending.cause, error: ending.error, attempts: 1 }]
          : [],
      );
      return { ...settled, ended: [...own, ...(settled.ended ?? [])] };
    },
  })),
};
