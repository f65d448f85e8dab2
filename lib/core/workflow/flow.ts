import type { EventWait } from "../../contract/job.js";
import type { Clock } from "../clock.js";
import { type Draft, type EntryKind, keyOf, topicOf, type Waited, WITHDRAWN } from "./entries.js";
import type { Asked, Failing, FlowParts, FreshOutcome, Pending, Verdict } from "./asked.js";
import type { Inbox } from "./inbox.js";
import type { Ledger } from "./ledger.js";
import { latest, type Past, type KnownOutcome } from "./past.js";
import { Stillness } from "./stillness.js";
import { drained, later, sliced } from "./turns.js";

interface Turn {
  readonly key: string;
  readonly from: KnownOutcome["from"] | "here";
  readonly entry: Draft | Failing;
  readonly written: (() => void) | undefined;
  /** Undefined until the body has asked. */
  tell: (() => void) | undefined;
}

const TICK_MS = 25;

/**
 * The course of one pass.
 * It gives outcomes to the body one at a time in their order, starts new work when that is safe, notices when
 * the body can go no further, and ends the pass exactly once, never while steps run.
 *
 * **New work** waits until the body has asked for everything the journal holds: code that no longer asks for
 * something must not do more before that is found out.
 *
 * **Suspended** is a body that has not ended while no step runs, every known outcome was given to it,
 * something durable is awaited, and nothing moved for two turns of the event loop. Other things that the body
 * awaits (its own I/O) are not seen, and done again by the next pass: I/O belongs in steps.
 */
export class Flow {
  readonly past: Past;
  readonly ledger: Ledger;
  readonly verdict: Promise<Verdict>;
  readonly asked: string[] = [];
  readonly pending = new Map<string, Pending>();
  readonly storeNow: () => number;
  readonly #clock: Clock;
  readonly #replayed: () => void;
  readonly #stopped: (verdict: Verdict) => void;
  readonly #occurrences = new Map<string, number>();
  readonly #unmet: Set<string>;
  readonly #turns: Turn[];
  readonly #known = new Map<string, Turn>();
  readonly #held: (() => void)[] = [];
  readonly #end: (verdict: Verdict) => void;
  /** In ticks. */
  readonly #patience: number;
  /** Keys without an outcome so far, and how many outcomes the body had got when it asked. */
  readonly #open = new Map<string, number>();
  readonly #inbox: Inbox;
  #told = 0;
  #undecided: { readonly draft: Draft; readonly anew: Draft | undefined; readonly once: boolean }[] = [];
  #unheard: number;
  #over: Verdict | undefined;
  #running = 0;
  #pumping = false;
  readonly #stillness = new Stillness({ busy: () => this.#pumping, over: () => this.over, quiet: () => this.#quiet() });
  #looking = false;
  #disarm: (() => void) | undefined;

