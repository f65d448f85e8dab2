import type { Wake } from "../../contract/job.js";
import type { Entry } from "../../contract/journal.js";
import { type Draft, type EntryKind, type Failed, topicOf, type Waited, type Waiting } from "./entries.js";

/** The content of the journal under one key. */
export interface Fact {
  readonly key: string;
  readonly kind: EntryKind;
  /** The entry that counts: the last one of this key. */
  readonly last: Entry;
}

/** An outcome to be given to the body, in its order. */
export interface KnownOutcome {
  readonly key: string;
  /** From the journal, or to be added to it when the body gets it. */
  readonly entry: Draft;
  /** The journal has it; or the event that woke the run is it; or its time has come. */
  readonly from: "journal" | "event" | "time";
}

/**
 * A run as it stands when a pass begins: its journal, and what has happened since.
 * `told` lists every known outcome in the order in which the body gets them, which is the order of the first
 * time. New ones come last: the event that woke the run, then what has run out, by time.
 */
export class Past {
  /** In the order the body first asked. */
  readonly facts: ReadonlyMap<string, Fact>;
  readonly told: readonly KnownOutcome[];
  /** Number of the last entry; 0 for none. */
  readonly lastSeq: number;
  /** Highest event number this run has had, per topic. */
  readonly cursors = new Map<string, number>();
  /** The places in the journal at which the body got something. */
  readonly #learnt: readonly number[];

  constructor(entries: readonly Entry[], wake: Wake | undefined, now: number) {
    const facts = new Map<string, Fact>();
    let mark: number | undefined;
    for (const entry of entries) {
      if (entry.kind === "park") mark = Number(entry.value);
      else facts.set(entry.key, { key: entry.key, kind: entry.kind as EntryKind, last: entry });
    }
    this.facts = facts;
    this.lastSeq = entries.at(-1)?.seq ?? 0;
    const journaled: { readonly told: KnownOutcome; readonly order: number }[] = [];
    const open: Fact[] = [];
    for (const fact of facts.values()) {
      const { last } = fact;
      if (last.state === "open") {
        open.push(fact);
        continue;
      }
      if (fact.kind === "wait") this.#heard(JSON.parse(last.value!) as Waited);
      const order = last.state === "failed" ? (JSON.parse(last.value!) as Failed).after + 0.5 : last.seq;
      journaled.push({ told: { key: fact.key, entry: last as Draft, from: "journal" }, order });
    }
    journaled.sort((a, b) => a.order - b.order);
    this.#learnt = journaled.map(({ order }) => order);
    this.told = [...journaled.map(({ told }) => told), ...this.#fresh(open, wake, mark, now)];
  }

  #heard(waited: Waited): void {
    if ("late" in waited) return;
    const topic = topicOf(waited);
    this.cursors.set(topic, Math.max(this.cursors.get(topic) ?? 0, waited.seq));
  }

  #fresh(open: readonly Fact[], wake: Wake | undefined, mark: number | undefined, now: number): readonly KnownOutcome[] {
    const fresh: KnownOutcome[] = [];
    const waits = open.filter(({ kind }) => kind === "wait").map((fact) => ({ fact, waiting: JSON.parse(fact.last.value!) as Waiting }));
    // A wake stays with the job until its next settlement, so that after a crash it may be one that was
    // journaled before: then its number is not above the cursor.
    const waker =
      wake?.by === "event" && wake.seq > (this.cursors.get(topicOf(wake)) ?? 0)
        ? latest(
            waits.filter(({ waiting }) => waiting.name === wake.name && waiting.key === wake.key),
            (a, b) => this.#learnt.some((at) => at > askedAt(a) && at < askedAt(b)),
          )
        : undefined;
    if (waker !== undefined && wake?.by === "event") {
      const { name, key, seq, payload } = wake;
      const waited: Waited = { name, key, seq, ...(payload !== undefined && { payload }) };
      this.#heard(waited);
      fresh.push(over(waker.fact, "event", waited));
    }
    const out: { readonly at: number; readonly told: KnownOutcome }[] = [];
    for (const fact of open) {
      if (fact.kind === "sleep" && Number(fact.last.value) <= now) out.push({ at: Number(fact.last.value), told: over(fact, "time") });
    }
    // A wait is late only if the store said so when it woke the run, since its event may have come in time
    // while the run was busy with something else. The mark has that moment, also for a pass that comes after
    // a crash and finds waits that did not exist yet.
    const upTo = wake?.by === "deadline" && mark !== undefined ? mark : Number.NEGATIVE_INFINITY;
    for (const { fact, waiting } of waits) {
      const { deadline } = waiting;
      if (deadline !== undefined && deadline <= upTo) out.push({ at: deadline, told: over(fact, "time", { late: true }) });
    }
    return [...fresh, ...out.sort((a, b) => a.at - b.at).map(({ told }) => told)];
  }
}

function over({ key, kind }: Fact, from: "event" | "time", waited?: Waited): KnownOutcome {
  return { key, from, entry: { key, kind, state: "done", ...(waited !== undefined && { value: JSON.stringify(waited) }) } };
}

/**
 * Of several open waits for the same, in the order asked, the one that gets the event.
 * A wait from before the body last got something may have been given up since (it lost a race), so it comes
 * last; of those asked for side by side the first gets it.
 *
 * @param parted whether the body has got something between the two
 */
export function latest<W>(waits: readonly W[], parted: (earlier: W, later: W) => boolean): W | undefined {
  let found: W | undefined;
  for (const wait of waits) if (found === undefined || parted(found, wait)) found = wait;
  return found;
}

function askedAt({ fact }: { readonly fact: Fact }): number {
  return fact.last.seq;
}
