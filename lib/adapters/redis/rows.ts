import { delayedOf, hasDueTime, hasExpiry, hasLinks, JOB_DEFAULTS } from "../../contract/index.js";
import type { DeathCause, Failure, FinalState, Input, JobRecord, JobState, Lease, NewJob, StoredJob } from "../../contract/index.js";
import { json } from "./connect/json.js";

/**
 * The fields of a job beside its payload. Names are short, since every stored job carries them.
 * Missing fields have their default.
 */
interface Meta {
  readonly t: string;
  readonly q: string;
  readonly p?: number;
  readonly kr?: number;
  readonly kf?: number;
  readonly ml?: number;
  readonly h?: Readonly<Record<string, string>>;
  readonly g?: string;
  readonly du?: number;
  readonly de?: number;
  readonly ea?: number;
  readonly ei?: number;
}

/** Packs the jobs of a batch. Jobs that differ in nothing but id and payload share their meta text. */
export class Packer {
  #last: NewJob | undefined;
  #flags = "";
  #meta = "";

  /**
   * The body to store: `index:flags:length:{meta}\npayload`.
   * The script puts time, number and segment before it.
   */
  pack(job: NewJob, index: number, flags = ""): string {
    if (this.#last === undefined || !alike(job, this.#last)) {
      this.#flags = `:${flagsOf(job)}`;
      this.#meta = `:${json(metaOf(job))}\n`;
      this.#last = job;
    }
    return `${index}${this.#flags}${flags}:${job.payload.length}` + this.#meta + job.payload;
  }
}

/**
 * Due at once, never expires, no other job waits for it: such a job goes into the list, the fast way.
 * Its id must be one line, since those travel as lines.
 */
export function isPlain(job: NewJob): boolean {
  return !job.id.includes("\n") && !hasDueTime(job) && !hasExpiry(job) && !hasLinks(job);
}

function alike(a: NewJob, b: NewJob): boolean {
  return (
    a.task === b.task &&
    a.queue === b.queue &&
    a.priority === b.priority &&
    a.keepResultMs === b.keepResultMs &&
    a.keepFailedMs === b.keepFailedMs &&
    a.maxLapses === b.maxLapses &&
    a.headers === b.headers &&
    a.group === b.group &&
    a.dueAt === b.dueAt &&
    a.delayMs === b.delayMs &&
    a.expiresAt === b.expiresAt &&
    a.expiresInMs === b.expiresInMs &&
    a.known === b.known &&
    (a.links === undefined) === (b.links === undefined) &&
    a.waitsFor === b.waitsFor
  );
}

function flagsOf(job: NewJob): string {
  let flags = job.known === "again" ? "A" : "";
  if (hasDueTime(job)) flags += "D";
  if (hasExpiry(job)) flags += "E";
  if (job.links !== undefined && job.links.length > 0) flags += "L";
  if ((job.waitsFor ?? 0) > 0) flags += "W";
  if (job.group !== undefined) flags += "G";
  return flags;
}

function metaOf(job: NewJob): Meta {
  const { task, queue, priority = 0, keepResultMs, keepFailedMs, maxLapses, headers, group, dueAt, delayMs, expiresAt, expiresInMs } = job;
  return {
    t: task,
    q: queue,
    ...(priority !== 0 && { p: priority }),
    ...(keepResultMs !== undefined && keepResultMs !== JOB_DEFAULTS.keepResultMs && { kr: keepResultMs }),
    ...(keepFailedMs !== undefined && keepFailedMs !== JOB_DEFAULTS.keepFailedMs && { kf: keepFailedMs }),
    ...(maxLapses !== undefined && maxLapses !== JOB_DEFAULTS.maxLapses && { ml: maxLapses }),
    ...(headers !== undefined && { h: headers }),
    ...(group !== undefined && { g: group }),
    ...(dueAt !== undefined && { du: dueAt }),
    ...(delayMs !== undefined && delayMs !== 0 && { de: delayMs }),
    ...(expiresAt !== undefined && { ea: expiresAt }),
    ...(expiresInMs !== undefined && { ei: expiresInMs }),
  };
}

