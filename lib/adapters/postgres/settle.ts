import { carries, JOB_DEFAULTS, leaseText, withEnded, type Claim, type Settled, type Settlement } from "../../contract/index.js";
import { ENDED, GIVES, KEYED, NOTED } from "../relational/codes.js";
import type { DeadEnd, Loose } from "../relational/ends.js";
import { carryOut as carryAlong, transactAlong } from "./along.js";
import { beginAnew } from "./anew.js";
import { claimValues, lend, lentOf } from "./claim.js";
import { bigs, ints, texts, type Value } from "./connect/values.js";
import { takeEnded } from "./ended.js";
import { append, entryLists } from "./entries.js";
import { bitsOf, holdLoans, release, type Borrowed, type Given } from "./lease.js";
import { hasChores, isListened } from "./lend/header.js";
import { settleText, type Needs } from "./lend/settle-text.js";
import { enterLine, type LinePlace } from "./line.js";
import { arrive, end } from "./links.js";
import { holdAlong, type Late } from "./locking/along.js";
import { holdEvents } from "./locking/events.js";
import { takeNote } from "./notes.js";
import { park } from "./park.js";
import { forget } from "./prune.js";
import type { Loan, Store, Tx } from "./store.js";

type Success = Extract<Settlement, { as: "succeeded" }>;

/**
 * Carries out settlements and, on the way out, a claim: as one statement where all is plain, else as one
 * transaction.
 */
export async function settle(
  store: Store,
  settlements: readonly Settlement[],
  next: Claim | undefined,
  at: { readonly now?: number } | undefined,
): Promise<Settled> {
  const loans = plainLoans(store, settlements);
  return loans === undefined
    ? settleThoroughly(store, settlements, next, at)
    : settlePlain(store, settlements as readonly Success[], loans, next, at);
}

/**
 * The remembered loans of a batch of nothing but successes that nobody waits for; undefined if it is not one.
 */
function plainLoans(store: Store, settlements: readonly Settlement[]): Loan[] | undefined {
  const loans: Loan[] = [];
  for (const settlement of settlements) {
    if (settlement.as !== "succeeded" || carries(settlement)) return undefined;
    const loan = store.loans.recall(settlement.lease);
    if (loan === undefined || (loan.links & GIVES) !== 0) return undefined;
    // What it noted before it was lent is forgotten with it, which the plain statement does not do.
    if (loan.keep === 0 && (loan.links & (NOTED | KEYED)) !== 0) return undefined;
    loans.push(loan);
  }
  return loans;
}

async function settlePlain(
  store: Store,
  settlements: readonly Success[],
  loans: readonly Loan[],
  next: Claim | undefined,
  at: { readonly now?: number } | undefined,
): Promise<Settled> {
  // Of the same lease twice the second is missed.
  const missed: Settlement[] = [];
  const places = new Set<Loan>();
  const taken: { readonly loan: Loan; readonly settlement: Success }[] = [];
  for (const [i, settlement] of settlements.entries()) {
    const loan = loans[i]!;
    if (places.has(loan)) missed.push(settlement);
    else {
      places.add(loan);
      taken.push({ loan, settlement });
    }
  }
  // In the order of their numbers, so that two batches that overlap never wait for each other.
  const { nos, bits } = bitsOf([...places]);
  const lentAt = new Map([...places].map(({ no, startedAt }) => [no, startedAt]));
  const endings: Value[] = [
    bigs(nos),
    texts(bits),
    bigs(taken.map(({ loan }) => loan.no)),
    bigs(taken.map(({ loan }) => loan.seq)),
    ints(taken.map(({ loan }) => loan.attempt)),
    ints(taken.map(({ loan }) => loan.fence)),
    bigs(taken.map(({ loan }) => loan.keep ?? JOB_DEFAULTS.keepResultMs)),
    texts(taken.map(({ settlement }) => settlement.result ?? null)),
    bigs(nos.map((no) => lentAt.get(no)!)),
  ];
  const entries = entryLists(taken.map(({ loan, settlement }) => ({ job: loan.seq, entries: settlement.journal ?? [] })));
  endings.push(...(entries ?? []));
  const text = settleText({
    ...comesBack(places),
    kept: taken.some(({ loan }) => loan.keep !== 0),
    forgotten: taken.some(({ loan }) => loan.keep === 0),
    writing: entries !== undefined,
    claiming: next !== undefined,
    upward: next?.upward === true,
  });
  const rows = await store.rows(text, [...(next === undefined ? [at?.now ?? null] : claimValues(store, next, at?.now)), ...endings]);
  const note = rows[0]![4] as string | null;
  const good = note === null ? undefined : new Set(JSON.parse(note) as number[]);
  const done: string[] = [];
  for (const { loan, settlement } of taken) {
    const id = settlement.lease.jobId;
    if (good === undefined || good.has(loan.no)) {
      done.push(id);
      store.loans.delete(id);
      if (loan.out !== undefined) loan.out.count--;
    } else missed.push(settlement);
  }
  const claimed = next === undefined || hasChores(rows[0]!) ? undefined : await lentOf(store, store, next, rows);
  store.ended(done, isListened(rows[0]!));
  if (missed.length === 0 && (next === undefined || claimed !== undefined)) return { lost: [], ...(claimed !== undefined && { claimed }) };
  // Lost, or not what was remembered of them: the store knows. And what is to be done before anything may be
  // lent is done apart.
  const rest = await settleThoroughly(store, missed, claimed === undefined ? next : undefined, at);
  return { ...rest, ...(claimed !== undefined && { claimed }) };
}

