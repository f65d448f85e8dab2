import { JOB_DEFAULTS, type Claim, type Settled, type Settlement, type Wake } from "../../contract/index.js";
import { claimValues, hasChores, isListened, lend, read } from "./claim.js";
import { bigs, ints, texts, type Value } from "./connect/values.js";
import { insertJobs } from "./enqueue.js";
import { appendAll } from "./journal.js";
import { endBadly, enterLine, followLinks, type Ending, type Loose, type Place } from "./links.js";
import { forget } from "./results.js";
import { ENDED, GIVES } from "./rows.js";
import { SETTLE, SETTLE_AND_CLAIM } from "./lend/settle-statement.js";
import { bitsOf, giveBack, holdLoans, type Borrowed } from "./lend/loans.js";
import { lockEvents } from "./events.js";
import { LEVELS, type Loan, type Store, type Tx } from "./store.js";

type Success = Extract<Settlement, { as: "succeeded" }>;

/** Carries out settlements and, on the way out, a claim: as one statement where all is plain, else as one transaction. */
export async function settle(
  store: Store,
  settlements: readonly Settlement[],
  next: Claim | undefined,
  at: { readonly now?: number } | undefined,
): Promise<Settled> {
  const loans = plainLoans(store, settlements);
  return loans === undefined
    ? store.transact(at, (tx) => settleAll(store, tx, settlements, next))
    : settlePlain(store, settlements as readonly Success[], loans, next, at);
}