/** A stored job as read back. */
export class Row {
  readonly at: number;
  readonly flags: string;
  readonly meta: Meta;
  readonly payload: string;
  readonly #place: string;

  /** @param place `base:segment:index` */
  constructor(at: number, place: string, flags: string, meta: Meta, payload: string) {
    this.at = at;
    this.#place = place;
    this.flags = flags;
    this.meta = meta;
    this.payload = payload;
  }

  /** Number by arrival; below 2^53. */
  get seq(): number {
    const [base, , index] = this.#place.split(":");
    return Number(base) + Number(index);
  }

  get segment(): string {
    return this.#place.split(":")[1]!;
  }
}

let lastText = "";
let lastMeta: Meta = { t: "", q: "" };

/** Reads bodies one after another from the text they have been put together in. */
export class Bodies {
  readonly #text: string;
  #from: number;

  constructor(text: string) {
    this.#text = text;
    this.#from = 0;
  }

  next(): Row {
    const text = this.#text;
    const a = text.indexOf(":", this.#from);
    const b = text.indexOf(":", a + 1);
    const c = text.indexOf(":", b + 1);
    const d = text.indexOf(":", c + 1);
    const e = text.indexOf(":", d + 1);
    const f = text.indexOf(":", e + 1);
    // Neighbours mostly share their meta, which is then parsed once.
    if (!text.startsWith(lastText, f + 1) || lastText === "") {
      lastText = text.slice(f + 1, text.indexOf("\n", f) + 1);
      lastMeta = JSON.parse(lastText) as Meta;
    }
    const payload = f + 1 + lastText.length;
    const end = payload + Number(text.slice(e + 1, f));
    const row = new Row(
      Number(text.slice(this.#from, a)),
      text.slice(a + 1, d),
      e === d + 1 ? "" : text.slice(d + 1, e),
      lastMeta,
      text.slice(payload, end),
    );
    this.#from = end;
    return row;
  }
}

/** Reads one body. */
export function unpack(body: string): Row {
  return new Bodies(body).next();
}

/** The part of a delivery that describes its job. */
export function storedOf(id: string, { at, meta, payload }: Row, dueAt: number | undefined): StoredJob {
  const plain = {
    id,
    task: meta.t,
    queue: meta.q,
    payload,
    priority: meta.p ?? 0,
    enqueuedAt: at,
    dueAt: dueAt ?? meta.du ?? at + (meta.de ?? 0),
  };
  if (meta.h === undefined && meta.g === undefined) return plain;
  return { ...plain, ...(meta.h !== undefined && { headers: meta.h }), ...(meta.g !== undefined && { group: meta.g }) };
}

/** The changes of a job since it was stored; see lua/common/jobs.lua. */
export interface Facts {
  /** In extras of a claim: an id of more than one line. */
  readonly id?: string;
  readonly f?: number;
  readonly n?: number;
  readonly l?: number;
  readonly st?: number;
  readonly d?: number;
  readonly e?: string;
  readonly w?: string;
  readonly j?: number;
  readonly o?: number;
  readonly s?: "b" | "p";
}

/**
 * A loan in the memory of this process, for settling it the plain way.
 * Only a cache; the script checks.
 */
export class Loan implements Lease {
  readonly jobId: string;
  /** New at every claim and above all earlier ones of the shard, so it identifies the loans of an id. */
  readonly fence: number;
  readonly job = 0;
  readonly #row: Row;
  readonly #plain: boolean;

  constructor(jobId: string, fence: number, row: Row, plain: boolean) {
    this.jobId = jobId;
    this.fence = fence;
    this.#row = row;
    this.#plain = plain;
  }

  /**
   * The row of a lease that is settled the plain way if nothing has come up.
   * Undefined if another process lent it, or if it is not plain.
   */
  static rowOf(lease: Lease): Row | undefined {
    return #row in lease && lease.#plain ? lease.#row : undefined;
  }

  /** The queue of a lease this process was given. */
  static queueOf(lease: Lease): string | undefined {
    return #row in lease ? lease.#row.meta.q : undefined;
  }
}

const FINAL: Readonly<Record<string, FinalState>> = { s: "succeeded", f: "failed", c: "cancelled", e: "expired" };
const CAUSES: Readonly<Record<string, DeathCause>> = { e: "error", r: "rejected", l: "lapsed", i: "input" };

/** A state by its letter in `ended`. */
export function stateOf(code: string): FinalState {
  return FINAL[code]!;
}

/** The cause of an end without success, from its record. */
export function causeOf(tail: string): DeathCause | undefined {
  return CAUSES[tail[0]!];
}

/** How a job ended. */
export interface End {
  readonly state: FinalState;
  readonly at: number;
  readonly lapses: number;
  readonly attempts: number;
  readonly startedAt?: number;
  readonly result?: string;
  readonly error?: Failure;
  readonly cause?: DeathCause;
}

/** Reads a record of `ended`. */
export function endOf(text: string): End {
  const fields: string[] = [];
  let from = 1;
  for (let field = 0; field < 7; field++) {
    const to = text.indexOf("|", from);
    fields.push(text.slice(from, to));
    from = to + 1;
  }
  const [at, lapses, , attempts, startedAt] = fields;
  const state = FINAL[text[0]!]!;
  const tail = text.slice(from);
  const base = {
    state,
    at: Number(at),
    lapses: Number(lapses),
    attempts: Number(attempts),
    // 0: a process of before 0.2 took it back from one that kept it so (`LOAN` of the scripts).
    ...(startedAt !== "" && startedAt !== "0" && { startedAt: Number(startedAt) }),
  };
  if (state === "succeeded") return { ...base, ...(tail !== "" && { result: tail.slice(1) }) };
  const cause = CAUSES[tail[0]!];
  return { ...base, error: JSON.parse(tail.slice(1)) as Failure, ...(cause !== undefined && { cause }) };
}

/** Whether an ended job is past its retention, unless it is still needed as an input. */
export function hasPassed({ meta }: Row, { state, at }: End, now: number): boolean {
  return at + (state === "succeeded" ? (meta.kr ?? JOB_DEFAULTS.keepResultMs) : (meta.kf ?? JOB_DEFAULTS.keepFailedMs)) <= now;
}

/** The record of a job from all that its shard has of it. */
export function recordOf(
  id: string,
  row: Row,
  loan: string | null,
  ended: string | null,
  factsText: string | null,
  worker: string,
  now: number,
): JobRecord {
  const facts: Facts = factsText === null ? {} : (JSON.parse(factsText) as Facts);
  const stored = storedOf(id, row, facts.d);
  if (ended !== null) {
    const { state, at, lapses, attempts, startedAt, result, error, cause } = endOf(ended);
    return {
      ...stored,
      state,
      attempts,
      lapses,
      ...(startedAt !== undefined && { startedAt }),
      endedAt: at,
      ...(result !== undefined && { result }),
      ...(error !== undefined && { error }),
      ...(cause !== undefined && { cause }),
    };
  }
  const [fence, attempt, kept] = loan === null ? [] : loan.split("|");
  // See `LOAN` of the scripts.
  const startedAt = kept === "0" ? Math.floor(Number(fence) / 10) : kept;
  const state: JobState = loan !== null ? "active" : facts.s === "b" ? "blocked" : facts.s === "p" ? "parked" : "ready";
  const started = startedAt === undefined ? facts.st : Number(startedAt);
  return {
    ...stored,
    state,
    ...delayedOf(state, stored.dueAt, now),
    attempts: attempt === undefined ? (facts.n ?? 0) : Number(attempt),
    lapses: facts.l ?? 0,
    ...(started !== undefined && started !== 0 && { startedAt: started }),
    ...(facts.e !== undefined && { error: JSON.parse(facts.e) as Failure }),
    ...(loan !== null && { worker }),
  };
}

/** The inputs of a job that waited for none. */
export const NO_INPUTS: readonly Input[] = Object.freeze([]);
