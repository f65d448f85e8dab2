import { OptionError } from "./errors.js";
import type { JobRecord } from "./results.js";
import { CALL_BYTES } from "./size.js";

/** One page of a list. */
export interface Page<T> {
  readonly items: readonly T[];
  /**
   * The cursor of the next page; absent: this is the end.
   * The list goes on behind this page, also if its last record has been forgotten meanwhile. A page may be
   * short, or empty, and yet have one.
   */
  readonly next?: string;
}

/** Which page of a list. */
export interface PageFilter {
  /** Most items of the page. Default 100, at most 1,000. */
  readonly limit?: number;
  /** `next` of the page before. */
  readonly cursor?: string;
}

/** How many items a page has at most. */
export function limitOf({ limit = 100 }: PageFilter = {}): number {
  return Math.min(limit, 1_000);
}

/**
 * A page of the items found.
 * To know whether it is the last page, look for one item more than its limit.
 */
export function pageOf<T>(found: readonly T[], limit: number, cursorOf: (last: T) => string): Page<T> {
  if (found.length <= limit) return { items: found };
  const items = found.slice(0, limit);
  return { items, next: cursorOf(items.at(-1)!) };
}

/**
 * The cursor of a list whose items are numbered, as a number; 0: from the beginning.
 *
 * @throws {OptionError} `STEM_OPTION_INVALID`
 */
export function numberOfCursor({ cursor = "0" }: PageFilter = {}): number {
  if (/^\d{1,15}$/.test(cursor)) return Number(cursor);
  throw new OptionError(
    "STEM_OPTION_INVALID",
    `The cursor ${JSON.stringify(cursor.slice(0, 60))} is not one of this list.`,
    "Give `next` of the page before, as it came.",
  );
}

/** The size of a record in a list. */
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

  /** @returns false: it is full. The record may have been left out */
  add(record: JobRecord): boolean {
    this.#bytes += bytesOfRecord(record);
    if (this.#bytes > CALL_BYTES && this.records.length > 0) return false;
    return this.records.push(record) < this.#limit;
  }
}