/** Whether rows of `loans` come back whole or in part with these. */
function comesBack(loans: Iterable<Loan>): Pick<Needs, "whole" | "partly"> {
  const counts = new Map<Loan["out"], number>();
  for (const { out } of loans) counts.set(out, (counts.get(out) ?? 0) + 1);
  let [whole, partly] = [false, false];
  for (const [out, count] of counts) {
    if (out === undefined || out.count <= count) whole = true;
    if (out === undefined || out.count !== count) partly = true;
  }
  return { whole, partly };
}

function settleThoroughly(
  store: Store,
  settlements: readonly Settlement[],
  next: Claim | undefined,
  at: { readonly now?: number } | undefined,
): Promise<Settled> {
  return transactAlong(store, at, (tx, late) => settleAll(store, tx, settlements, next, late));
}

async function settleAll(store: Store, tx: Tx, settlements: readonly Settlement[], next: Claim | undefined, late: Late): Promise<Settled> {
  const lost: string[] = [];
  if (settlements.length > 0) {
    settlements = await holdEvents(tx, settlements);
    await holdAlong(tx, settlements, late);
    const leases = settlements.map(({ lease }) => lease);
    const loans = await holdLoans(store, tx, leases);
    const given: Given[] = [];
    for (const settlement of settlements) {
      const lease = leaseText(settlement.lease);
      const loan = loans.get(lease);
      if (loan === undefined) lost.push(settlement.lease.jobId);
      else {
        // Of the same lease twice the first counts.
        loans.delete(lease);
        given.push({ settlement, loan });
      }
    }
    await release(
      tx,
      given.map(({ loan }) => loan),
    );
    for (const { loan } of given) store.loans.delete(loan.id);
    if (given.length > 0) await carryOut(store, tx, given, late);
    else late.cancels.length = 0;
  }
  if (next === undefined) return withEnded({ lost }, await takeEnded(tx));
  const claimed = await lend(store, tx, next);
  return withEnded({ lost, claimed }, await takeEnded(tx));
}

async function carryOut(store: Store, tx: Tx, given: readonly Given[], late: Late): Promise<void> {
  await append(
    tx,
    given.map(({ settlement, loan }) => ({ job: loan.seq, entries: settlement.journal ?? [] })),
  );
  await takeNote(
    tx,
    given.map(({ settlement, loan }) => ({ job: loan.seq, note: settlement.note })),
  );
  const loose: Loose[] = [];
  loose.push(...(await succeedAll(tx, given)));
  loose.push(...(await end(tx, given.flatMap(toEnding))));
  await makeReady(tx, given);
  await beginAnew(tx, given);
  await park(tx, given);
  const along = given.flatMap(({ settlement }) => (carries(settlement) ? settlement : []));
  if (along.length > 0) await carryAlong(store, tx, along, loose, late);
  await arrive(tx, loose);
}

