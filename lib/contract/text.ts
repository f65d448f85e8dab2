import { OptionError } from "./errors.js";

/**
 * The most characters (UTF-16 units) of texts that stores keep as keys, by what they name.
 * An index of Postgres takes some 2,700 bytes, and a unit becomes three at most.
 */
export const LONGEST = {
  /** An id of a job, a canvas, a schedule or a lock; a name of a task, a queue or an event; a group. */
  id: 200,
  /** The key of an event. It is in no index alone. */
  eventKey: 1_000,
  /** The id of an event: that of a signal also holds the ids of its run and of its kind. */
  eventId: 600,
  /** The id of a worker, and so the owner of a lock. */
  worker: 600,
  /** The name of a step, a sleep or a wait, and how often it was used. */
  entry: 240,
  /** What a worker is ordered to do. */
  order: 10_000,
  /** What a job notes as its state, and a line of its log. */
  state: 65_536,
  line: 4_000,
  /** Why something was cancelled: as long as the message of an error. */
  reason: 4_000,
} as const;

/**
 * Why a text cannot be a key in every store, in words that follow its name (`"holds …"`).
 * Undefined: it can. Stores that keep texts as UTF-8 put another character in the place of half a surrogate
 * pair, so that two keys would become one; Postgres has no U+0000.
 *
 * @param least the fewest characters it may have
 */
export function flawOfText(text: unknown, most: number = LONGEST.id, least = 1): string | undefined {
  if (typeof text !== "string") return `is ${kindOf(text)}, not a string`;
  if (text.length < least) return "is empty";
  if (text.length > most) return `is ${text.length.toLocaleString("en")} characters long; ${most.toLocaleString("en")} are allowed`;
  return flawOfCharacters(text);
}

/** Why a text of any length would not come back unchanged from every store, worded as in `flawOfText`. */
export function flawOfCharacters(text: string): string | undefined {
  if (text.includes("\0")) return "holds the character U+0000";
  if (!text.isWellFormed()) return "holds half of a character (a lone surrogate, as cutting a text in the middle of an emoji leaves)";
  return undefined;
}

/** The remedy for a flaw of a text. */
export const TEXT_REMEDY = 'Give a string of whole characters, without U+0000: cut texts by characters, [...text].slice(0, 20).join("").';

/**
 * Refuses a text that cannot be a key in every store.
 *
 * @param what names it and its place, as a subject: `"The key of event \"order.paid\""`
 * @throws {OptionError} `STEM_OPTION_INVALID`
 */
export function checkText(text: unknown, what: string, most?: number, least?: number): asserts text is string {
  const flaw = flawOfText(text, most, least);
  if (flaw !== undefined) throw new OptionError("STEM_OPTION_INVALID", `${what} ${flaw}.`, TEXT_REMEDY);
}

/** A value in few words: `null`, `the number 5`, `an object`. Never throws. */
function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (typeof value === "number" || typeof value === "boolean") return `the ${typeof value} ${value}`;
  if (typeof value === "bigint") return `the bigint ${value}n`;
  return Array.isArray(value) ? "a list" : typeof value === "object" ? "an object" : `a ${typeof value}`;
}