  constructor({ past, ledger, inbox, clock, storeNow, patienceMs, replayed, stopped }: FlowParts) {
    this.#patience = Math.ceil(patienceMs / TICK_MS);
    this.past = past;
    this.ledger = ledger;
    this.#inbox = inbox;
    this.#clock = clock;
    this.storeNow = storeNow;
    this.#replayed = replayed;
    this.#stopped = stopped;
    this.#unmet = new Set(past.facts.keys());
    this.#turns = past.told.map((told) => ({ ...told, written: undefined, tell: undefined }));
    for (const turn of this.#turns) this.#known.set(turn.key, turn);
    this.#unheard = this.#turns.filter(({ from }) => from === "journal").length;
    let end!: (verdict: Verdict) => void;
    this.verdict = new Promise((resolve) => (end = resolve));
    this.#end = end;
    this.#stillness.moved();
  }

  get over(): boolean {
    return this.#over !== undefined;
  }

  /** The body has not asked for everything the journal holds. */
  get behind(): boolean {
    return this.#unmet.size > 0;
  }

  /** Outcomes from earlier passes are still to be given to the body. */
  get replaying(): boolean {
    return this.#unheard > 0;
  }

  /** Handles an ask of the body for something durable. After the end no ask is answered any more. */
  ask(name: string, kind: EntryKind, answer: (key: string) => Asked): void {
    if (this.over) return;
    this.#stillness.moved();
    this.#decide();
    const occurrence = (this.#occurrences.get(name) ?? 0) + 1;
    this.#occurrences.set(name, occurrence);
    const key = keyOf(name, occurrence);
    this.asked.push(`${kind} ${key}`);
    const fact = this.past.facts.get(key);
    if (fact !== undefined && fact.kind !== kind) {
      return this.stop({ kind: "changed", why: `"${key}" was a ${fact.kind} and is now a ${kind}` });
    }
    const asked = answer(key);
    this.#unmet.delete(key);
    this.#open.set(key, this.#told);
    const turn = this.#known.get(key);
    if (turn !== undefined) turn.tell = () => asked.told(turn.entry as Draft);
    else
      this.#held.push(() => {
        if (!this.#open.has(key)) return;
        if (fact === undefined || asked.again === undefined) asked.begin();
        else asked.again(fact);
      });
    if (this.#unmet.size === 0) this.#release();
    this.#pump();
  }

  /**
   * Runs a step's work. Entries added to the ledger before are in the store when it begins. Must not throw.
   */
  run(work: () => Promise<void>): void {
    this.#running++;
    void this.#run(work);
  }

  /** Makes the ledger durable; false when the pass is over or that ended it. */
  async flush(): Promise<boolean> {
    const how = await this.ledger.flush();
    if (how === "lost") this.stop({ kind: "aborted", reason: "lost" });
    else if (how === "unsure") this.stop({ kind: "unsure" });
    return !this.over;
  }

  /** Notes a new outcome; the body gets it in its turn. */
  news({ key, entry, tell, written }: FreshOutcome): void {
    this.pending.delete(key);
    this.#turns.push({ key, from: "here", entry, tell, written });
    this.#pump();
  }

  /** The body waits for something durable. */
  wait(key: string, pending: Pending): void {
    this.pending.set(key, pending);
    this.#stillness.moved();
  }

  /**
   * Withdraws a wait or sleep that has lost a race: it is over, and the body gets nothing.
   * In a replay the journal says so itself.
   */
  withdraw(key: string, kind: "wait" | "sleep"): void {
    if (this.over || !this.#open.has(key)) return;
    const at = this.#turns.findIndex((turn) => turn.key === key);
    if (this.#turns[at]?.from === "journal") return;
    if (at >= 0) {
      const [turn] = this.#turns.splice(at, 1);
      // An event that has come for it is left for the next wait for the same.
      const waited = kind === "wait" ? (JSON.parse((turn!.entry as Draft).value!) as Waited) : undefined;
      if (waited !== undefined && !("late" in waited)) this.#inbox.putBack(waited);
    }
    this.#open.delete(key);
    this.pending.delete(key);
    const value = kind === "wait" ? JSON.stringify({ late: true, withdrawn: true } satisfies Waited) : WITHDRAWN;
    this.ledger.add({ key, kind, state: "done", value });
    this.#stillness.moved();
  }

  /** Ends the pass once no step runs. The first verdict counts. */
  stop(verdict: Verdict): void {
    if (this.#over !== undefined) return;
    this.#over =
      verdict.kind === "returned" && this.#unmet.size > 0
        ? { kind: "changed", why: `it returned without asking for ${this.#silentAbout()}` }
        : verdict;
    this.#disarm?.();
    this.#replayed();
    this.#stopped(this.#over);
    this.#finish();
  }

  /** Brings the ledger to the state that travels with the ending. */
  close({ kind }: Verdict): void {
    // A body that waits for something else has gone on, too.
    if (kind === "suspended") this.#decide();
    // A time that has passed will have passed for the next pass too; only this delivery has the event that
    // woke the run.
    for (const { from, entry, written } of this.#turns)
      if ((from === "here" || from === "event") && !("failed" in entry)) this.ledger.add(entry, written);
    if (kind !== "threw") this.#keepOnce();
    if (kind === "threw") for (const { anew } of this.#undecided) if (anew !== undefined) this.ledger.add(anew);
  }

  /** Journals steps whose work was done, so that no later pass does them again. */
  #keepOnce(): void {
    for (const { draft, once } of this.#undecided) if (once) this.ledger.add(draft);
    for (const { entry } of this.#turns) if ("failed" in entry && entry.once) this.ledger.add(entry.failed(this.ledger.seq));
  }

  async #run(work: () => Promise<void>): Promise<void> {
    if (!this.ledger.clean) await this.flush();
    if (!this.over) await work();
    this.#running--;
    this.#stillness.moved();
    this.#finish();
  }

  #finish(): void {
    if (this.#over !== undefined && this.#running === 0) this.#end(this.#over);
  }

  #release(): void {
    for (const begin of this.#held.splice(0)) begin();
  }

  /** The body has gone on after it got failures: it has handled them, and will have to on every replay. */
  #decide(): void {
    if (this.#undecided.length === 0) return;
    for (const { draft } of this.#undecided) this.ledger.add(draft);
    this.#undecided = [];
  }

  /**
   * Gives one outcome at a time, and the next when the body has reacted to it.
   * A race must end the same way each time.
   */
  #pump(): void {
    if (this.#pumping || this.over || this.#turns[0]?.tell === undefined) return;
    this.#pumping = true;
    const soon = this.#turns[0].from === "journal" ? sliced : drained;
    soon(() => {
      this.#pumping = false;
      // The next may have been withdrawn meanwhile.
      if (this.over || this.#turns[0]?.tell === undefined) return;
      this.#tell(this.#turns.shift()!);
      this.#pump();
    });
  }

  #tell({ key, from, entry, written, tell }: Turn): void {
    this.#stillness.moved();
    this.#open.delete(key);
    this.#told++;
    if (from === "journal") {
      if (--this.#unheard === 0) this.#replayed();
    } else if ("failed" in entry) this.#undecided.push({ draft: entry.failed(this.ledger.seq), anew: entry.anew, once: entry.once });
    else this.ledger.add(entry, written);
    tell!();
  }

  /** Nothing moved for two turns. */
  #quiet(): void {
    this.#disarm?.();
    this.#replayed();
    if (this.#running > 0) {
      void this.flush();
      if (!this.#elapse() && !this.#hear()) this.#arm();
      return;
    }
    // Given out of turn: the body does not ask any more, or not yet, for what came before it.
    const ahead = this.#turns.findIndex(({ tell }) => tell !== undefined);
    if (ahead >= 0) return this.#tell(this.#turns.splice(ahead, 1)[0]!);
    if (this.#elapse()) return;
    if (this.#unmet.size > 0 && (this.#held.length > 0 || this.pending.size > 0)) {
      return this.#wait(this.#stillness.moves, this.#patience);
    }
    if (this.#hear() || this.#looking) return;
    const waits = this.#waits().map(([, { event }]) => event);
    if (this.#inbox.mayHaveMore(waits)) void this.#look(waits);
    else if (this.pending.size > 0) this.stop({ kind: "suspended" });
    else void this.flush();
  }

  /** Whether the earliest event that has come is for one of the waits, which then gets it. */
  #hear(): boolean {
    const waits = this.#waits();
    const heard = this.#inbox.take(waits.map(([, { event }]) => event));
    if (heard === undefined) return false;
    const [, { heard: tell }] = latest(
      waits.filter(([, { event }]) => topicOf(event) === topicOf(heard)),
      ([a], [b]) => this.#open.get(a)! < this.#open.get(b)!,
    )!;
    tell(heard);
    return true;
  }

  async #look(waits: readonly Omit<EventWait, "after">[]): Promise<void> {
    this.#looking = true;
    await this.#inbox.look(waits);
    this.#looking = false;
    this.#stillness.moved();
  }

  #waits(): [string, Required<Pick<Pending, "event" | "heard">>][] {
    return [...this.pending].flatMap(([key, { event, heard }]) =>
      event === undefined || heard === undefined ? [] : [[key, { event, heard }]],
    );
  }

  /** Counts in ticks, so that a blocked event loop takes one of them from the body and not all. */
  #wait(moves: number, ticks: number): void {
    this.#disarm = later(TICK_MS, () => {
      // Each move starts the watch again.
      if (this.over || this.#stillness.moves !== moves) return;
      if (ticks > 1) return this.#wait(moves, ticks - 1);
      const wish = this.#held.length > 0 ? `it asked for ${this.asked.at(-1)}` : "it waits";
      this.stop({ kind: "changed", why: `${wish} without asking for ${this.#silentAbout()}`, silent: true });
    });
  }

  /** Notices sleeps and tries that fall due while steps run. */
  #arm(): void {
    const next = Math.min(...[...this.pending.values()].flatMap(({ until }) => until ?? []));
    if (next === Number.POSITIVE_INFINITY) return;
    this.#disarm = this.#clock.after(Math.max(0, next - this.storeNow()), () => {
      if (!this.over && !this.#elapse()) this.#arm();
    });
  }

  #elapse(): boolean {
    const now = this.storeNow();
    const due = [...this.pending]
      .filter(([, { until }]) => until !== undefined && until <= now)
      .sort(([, a], [, b]) => a.until! - b.until!);
    for (const [key, { elapsed }] of due) {
      this.pending.delete(key);
      elapsed!();
    }
    if (due.length > 0) this.#stillness.moved();
    return due.length > 0;
  }

  #silentAbout(): string {
    return [...this.#unmet].map((key) => `${this.past.facts.get(key)!.kind} "${key}"`).join(", ");
  }
}
