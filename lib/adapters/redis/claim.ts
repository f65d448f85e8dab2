import { withEnded, type At, type Claim, type Claimed, type Delivery, type Ended, type Wake } from "../../contract/index.js";
import type { Reply } from "./connect/driver.js";
import { takeBack } from "./lapse.js";
import { copyLease } from "./lease.js";
import { inputsOf } from "./links.js";
import { Bodies, Loan, NO_INPUTS, storedOf, type Facts, type Row } from "./rows.js";
import type { Shard, Store } from "./store.js";

/** The answer of claim, alone or inside a settle. */
export type Lent = [now: string, lapsed: number, next: string, ids: string, bodies: string, extras: Reply[], fence: number];

/** Takes back, wakes, expires, lends. */
export async function claim(store: Store, request: Claim, options: At | undefined): Promise<Claimed> {
  const ended = [...(await store.duties(options))];
  if (!store.spread) return also(await claimIn(store, store.home, request, options), ended);
  ended.push(...(await takeBack(store, options)));
  return also(await claimSpread(store, request, options), ended);
}

/** A claim that has ended more jobs than its own answer names. */
function also(claimed: Claimed, more: readonly Ended[]): Claimed {
  return more.length === 0 ? claimed : { ...claimed, ended: [...more, ...(claimed.ended ?? [])] };
}

/** From each queue's shard in turn, until there is enough. */
export async function claimSpread(store: Store, request: Claim, options: At | undefined): Promise<Claimed> {
  const all: { deliveries: Delivery[]; nextDueAt: number | undefined; now: number; lapsed: boolean } = {
    deliveries: [],
    nextDueAt: undefined,
    now: 0,
    lapsed: false,
  };
  const ended: Ended[] = [];
  for (const share of request.from) {
    const left = request.limit - all.deliveries.length;
    if (left <= 0) break;
    const shard = store.shardOf(share.queue);
    const part: Claim = { ...request, from: [share], limit: left };
    let found = await claimIn(store, shard, part, options);
    // A worker that is new to the shard is not known there; its home knows it.
    if (found.lapsed && (await copyLease(store, request.worker, shard, options))) found = await claimIn(store, shard, part, options);
    if (found.ended !== undefined) ended.push(...found.ended);
    all.deliveries.push(...found.deliveries);
    if (found.nextDueAt !== undefined) all.nextDueAt = Math.min(all.nextDueAt ?? Infinity, found.nextDueAt);
    all.now = found.now;
    all.lapsed ||= found.lapsed;
  }
  if (all.now === 0) {
    const { now } = await claimIn(store, store.home, { ...request, from: [] }, options);
    all.now = now;
  }
  return withEnded(all, ended);
}

async function claimIn(store: Store, shard: Shard, request: Claim, options: At | undefined): Promise<Claimed> {
  const reply = (await store.run("claim", shard, claimArgs(request), options)) as [...Lent, Reply[]];
  const { ended } = await store.mail.deliver(shard, reply[7], options);
  return withEnded(await lentOf(store, shard, reply as unknown as Lent, options), ended);
}

export function claimArgs({ worker, limit, from, upward }: Claim): (string | number)[] {
  const args: (string | number)[] = [worker, upward === true ? -limit : limit];
  for (const share of from) args.push(share.queue, share.limit ?? limit);
  return args;
}

/** The deliveries of an answer. Inputs are fetched for those that have any. */
export async function lentOf(
  store: Store,
  shard: Shard,
  [now, lapsed, next, ids, bodies, extras, fence]: Lent,
  options: At | undefined,
): Promise<Claimed> {
  const deliveries: Delivery[] = [];
  const names = bodies === "" ? [] : ids.split("\n");
  const rows = new Bodies(bodies);
  let extra = 0;
  for (let i = 0; i < names.length; i++) {
    const row = rows.next();
    if (extras[extra] !== i + 1) {
      deliveries.push(plain(names[i]!, row, fence));
      continue;
    }
    const facts = JSON.parse(extras[extra + 1] as string) as Facts;
    extra += 2;
    deliveries.push(await rich(store, shard, facts.id ?? names[i]!, row, facts, options));
  }
  return { deliveries, nextDueAt: next === "" ? undefined : Number(next), now: Number(now), lapsed: lapsed === 1 };
}

function plain(id: string, row: Row, fence: number): Delivery {
  const lease = new Loan(id, fence, row, !row.flags.includes("L"));
  return { job: storedOf(id, row, undefined), lease, attempt: 1, lapses: 0, inputs: NO_INPUTS, journaled: false };
}

async function rich(store: Store, shard: Shard, id: string, row: Row, facts: Facts, options: At | undefined): Promise<Delivery> {
  return {
    job: storedOf(id, row, facts.d),
    lease: new Loan(id, facts.f!, row, false),
    attempt: facts.n!,
    lapses: facts.l ?? 0,
    inputs: facts.o === undefined ? NO_INPUTS : await inputsOf(store, shard, id, options),
    journaled: facts.j !== undefined,
    ...(facts.w !== undefined && { wake: JSON.parse(facts.w) as Wake }),
  };
}
