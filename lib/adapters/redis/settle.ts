import { carries, JOB_DEFAULTS, saysSomething, withEnded } from "../../contract/index.js";
import type { At, Claim, Ended, Lease, Settled, Settlement } from "../../contract/index.js";
import { alongArgs } from "./along.js";
import { newLifeArgs } from "./anew.js";
import { claimArgs, claimSpread, lentOf, type Lent } from "./claim.js";
import type { Reply } from "./connect/driver.js";
import { json } from "./connect/json.js";
import { entryArgs } from "./entries.js";
import { placeLeases } from "./lease.js";
import { noteArgs } from "./notes.js";
import { Loan, type Row } from "./rows.js";
import type { Shard, Store } from "./store.js";

/** Plain successes of jobs that are alike. */
interface Group {
  readonly queue: string;
  readonly keep: number;
  readonly segment: string;
  readonly results: boolean;
  readonly parts: Part[];
  count: number;
}

/** Those of a group that were lent together: ids, or ids and results. */
interface Part {
  readonly fence: number;
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
  const swept = next === undefined ? [] : await store.duties(options);
  if (store.spread) return settleSpread(store, settlements, next, swept, options);
  const args = await settleArgs(store, store.home, settlements, options);
  if (next !== undefined) for (const arg of claimArgs(next)) args.push(arg);
  const reply = (await store.run("settle", store.home, args, options)) as Reply[];
  const [lost, mail] = (next === undefined ? reply : reply.slice(7)) as [string[], Reply[]];
  const delivered = await store.mail.deliver(store.home, mail, options);
  const ended = [...swept, ...delivered.ended];
  tell(store, settlements, delivered.ended);
  if (next === undefined) return withEnded({ lost }, ended);
  return withEnded({ lost, claimed: await lentOf(store, store.home, reply as unknown as Lent, options) }, ended);
}

/** Each settlement in its job's shard, all at once; then a claim. */
async function settleSpread(
  store: Store,
  settlements: readonly Settlement[],
  next: Claim | undefined,
  swept: readonly Ended[],
  options: At | undefined,
): Promise<Settled> {
  const ended = [...swept];
  const placed = await placeLeases(store, settlements, options);
  const left = new Set(settlements);
  const losses = await Promise.all(
    [...placed].map(async ([shard, indices]) => {
      const part = indices.map((i) => settlements[i]!);
      for (const settlement of part) left.delete(settlement);
      const args = await settleArgs(store, shard, part, options);
      const [lost, mail] = (await store.run("settle", shard, args, options)) as [string[], Reply[]];
      ended.push(...(await store.mail.deliver(shard, mail, options)).ended);
      return lost;
    }),
  );
  tell(store, settlements, ended);
  const lost = [...losses.flat(), ...[...left].map(({ lease }) => lease.jobId)];
  if (next === undefined) return withEnded({ lost }, ended);
  const { ended: more = [], ...claimed } = await claimSpread(store, next, options);
  return withEnded({ lost, claimed }, [...ended, ...more]);
}

/** Own listeners get at once the hints that others get through the server. */
function tell(store: Store, settlements: readonly Settlement[], ended: readonly Ended[]): void {
  if (store.listeners.size === 0) return;
  const done = ended.map(({ id }) => id);
  let work = false;
  for (const settlement of settlements) {
    const { as, lease } = settlement;
    const isOver = as === "succeeded" || as === "failed" || as === "cancelled";
    if (isOver) done.push(lease.jobId);
    if (!isOver || Loan.rowOf(lease) === undefined || carries(settlement)) work = true;
  }
  store.hintDone(done);
  if (work) store.tell({ kind: "work" });
}

/** Sorts settlements into the plain, which travel in groups, and the others. */
async function settleArgs(
  store: Store,
  shard: Shard,
  settlements: readonly Settlement[],
  options: At | undefined,
): Promise<(string | number)[]> {
  const groups: Group[] = [];
  const others: Settlement[] = [];
  const seen = new Set<string>();
  let last: Group | undefined;
  for (const settlement of settlements) {
    const row = isPlainSuccess(settlement) ? plainRow(settlement.lease) : undefined;
    // The second settlement of a lease must find the first one carried out, so it goes separately.
    if (row === undefined || seen.size === seen.add(settlement.lease.jobId).size) {
      seen.add(settlement.lease.jobId);
      others.push(settlement);
      continue;
    }
    const { result } = settlement as { readonly result?: string };
    const keep = row.meta.kr ?? JOB_DEFAULTS.keepResultMs;
    const segment = keep === 0 ? row.segment : "";
    const results = result !== undefined;
    if (last === undefined || !fits(last, row, keep, segment, results)) {
      last = groups.find((group) => fits(group, row, keep, segment, results));
      if (last === undefined) groups.push((last = { queue: row.meta.q, keep, segment, results, parts: [], count: 0 }));
    }
    const { values } = partOf(last, settlement.lease.fence);
    values.push(settlement.lease.jobId);
    if (results) values.push(result);
  }
  const args: (string | number)[] = [groups.length];
  for (const { queue, keep, segment, results, parts, count } of groups) {
    args.push(queue, keep, segment, results ? 1 : 0, parts.length, count);
    for (const part of parts) args.push(part.fence, part.count);
    for (const { values } of parts) for (const value of values) args.push(value);
  }
  args.push(others.length);
  for (const settlement of others) await pushOther(store, shard, args, settlement, options);
  return args;
}

/**
 * The row of a job that is settled the plain way, if it is.
 * Not so one that is forgotten at once and is in the directory or in a group: they must strike it out.
 */
function plainRow(lease: Lease): Row | undefined {
  const row = Loan.rowOf(lease);
  return row !== undefined && row.meta.kr === 0 && /[UG]/.test(row.flags) ? undefined : row;
}

function isPlainSuccess(settlement: Settlement): boolean {
  return settlement.as === "succeeded" && settlement.journal === undefined && !carries(settlement);
}

function fits(group: Group, row: Row, keep: number, segment: string, results: boolean): boolean {
  return group.queue === row.meta.q && group.keep === keep && group.segment === segment && group.results === results && group.count < 1_000;
}

/** Where in a group another of this fence goes; counts it. */
function partOf(group: Group, fence: number): Part {
  const { parts } = group;
  let part = parts.at(-1);
  if (part?.fence !== fence) {
    part = parts.find((other) => other.fence === fence);
    if (part === undefined) parts.push((part = { fence, values: [], count: 0 }));
  }
  part.count++;
  group.count++;
  return part;
}

async function pushOther(
  store: Store,
  shard: Shard,
  args: (string | number)[],
  settlement: Settlement,
  options: At | undefined,
): Promise<void> {
  const { lease, journal, note, enqueue: _jobs, emit: _events, cancel: _cancels, ...ending } = settlement;
  const error = "error" in ending && ending.error !== undefined ? json(ending.error) : undefined;
  const along = await alongArgs(store, shard, settlement, options);
  args.push(
    lease.jobId,
    lease.fence,
    json({
      ...(ending.as === "anew" ? newLifeArgs(ending) : ending),
      ...along.counts,
      ...(error !== undefined && { error }),
      ...(journal !== undefined && journal.length > 0 && { journal: entryArgs(journal) }),
      ...(note !== undefined && saysSomething(note) && { note: noteArgs(note) }),
    }),
  );
  for (const arg of along.args) args.push(arg);
}
