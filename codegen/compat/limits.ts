import type { Schema } from "./manifest.js";
import { type Reason, schemas, show } from "./reading.js";

/** Bounds of numbers, texts and lists: each must have been at least as tight before. */
export function limits(from: Schema, to: Schema, path: string): readonly Reason[] {
  const reasons: Reason[] = [];
  const tell = (keyword: string): void => {
    const before = from[keyword] === undefined ? `had no ${keyword}` : `had ${keyword} ${show(from[keyword])}`;
    reasons.push({ path, why: `${before} and now has ${show(to[keyword])}` });
  };
  const number = (schema: Schema, keyword: string): number | undefined => {
    const value = schema[keyword];
    return typeof value === "number" ? value : undefined;
  };
  for (const [closed, open, sign] of [
    ["minimum", "exclusiveMinimum", 1],
    ["maximum", "exclusiveMaximum", -1],
  ] as const) {
    const bounds = (schema: Schema): readonly [at: number, open: boolean] | undefined => {
      const [c, o] = [number(schema, closed), number(schema, open)];
      if (c === undefined && o === undefined) return undefined;
      return o !== undefined && (c === undefined || o * sign >= c * sign) ? [o, true] : [c!, false];
    };
    const [old, now] = [bounds(from), bounds(to)];
    if (now === undefined) continue;
    if (old === undefined || old[0] * sign < now[0] * sign || (old[0] === now[0] && now[1] && !old[1])) tell(now[1] ? open : closed);
  }
  for (const [keyword, sign] of [
    ["minLength", 1],
    ["maxLength", -1],
    ["minItems", 1],
    ["maxItems", -1],
  ] as const) {
    // prettier-ignore
    const [old, now] = [number(from, keyword), number(to, keyword)];
    if (now === undefined || (sign === 1 && now <= 0)) continue;
    if (old === undefined ? !(keyword === "maxItems" && sized(from, now)) : old * sign < now * sign) tell(keyword);
  }
  const [step, wanted] = [number(from, "multipleOf"), number(to, "multipleOf")];
  const whole = from["type"] === "integer" ? 1 : undefined;
  if (wanted !== undefined && !isMultiple(step ?? whole, wanted)) tell("multipleOf");
  for (const keyword of ["pattern", "format", "contentEncoding"])
    if (to[keyword] !== undefined && from[keyword] !== to[keyword]) tell(keyword);
  if (to["uniqueItems"] === true && from["uniqueItems"] !== true) tell("uniqueItems");
  return reasons;
}

/** Whether a tuple is no longer than `most` by its shape. */
function sized(schema: Schema, most: number): boolean {
  return schema["items"] === false && schemas(schema["prefixItems"]).length <= most;
}

function isMultiple(value: number | undefined, of: number): boolean {
  return value !== undefined && Number.isInteger(Number((value / of).toPrecision(12)));
}
