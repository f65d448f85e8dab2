import { PayloadError } from "../../contract/errors.js";
import { kindOf } from "./kinds.js";
import { get, keyAt, step } from "./path.js";

/** How often a recursive type may lead into itself; as deep as the codec lets values nest. */
const DEEPEST = 500;

/**
 * The depth of the present value.
 * All work on values here is synchronous, so one counter is enough and costs next to nothing.
 */
let depth = 0;

/** Thrown if a value nests too deep, as one that contains itself always does. */
class TooDeep extends Error {}

/** Runs a function one level down. */
export function deeper<V, M, R>(run: (value: V, more: M) => R, value: V, more: M): R {
  if (++depth > DEEPEST) throw new TooDeep();
  const done = run(value, more);
  depth--;
  return done;
}

/**
 * Runs a function that goes down by `deeper`, and names the place if it goes too deep.
 * @throws {PayloadError} `STEM_PAYLOAD_UNSERIALISABLE`
 */
export function bounded<T>(value: unknown, root: string, run: (value: unknown) => T): T {
  depth = 0;
  try {
    return run(value);
  } catch (error) {
    if (error instanceof TooDeep) throw nestingError(value, root);
    throw error;
  }
}

function nestingError(value: unknown, root: string): PayloadError {
  const loop = typeof value === "object" && value !== null ? loopIn(value, root, []) : undefined;
  const what = loop === undefined ? `The ${root} is more than ${DEEPEST} levels deep` : `${loop} is an object that contains itself`;
  return new PayloadError("STEM_PAYLOAD_UNSERIALISABLE", `${what}, which JSON cannot carry.`, "Send ids instead of references.");
}

/** The path at which a value contains itself; undefined if it does not within the depth allowed. */
function loopIn(value: object, path: string, around: readonly object[]): string | undefined {
  if (around.includes(value)) return path;
  if (around.length > DEEPEST) return undefined;
  const inside = [...around, value];
  for (const [key, member] of membersOf(value)) {
    if (typeof member !== "object" || member === null) continue;
    const loop = loopIn(member, path + key, inside);
    if (loop !== undefined) return loop;
  }
  return undefined;
}

function membersOf(value: object): readonly (readonly [string, unknown])[] {
  const kind = kindOf(value);
  if (kind === "map")
    return [...(value as Map<unknown, unknown>)].flatMap(([key, member], i) => [[keyAt(i), key] as const, [get(key), member] as const]);
  if (kind === "set" || kind === "array") return [...(value as Iterable<unknown>)].map((member, i) => [step(i), member]);
  return Object.entries(value).map(([key, member]) => [step(key), member]);
}
