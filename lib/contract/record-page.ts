import type { JobRecord } from "./jobs.js";
import { CALL_BYTES } from "./size.js";

/** The size of a record in a list. */
export function bytesOfRecord({ payload, result }: Pick<JobRecord, "payload" | "result">): number {
  return Buffer.byteLength(payload) + (result === undefined ? 0 : Buffer.byteLength(result));
}

/** Gathers the records of a page: up to `limit` of them, and about `CALL_BYTES`, but one at least. */
export class RecordPage {
  readonly records: JobRecord[] = [];
  readonly #limit: number;
  #bytes = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** @returns whether it found place */
  add(record: JobRecord): boolean {
    if (this.isFull) return false;
    const bytes = bytesOfRecord(record);
    if (this.#bytes + bytes > CALL_BYTES && this.records.length > 0) return false;
    this.#bytes += bytes;
    this.records.push(record);
    return true;
  }

  get isFull(): boolean {
    return this.records.length >= this.#limit;
  }
}