/** The remembered loans of a batch of nothing but successes that nobody waits for; undefined if it is not one. */
function plainLoans(store: Store, settlements: readonly Settlement[]): Loan[] | undefined {
  const loans: Loan[] = [];
  for (const settlement of settlements) {
    if (settlement.as !== "succeeded" || settlement.enqueue !== undefined || (settlement.journal?.length ?? 0) > 0) return undefined;
    const loan = store.recall(settlement.lease);
    if (loan === undefined || (loan.links & GIVES) !== 0) return undefined;
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
  const endings: Value[] = [
    bigs(nos),
    texts(bits),
    bigs(taken.map(({ loan }) => loan.no)),
    bigs(taken.map(({ loan }) => loan.seq)),
    ints(taken.map(({ loan }) => loan.attempt)),
    ints(taken.map(({ loan }) => loan.fence)),
    bigs(taken.map(({ loan }) => loan.keep ?? JOB_DEFAULTS.keepResultMs)),
    texts(taken.map(({ settlement }) => settlement.result ?? null)),
  ];
  const rows =
    next === undefined
      ? await store.rows(SETTLE, [at?.now ?? null, ...endings])
      : await store.rows(SETTLE_AND_CLAIM, [...claimValues(next, at?.now), ...endings]);
  const note = rows[0]![4] as string | null;
  const good = note === null ? undefined : new Set(JSON.parse(note) as number[]);
  const done: string[] = [];
  for (const { loan, settlement } of taken) {
    const id = settlement.lease.jobId;
    if (good === undefined || good.has(loan.no)) {
      done.push(id);
      store.loans.delete(id);
    } else missed.push(settlement);
  }
  const claimed = next === undefined || hasChores(rows[0]!) ? undefined : await read(store, store, next, rows);
  store.ended(done, isListened(rows[0]!));
  if (missed.length === 0 && (next === undefined || claimed !== undefined)) return { lost: [], ...(claimed !== undefined && { claimed }) };
  // Lost, or not what was remembered of them: the store knows. And what is to be done before anything may be lent is done apart.
  const rest = await store.transact(at, (tx) => settleAll(store, tx, missed, claimed === undefined ? next : undefined));
  return { lost: rest.lost, ...((claimed ?? rest.claimed) !== undefined && { claimed: (claimed ?? rest.claimed)! }) };
}

interface Given {
  readonly settlement: Settlement;
  readonly loan: Borrowed;
}

async function settleAll(store: Store, tx: Tx, settlements: readonly Settlement[], next: Claim | undefined): Promise<Settled> {
  const lost: string[] = [];
  if (settlements.length > 0) {
    await lockEvents(
      tx,
      settlements.flatMap((settlement) => (settlement.as === "parked" ? settlement.waits : [])),
      "shared",
    );
    const leases = settlements.map(({ lease }) => lease);
    const loans = new Map((await holdLoans(store, tx, leases)).map((loan) => [loan.id, loan]));
    const given: Given[] = [];
    for (const settlement of settlements) {
      const { jobId, fence } = settlement.lease;
      const loan = loans.get(jobId);
      if (loan?.fence !== fence) lost.push(jobId);
      else {
        // Of the same lease twice the first counts.
        loans.delete(jobId);
        given.push({ settlement, loan });
      }
    }
    await giveBack(
      tx,
      given.map(({ loan }) => loan),
    );
    for (const { loan } of given) store.loans.delete(loan.id);
    if (given.length > 0) await carryOut(store, tx, given);
  }
  return next === undefined ? { lost } : { lost, claimed: await lend(store, tx, next) };
}

async function carryOut(store: Store, tx: Tx, given: readonly Given[]): Promise<void> {
  await appendAll(
    tx,
    given.map(({ settlement, loan }) => ({ job: loan.seq, entries: settlement.journal ?? [] })),
  );
  const loose: Loose[] = [];
  loose.push(...(await succeedAll(tx, given)));
  loose.push(...(await endBadly(tx, given.flatMap(toEnding))));
  await makeReady(tx, given);
  await parkAll(tx, given);
  const jobs = given.flatMap(({ settlement }) => (settlement.as === "succeeded" ? (settlement.enqueue ?? []) : []));
  if (jobs.length > 0) {
    await store.learnQueues(jobs.map(({ queue }) => queue));
    await insertJobs(store, tx, jobs);
  }
  await followLinks(tx, loose);
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
    tx.news.done.push(loan.id);
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

function toEnding({ settlement, loan }: Given): Ending[] {
  if (settlement.as !== "failed" && settlement.as !== "cancelled") return [];
  const cause = settlement.as === "failed" ? settlement.cause : null;
  return [{ ...loan, attempts: loan.attempt, state: settlement.as, cause, error: settlement.error }];
}

async function makeReady(tx: Tx, given: readonly Given[]): Promise<void> {
  const again = given.flatMap(({ settlement, loan }) => (settlement.as === "ready" ? [{ settlement, loan }] : []));
  if (again.length === 0) return;
  const places = again.map(({ settlement, loan }): Place => ({
    seq: loan.seq,
    lane: loan.lane,
    dueAt: settlement.dueAt ?? tx.now + (settlement.delayMs ?? 0),
  }));
  await tx.rows(
    `UPDATE stem.jobs j SET due_at = u.due_at, attempts = u.attempts, fence = u.fence, started_at = u.started_at,
       lapses = CASE WHEN u.ran = 1 THEN 0 ELSE j.lapses END, wake = CASE WHEN u.ran = 1 THEN NULL ELSE j.wake END, error = coalesce(u.error, j.error)
     FROM unnest($1::bigint[], $2::bigint[], $3::int[], $4::int[], $5::bigint[], $6::int[], $7::text[]) u(seq, due_at, attempts, fence, started_at, ran, error)
     WHERE j.seq = u.seq`,
    [
      bigs(places.map(({ seq }) => seq)),
      bigs(places.map(({ dueAt }) => dueAt)),
      ints(again.map(({ settlement, loan }) => (settlement.attempt === "spent" ? loan.attempt : loan.attempt - 1))),
      ints(again.map(({ loan }) => loan.fence)),
      bigs(again.map(({ loan }) => loan.startedAt)),
      ints(again.map(({ settlement }) => (settlement.ran === true ? 1 : 0))),
      texts(again.map(({ settlement }) => (settlement.error === undefined ? null : JSON.stringify(settlement.error)))),
    ],
  );
  await enterLine(tx, places);
}

/** Looks for events that have come already and parks only those for whom there is none: the names are locked, so nobody emits meanwhile. */
async function parkAll(tx: Tx, given: readonly Given[]): Promise<void> {
  const parks = given.flatMap(({ settlement, loan }) => (settlement.as === "parked" ? [{ settlement, loan }] : []));
  if (parks.length === 0) return;
  const waits = parks.flatMap(({ settlement, loan }) => settlement.waits.map((wait) => ({ ...wait, seq: loan.seq })));
  const lists: Value[] = [
    bigs(waits.map(({ seq }) => seq)),
    texts(waits.map(({ name }) => name)),
    texts(waits.map(({ key }) => key)),
    bigs(waits.map(({ after }) => after)),
  ];
  const found = waits.length === 0 ? [] : await tx.rows(EARLIEST, lists);
  const wakes = new Map<number, Extract<Wake, { by: "event" }>>();
  for (const [job, name, key, seq, payload] of found as [number, string, string, number, string | null][]) {
    const known = wakes.get(job);
    if (known === undefined || seq < known.seq) wakes.set(job, { by: "event", name, key, seq, ...(payload !== null && { payload }) });
  }
  const wakeOf = ({ loan }: (typeof parks)[number]): string | null => (wakes.has(loan.seq) ? JSON.stringify(wakes.get(loan.seq)) : null);
  await tx.rows(
    `UPDATE stem.jobs j SET attempts = u.attempts, fence = u.fence, started_at = u.started_at, lapses = 0, wake = u.wake,
       due_at = CASE WHEN u.wake IS NULL THEN j.due_at ELSE $1::bigint END
     FROM unnest($2::bigint[], $3::int[], $4::int[], $5::bigint[], $6::text[]) u(seq, attempts, fence, started_at, wake) WHERE j.seq = u.seq`,
    [
      tx.now,
      bigs(parks.map(({ loan }) => loan.seq)),
      ints(parks.map(({ loan }) => loan.attempt - 1)),
      ints(parks.map(({ loan }) => loan.fence)),
      bigs(parks.map(({ loan }) => loan.startedAt)),
      texts(parks.map(wakeOf)),
    ],
  );
  const woken = parks.filter(({ loan }) => wakes.has(loan.seq));
  await enterLine(
    tx,
    woken.map(({ loan }) => ({ seq: loan.seq, lane: loan.lane, dueAt: tx.now })),
  );
  const asleep = parks.filter(({ loan }) => !wakes.has(loan.seq));
  if (asleep.length === 0) return;
  await tx.rows("INSERT INTO stem.parked (seq, queue, deadline) SELECT * FROM unnest($1::bigint[], $2::int[], $3::bigint[])", [
    bigs(asleep.map(({ loan }) => loan.seq)),
    ints(asleep.map(({ loan }) => Math.floor(loan.lane / LEVELS))),
    bigs(asleep.map(({ settlement }) => settlement.deadline ?? null)),
  ]);
  // Two waits for the same event are one, from the earlier place on.
  await tx.rows(
    `INSERT INTO stem.waits (seq, name, key, after)
     SELECT u.seq, u.name, u.key, min(u.after) FROM unnest($1::bigint[], $2::text[], $3::text[], $4::bigint[]) u(seq, name, key, after)
     WHERE u.seq = ANY($5::bigint[]) GROUP BY 1, 2, 3`,
    [...lists, bigs(asleep.map(({ loan }) => loan.seq))],
  );
  // Whoever sleeps until the next due time may have to wake for this deadline.
  for (const { settlement, loan } of asleep) if (settlement.deadline !== undefined) tx.news.lanes.add(loan.lane);
}

/** For each wait the earliest stored event that it is for. */
const EARLIEST = `
  SELECT u.seq, u.name, u.key, e.seq, e.payload
  FROM unnest($1::bigint[], $2::text[], $3::text[], $4::bigint[]) u(seq, name, key, after) CROSS JOIN LATERAL (
    SELECT v.seq, v.payload FROM stem.events v
    WHERE hashtextextended(v.name || chr(1) || v.key, 0) = hashtextextended(u.name || chr(1) || u.key, 0) AND v.name = u.name AND v.key = u.key
      AND v.seq > u.after
    ORDER BY v.seq LIMIT 1) e`;
