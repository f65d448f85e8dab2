import type { Announced, KeptType, MarkedClass, Member, Place, WrittenEvent, WrittenSignal } from "../model.js";
import { idOf } from "../model.js";

/** What was read from a file. */
export interface ReadFile {
  readonly found: readonly MarkedClass[];
  readonly events?: readonly WrittenEvent[];
  /** Where a decorator is called on a class. */
  readonly calls?: readonly Place[];
  /** The first syntax error. */
  readonly broken?: { readonly place: Place; readonly text: string };
}

/**
 * The same as plain data, to be kept on disk: types by their names, without nodes.
 *
 * @param met is called with the id of each class, and of each type that is written out
 * @returns undefined for what JSON cannot carry
 */
export function plainFile({ found, events = [], calls = [], broken }: ReadFile, met: (id: string) => void): ReadFile | undefined {
  const payload = (type: Announced["payload"]): Announced["payload"] => {
    if (typeof type !== "object") return type;
    const kept: KeptType = { kind: "kept", id: idOf(type) };
    met(kept.id);
    return kept;
  };
  const member = (one: Member): Member => ({ ...one, node: undefined });
  const signal = (one: WrittenSignal): WrittenSignal => ({ ...one, payload: payload(one.payload) });
  const plain: ReadFile = {
    found: found.map((one): MarkedClass => {
      met(one.id);
      return {
        ...one,
        node: undefined,
        members: one.members.map(member),
        steps: one.steps.map(({ name, method }) => ({ name, method: member(method) })),
        signals: one.signals.map(signal),
        ...(typeof one.run === "object" && { run: member(one.run) }),
      };
    }),
    events: events.map((one) => ({ ...one, payload: payload(one.payload) })),
    calls,
  };
  return broken === undefined && isPlain(plain) ? plain : undefined;
}

/** False if it has a number that JSON cannot carry. */
function isPlain(value: unknown): boolean {
  if (typeof value === "number") return Number.isFinite(value);
  return typeof value !== "object" || value === null || Object.values(value).every(isPlain);
}
