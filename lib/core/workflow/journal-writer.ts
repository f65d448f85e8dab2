import type { Lease } from "../../contract/job.js";
import { isSameLease } from "../../contract/lease.js";
import { bytesOf, CALL_BYTES } from "../../contract/size.js";
import { Portion } from "../../contract/portion.js";
import { queueMicrotask } from "../timers.js";
import type { Entry, Journal, NewEntry } from "../../contract/journal.js";

/** Runs in one store call. */
const BATCH = 1_000;

/** The entries that one run writes in the next call. */
interface Write {
  readonly lease: Lease;
  readonly entries: NewEntry[];
  readonly waiting: { readonly accept: (kept: boolean) => void; readonly refuse: (error: unknown) => void }[];
}

interface Read {
  readonly runId: string;
  readonly accept: (entries: readonly Entry[]) => void;
  readonly refuse: (error: unknown) => void;
}

/**
 * Group commit for the journals of all runs in this process.
 * Appends that come while one call is in flight go together in the next, and reads likewise. A lone call does
 * not wait. Memory is bounded by the runs: each awaits its own writes.
 */
export class JournalWriter {
  readonly #journal: Journal;
  readonly #writes: Write[] = [];
  readonly #reads: Read[] = [];
  readonly #portion = new Portion();
  #writing = false;
  #reading = false;

  constructor(journal: Journal) {
    this.#journal = journal;
  }

  /**
   * Adds entries to a run's journal. Calls for one run are carried out in the order made.
   *
   * @returns false: the lease had gone and nothing was written
   * @throws the store's error; the entries may or may not have been written, and may be sent again under the
   * same `seq`
   */
  append(lease: Lease, entries: readonly NewEntry[]): Promise<boolean> {
    return new Promise((accept, refuse) => {
      const last = this.#writes.findLast((write) => write.lease.jobId === lease.jobId);
      if (last !== undefined && isSameLease(last.lease, lease)) {
        last.entries.push(...entries);
        last.waiting.push({ accept, refuse });
      } else {
        this.#writes.push({ lease, entries: [...entries], waiting: [{ accept, refuse }] });
      }
      if (this.#writing) return;
      this.#writing = true;
      queueMicrotask(() => void this.#write());
    });
  }

  /** A run's journal in `seq` order. @throws the store's error */
  read(runId: string): Promise<readonly Entry[]> {
    return new Promise((accept, refuse) => {
      this.#reads.push({ runId, accept, refuse });
      if (this.#reading) return;
      this.#reading = true;
      queueMicrotask(() => void this.#read());
    });
  }

  async #write(): Promise<void> {
    while (this.#writes.length > 0) await this.#send(this.#nextBatch());
    this.#writing = false;
  }

  /**
   * Up to 1,000 runs and about 8 MiB, none twice.
   * The store names lost runs by id, which could not say which of two leases it means.
   */
  #nextBatch(): readonly Write[] {
    const ids = new Set<string>();
    let size = 0;
    let bytes = 0;
    for (; size < Math.min(BATCH, this.#writes.length); size++) {
      const { lease, entries } = this.#writes[size]!;
      if (ids.has(lease.jobId)) break;
      ids.add(lease.jobId);
      bytes += bytesOfEntries(entries);
      if (bytes > CALL_BYTES && size > 0) break;
    }
    return this.#writes.splice(0, size);
  }

  /** @returns whether the store took it */
  async #send(batch: readonly Write[]): Promise<boolean> {
    try {
      const { lost } = await this.#journal.append(batch.map(({ lease, entries }) => ({ lease, journal: entries })));
      const gone = new Set(lost);
      for (const { lease, waiting } of batch) for (const { accept } of waiting) accept(!gone.has(lease.jobId));
      return true;
    } catch (error) {
      if (batch.length > 1) await this.#sendOneByOne(batch);
      else for (const { refuse } of batch[0]!.waiting) refuse(error);
      return false;
    }
  }

  /**
   * Sends one by one, so that an entry which the store refuses fails its own run only.
   * But if two fail alone, one after the other, the store is away: the rest then fails at once instead of
   * being tried a thousand times. That is harmless, since those runs take their entries along when they are
   * put back.
   */
  async #sendOneByOne(batch: readonly Write[]): Promise<void> {
    let failures = 0;
    for (const write of batch) {
      if (failures === 2) for (const { refuse } of write.waiting) refuse(new Error("The journal could not be written."));
      else failures = (await this.#send([write])) ? 0 : failures + 1;
    }
  }

  async #read(): Promise<void> {
    while (this.#reads.length > 0) {
      const batch = this.#reads.splice(0, this.#portion.of(BATCH));
      try {
        const journals = await this.#journal.read(batch.map(({ runId: id }) => ({ id })));
        this.#portion.came(
          batch.length,
          journals.reduce((bytes, entries) => bytes + bytesOfEntries(entries), 0),
        );
        batch.forEach(({ accept }, i) => accept(journals[i] ?? []));
      } catch (error) {
        this.#portion.failed();
        for (const { refuse } of batch) refuse(error);
      }
    }
    this.#reading = false;
  }
}

function bytesOfEntries(entries: readonly NewEntry[]): number {
  let bytes = 0;
  for (const { value } of entries) if (value !== undefined) bytes += bytesOf(value);
  return bytes;
}
