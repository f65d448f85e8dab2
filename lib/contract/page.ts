import type { JobRecord } from "./results.js";
import { CALL_BYTES } from "./size.js";

/** One page of a list. */
export interface Page<T> {
  readonly items: readonly T[];
  /**
   * Give it as `cursor`, and the list goes on behind this page, also where what it ended at has been
   * forgotten meanwhile. Absent: this is the end. A page may be short, or empty, and yet have one.
   */
  readonly next?: string;
}

/** What a record weighs in a list. */
export function bytesOfRecord({ payload, result }: Pick<JobRecord, "payload" | "result">): number {
  return Buffer.byteLength(payload) + (result === undefined ? 0 : Buffer.byteLength(result));
}

/** Gathers a page of records: up to `limit` of them, and about `CALL_BYTES`, but one at least. */
export class PageOfRecords {
  readonly records: JobRecord[] = [];
  readonly #limit: number;
  #bytes = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** @returns false: it is full. The record may not have found place any more */
  add(record: JobRecord): boolean {
    this.#bytes += bytesOfRecord(record);
    if (this.#bytes > CALL_BYTES && this.records.length > 0) return false;
    return this.records.push(record) < this.#limit;
  }
}
