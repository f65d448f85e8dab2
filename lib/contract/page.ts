import type { JobRecord } from "./results.js";
import { CALL_BYTES } from "./size.js";

/** What a record weighs in a list. */
export function bytesOfRecord({ payload, result }: Pick<JobRecord, "payload" | "result">): number {
  return Buffer.byteLength(payload) + (result === undefined ? 0 : Buffer.byteLength(result));
}

/** Gathers a page of records: up to `limit` of them, and about `CALL_BYTES`, but one at least. */
export class Page {
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
