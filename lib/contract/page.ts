import { OptionError } from "./errors.js";
import { shown } from "./options.js";

/** One page of a list. */
export interface Page<T> {
  readonly items: readonly T[];
  /**
   * Where the next page goes on: a text that only the adapter reads; absent: this is the end.
   * The list goes on behind this page, also if its last item has been forgotten meanwhile. A page may be
   * short, or empty, and yet have one.
   */
  readonly next?: string;
}

/** Which page of a list. */
export interface PageFilter {
  /** Most items of the page. Default 100, at most 1,000. */
  readonly limit?: number;
  /** `next` of the page before. */
  readonly from?: string;
}

/** How many items a page has at most. */
export function limitOf({ limit = 100 }: PageFilter = {}): number {
  return Math.min(limit, PAGE);
}

/**
 * A page of the items found.
 * To know whether it is the last page, look for one item more than its limit.
 */
export function pageOf<T>(found: readonly T[], limit: number, markOf: (last: T) => string): Page<T> {
  if (found.length <= limit) return { items: found };
  const items = found.slice(0, limit);
  return { items, next: markOf(items.at(-1)!) };
}

/**
 * Where a list whose items are numbered goes on, as a number; 0: from the beginning.
 *
 * @throws {OptionError} `STEM_OPTION_INVALID`
 */
export function numberFrom({ from = "0" }: PageFilter = {}): number {
  if (/^\d{1,15}$/.test(from)) return Number(from);
  throw new OptionError(
    "STEM_OPTION_INVALID",
    `A list is to go on from ${shown(from)}, which no page of it has given.`,
    "Give the `next` of the page before, as it came.",
  );
}

/** Most items of a page, and most jobs that one step changes. */
export const PAGE = 1_000;

/** Most records that one call of `jobs.list` or `jobs.change` looks at. */
export const LOOKED = 10_000;

/** The orders that jobs are listed in: newest first, and latest death first. */
export type ListOrder = "stored" | "died";

/**
 * The text that a page leaves for the next: the order, and the place in it by what never changes of a job,
 * so that it is good when that job has gone.
 */
export function markOf(order: ListOrder, ...place: readonly (number | string)[]): string {
  return JSON.stringify([order, ...place]);
}

/**
 * The place that a mark tells of.
 *
 * @throws {OptionError} `STEM_OPTION_INVALID`: it is not what this adapter gave for this order
 */
export function placeOf(mark: string, order: ListOrder, kinds: readonly ("number" | "string")[]): readonly (number | string)[] {
  let given: unknown;
  try {
    given = JSON.parse(mark);
  } catch {
    given = undefined;
  }
  if (Array.isArray(given) && given[0] === order && given.length === kinds.length + 1)
    if (kinds.every((kind, i) => typeof given[i + 1] === kind)) return given.slice(1) as (number | string)[];
  throw new OptionError(
    "STEM_OPTION_INVALID",
    `A list is to go on from ${shown(mark)}, which no page of it has given.`,
    "Give the `next` of the page before with the same filter; an id goes into `cursor`.",
  );
}