async function succeedAll(tx: Tx, given: readonly Given[]): Promise<Loose[]> {
  const loose: Loose[] = [];
  const kept: { readonly loan: Borrowed; readonly keep: number; readonly result: string | undefined }[] = [];
  const forgotten: number[] = [];
  for (const { settlement, loan } of given) {
    if (settlement.as !== "succeeded") continue;
    const keep = loan.keep ?? JOB_DEFAULTS.keepResultMs;
    if (keep === 0 && (loan.links & GIVES) === 0) forgotten.push(loan.seq);
    else kept.push({ loan, keep, result: settlement.result });
    if (loan.links & GIVES) loose.push({ seq: loan.seq, id: loan.id, state: "succeeded" });
    tx.announcement.done.push(loan.id);
  }
  if (kept.length > 0)
    await tx.rows(
      `INSERT INTO stem.ended (seq, state, ended_at, forget_at, started_at, attempts, fence, result)
       SELECT u.seq, ${ENDED.succeeded}, $1::bigint, $1::bigint + u.keep, u.started_at, u.attempts, u.fence, u.result
       FROM unnest($2::bigint[], $3::bigint[], $4::bigint[], $5::int[], $6::int[], $7::text[]) u(seq, keep, started_at, attempts, fence, result)`,
      [
        tx.now,
        bigs(kept.map(({ loan }) => loan.seq)),
        bigs(kept.map(({ keep }) => keep)),
        bigs(kept.map(({ loan }) => loan.startedAt)),
        ints(kept.map(({ loan }) => loan.attempt)),
        ints(kept.map(({ loan }) => loan.fence)),
        texts(kept.map(({ result }) => result ?? null)),
      ],
    );
  await forget(tx, forgotten);
  return loose;
}

function toEnding({ settlement, loan }: Given): DeadEnd[] {
  if (settlement.as !== "failed" && settlement.as !== "cancelled") return [];
  const cause = settlement.as === "failed" ? settlement.cause : null;
  return [{ ...loan, attempts: loan.attempt, state: settlement.as, cause, error: settlement.error, own: true }];
}

async function makeReady(tx: Tx, given: readonly Given[]): Promise<void> {
  const again = given.flatMap(({ settlement, loan }) => (settlement.as === "ready" ? [{ settlement, loan }] : []));
  if (again.length === 0) return;
  const places = again.map(({ settlement, loan }) => ({
    seq: loan.seq,
    lane: loan.lane,
    dueAt: settlement.dueAt ?? tx.now + (settlement.delayMs ?? 0),
  }));
  const expiries = await tx.rows(
    `UPDATE stem.jobs j SET due_at = u.due_at, attempts = u.attempts, fence = u.fence, started_at = coalesce(u.started_at, j.started_at),
       lapses = CASE WHEN u.ran = 1 THEN 0 ELSE j.lapses END, wake = CASE WHEN u.ran = 1 THEN NULL ELSE j.wake END, error = coalesce(u.error, j.error)
     FROM unnest($1::bigint[], $2::bigint[], $3::int[], $4::int[], $5::bigint[], $6::int[], $7::text[]) u(seq, due_at, attempts, fence, started_at, ran, error)
     WHERE j.seq = u.seq RETURNING j.seq, CASE WHEN j.started_at IS NULL THEN j.expires_at END`,
    [
      bigs(places.map(({ seq }) => seq)),
      bigs(places.map(({ dueAt }) => dueAt)),
      ints(again.map(({ settlement, loan }) => (settlement.attempt === "spent" ? loan.attempt : loan.attempt - 1))),
      ints(again.map(({ loan }) => loan.fence)),
      bigs(again.map(({ settlement, loan }) => (settlement.begun === false ? null : loan.startedAt))),
      ints(again.map(({ settlement }) => (settlement.ran === true ? 1 : 0))),
      texts(again.map(({ settlement }) => (settlement.error === undefined ? null : JSON.stringify(settlement.error)))),
    ],
  );
  const expiresAt = new Map(expiries.map(([seq, at]) => [Number(seq), at === null ? null : Number(at)]));
  await enterLine(
    tx,
    places.map((place): LinePlace => ({ ...place, expiresAt: expiresAt.get(place.seq) ?? null })),
  );
}
