import { NAMELESS, plain, type Refused, type Shape } from "./shape.js";

export const NOTHING: Refused = {
  kind: "refused",
  code: "STEM2007",
  what: "is never, and no value is that",
  remedy: "Write the type of what is given; for nothing at all leave it out",
};
export const SMALLER = "Take a smaller type: that of the model alone, or Pick or Omit of this one";
export const UNDEFINED_ELEMENT: Refused = {
  kind: "refused",
  code: "STEM2006",
  what: "may be undefined, which a list cannot hold in JSON",
  remedy: "Use null, or leave such elements out",
};
export const AMBIGUOUS = 'Keep one of them, or wrap each in an object with a property that tells them apart: { kind: "at"; at: Date }';

/** A member of a union, for messages. */
export function title(shape: Shape): string {
  const NAMES: Partial<Record<Shape["kind"], string>> = {
    any: "anything", date: "a Date", bytes: "a Uint8Array", bigint: "a bigint", string: "a string", number: "a number", map: "a Map", set: "a Set",
    array: "a list", tuple: "a tuple", object: "an object", nonprimitive: "any object", something: "anything but null",
  }; // prettier-ignore
  if (shape.kind === "literal") return JSON.stringify(shape.value);
  if (shape.kind === "named" && shape.name !== NAMELESS) return shape.name;
  return NAMES[plain(shape)?.kind ?? shape.kind] ?? "something else";
}
