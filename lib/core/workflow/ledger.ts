import type { Lease } from "../../contract/job.js";
import type { NewEntry } from "../../contract/journal.js";
import type { Draft } from "./entries.js";
import type { JournalWriter } from "./journal-writer.js";

interface Line {
  readonly draft: Draft;
  /** Called once when the entry is in the store, or travels with the pass's ending. */
  readonly written: (() => void) | undefined;
}

/** The result of a flush. */
export type Flushed = "kept" | "lost" | "unsure";

/**
 * The entries one pass adds to its run's journal.
 * They gather here and are written together when something depends on them: before the work of a step begins,
 * and when the body is busy elsewhere. The rest travels with the pass's ending, so that a pass with one step
 * costs one write.
 *
 * Nothing depends on an entry that is still here: if it were lost in a crash, the next pass would make it in
 * the same way.
 */
export class Ledger {
  /** Keys of steps whose failure was given to the store in this pass. */
  readonly failures = new Set<string>();
  readonly #writer: JournalWriter;
  readonly #lease: Lease;
  #lines: Line[] = [];
  /** Given to the store, not confirmed. */
  #sent: NewEntry[] = [];
  #seq: number;
  #last: Promise<Flushed> = KEPT;
  #flushing = 0;
  #how: Flushed = "kept";

  constructor(writer: JournalWriter, lease: Lease, lastSeq: number) {
    this.#writer = writer;
    this.#lease = lease;
    this.#seq = lastSeq;
  }

  /** Number of the last entry so far. */
  get seq(): number {
    return this.#seq + this.#lines.length;
  }

  /** All that was added is in the store. */
  get clean(): boolean {
    return this.#lines.length === 0 && this.#flushing === 0 && this.#how === "kept";
  }

  add(draft: Draft, written?: () => void): void {
    this.#lines.push({ draft, written });
  }

  /**
   * Writes the entries added so far.
   * `lost`: the lease has gone. `unsure`: the store failed; the entries are kept for the ending, under the
   * same numbers, so that writing them twice is harmless. After either, nothing more is sent.
   */
  flush(): Promise<Flushed> {
    if (this.#how !== "kept") return Promise.resolve(this.#how);
    if (this.#lines.length === 0) return this.#last;
    const { entries, told } = this.#take();
    this.#sent.push(...entries);
    for (const { state, key } of entries) if (state === "failed") this.failures.add(key);
    this.#flushing++;
    return (this.#last = this.#send(entries, told));
  }

  /**
   * The entries that travel with the ending. Waits for writes under way.
   *
   * @param failures false leaves out failures of steps that are still here: the run failed, and its next
   * attempt tries them again
   */
  async rest(failures: boolean): Promise<readonly NewEntry[]> {
    await this.#last;
    if (!failures) this.#lines = this.#lines.filter(({ draft }) => draft.state !== "failed");
    const { entries, told } = this.#take();
    for (const tell of told) tell();
    return [...this.#sent, ...entries];
  }

  async #send(entries: readonly NewEntry[], told: readonly (() => void)[]): Promise<Flushed> {
    try {
      if (!(await this.#writer.append(this.#lease, entries))) this.#how = "lost";
      // Entries sent before it have been answered by now: the writer keeps the order.
      else if (this.#how === "kept") this.#sent = this.#sent.filter(({ seq }) => seq > entries.at(-1)!.seq);
    } catch {
      this.#how = "unsure";
    }
    this.#flushing--;
    if (this.#how === "kept") for (const tell of told) tell();
    return this.#how;
  }

  #take(): { readonly entries: readonly NewEntry[]; readonly told: readonly (() => void)[] } {
    const lines = this.#lines;
    this.#lines = [];
    const first = this.#seq + 1;
    this.#seq += lines.length;
    return {
      entries: lines.map(({ draft }, i) => ({ ...draft, seq: first + i })),
      told: lines.flatMap(({ written }) => written ?? []),
    };
  }
}

const KEPT: Promise<Flushed> = Promise.resolve("kept");
