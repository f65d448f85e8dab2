import { checkJobs, type At, type Claim, type Settled, type Settlement } from "../../contract/index.js";
import { claimArgs, lentOf, type Lent } from "./claim.js";
import type { Reply } from "./connect/driver.js";
import { jobArgs } from "./enqueue.js";
import { JOB_DEFAULTS } from "../../contract/index.js";
import { entriesOf } from "./journal.js";
import { Loan, type Row } from "./rows.js";
import type { Store } from "./store.js";

/** Plain successes of jobs that are alike. */
interface Group {
  readonly queue: string;
  readonly keep: number;
  readonly segment: string;
  readonly fence: number;
  readonly results: boolean;
  readonly values: string[];
  count: number;
}

/** Carries out a batch of settlements, then lends the next jobs if asked. */
export async function settle(
  store: Store,
  settlements: readonly Settlement[],
  next: Claim | undefined,
  options: At | undefined,
): Promise<Settled> {
  if (settlements.length === 0 && next === undefined) return (store.live(), { lost: [] });
  const args = settleArgs(settlements);
  if (next !== undefined) for (const arg of claimArgs(next)) args.push(arg);
  const reply = (await store.run("settle", store.home, args, options)) as Reply[];
  const [lost, mail] = (next === undefined ? reply : reply.slice(6)) as [string[], Reply[]];
  await store.mail.deliver(store.home, mail, options);
  tell(store, settlements);
  if (next === undefined) return { lost };
  return { lost, claimed: await lentOf(store, store.home, reply as unknown as Lent, options) };
}

/** Own listeners hear at once what others hear by the server. */
function tell(store: Store, settlements: readonly Settlement[]): void {
  if (store.listeners.size === 0) return;
  const done: string[] = [];
  let work = false;
  for (const settlement of settlements) {
    if (settlement.as !== "ready" && settlement.as !== "parked") done.push(settlement.lease.jobId);
    if (settlement.as === "ready" || settlement.as === "parked" || Loan.rowOf(settlement.lease) === undefined) work = true;
    else if (settlement.as === "succeeded" && settlement.enqueue !== undefined) work = true;
  }
  store.hintDone(done);
  if (work) store.tell({ kind: "work" });
}

/** Sorts settlements into the plain, which travel in groups, and the others. */
function settleArgs(settlements: readonly Settlement[]): (string | number)[] {
  const groups: Group[] = [];
  const others: Settlement[] = [];
  const seen = new Set<string>();
  let last: Group | undefined;
  for (const settlement of settlements) {
    const row = isPlainSuccess(settlement) ? Loan.rowOf(settlement.lease) : undefined;
    // The second settlement of a lease must find the first one carried out, so it goes apart.
    if (row === undefined || seen.size === seen.add(settlement.lease.jobId).size) {
      seen.add(settlement.lease.jobId);
      others.push(settlement);
      continue;
    }
    const { result } = settlement as { readonly result?: string };
    const keep = row.meta.kr ?? JOB_DEFAULTS.keepResultMs;
    const segment = keep === 0 ? row.segment : "";
    const results = result !== undefined;
    if (last === undefined || !fits(last, row, keep, segment, settlement.lease.fence, results)) {
      last = groups.find((group) => fits(group, row, keep, segment, settlement.lease.fence, results));
      if (last === undefined)
        groups.push((last = { queue: row.meta.q, keep, segment, fence: settlement.lease.fence, results, values: [], count: 0 }));
    }
    last.count++;
    last.values.push(settlement.lease.jobId);
    if (results) last.values.push(result);
  }
  const args: (string | number)[] = [groups.length];
  for (const { queue, keep, segment, fence, results, values, count } of groups) {
    args.push(queue, keep, segment, fence, results ? 1 : 0, count);
    for (const value of values) args.push(value);
  }
  args.push(others.length);
  for (const settlement of others) pushOther(args, settlement);
  return args;
}

function isPlainSuccess(settlement: Settlement): boolean {
  return settlement.as === "succeeded" && settlement.enqueue === undefined && settlement.journal === undefined;
}

function fits(group: Group, row: Row, keep: number, segment: string, fence: number, results: boolean): boolean {
  return (
    group.queue === row.meta.q &&
    group.keep === keep &&
    group.segment === segment &&
    group.fence === fence &&
    group.results === results &&
    group.count < 1_000
  );
}

function pushOther(args: (string | number)[], settlement: Settlement): void {
  const { lease, journal, ...ending } = settlement;
  const error = "error" in ending && ending.error !== undefined ? JSON.stringify(ending.error) : undefined;
  const jobs = ending.as === "succeeded" && ending.enqueue !== undefined ? jobArgs(ending.enqueue, []) : undefined;
  args.push(
    lease.jobId,
    lease.fence,
    JSON.stringify({
      ...ending,
      ...(error !== undefined && { error }),
      ...(journal !== undefined && journal.length > 0 && { journal: entriesOf(journal) }),
      ...(jobs !== undefined && { enqueue: jobs.length }),
    }),
  );
  if (jobs !== undefined) for (const arg of jobs) args.push(arg);
}

/** Refuses bad jobs before anything is written. */
export function checkSettlements(settlements: readonly Settlement[], self: Parameters<typeof checkJobs>[1]): void {
  for (const settlement of settlements)
    if (settlement.as === "succeeded" && settlement.enqueue !== undefined) checkJobs(settlement.enqueue, self);
}
