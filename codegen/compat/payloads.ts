import { byCodeUnit } from "../model.js";
import { breaks, type Change, type ChangeCode, safe } from "./change.js";
import { type EventEntry, isObject, type Manifest, type Schema, type StepEntry, type TaskEntry } from "./manifest.js";
import { vanished } from "./members.js";
import { misfits, type Reason } from "./schemas.js";

/** A stored payload must fit the new type. */
export function payload(
  code: ChangeCode,
  subject: string,
  what: string,
  from: TaskEntry | EventEntry | StepEntry,
  to: TaskEntry | EventEntry | StepEntry,
  member: "input" | "payload" | "output",
  before: Manifest,
  after: Manifest,
  fate: string,
  source: string | undefined,
): readonly Change[] {
  const [had, has] = [(from as Schema)[member], (to as Schema)[member]] as [Schema | undefined, Schema | undefined];
  const result = member === "output";
  // An older manifest does not say whether results may be missing.
  const tells = !result || Math.min(before.tells, after.tells) >= 2;
  const optional = (entry: unknown): boolean => (entry as Schema)[result ? "maybe" : "optional"] === true && tells;
  const reasons: Reason[] = [];
  if (has !== undefined) {
    if (had === undefined) {
      if (!optional(to)) reasons.push({ path: "", why: result ? "there was none" : "there was none and it is now required" });
    } else {
      reasons.push(...misfits({ schema: had, defs: before.$defs }, { schema: has, defs: after.$defs }));
      if (optional(from) && !optional(to)) {
        reasons.push({ path: "", why: result ? "could be missing and is now always there" : "could be left out and is now required" });
      }
    }
  }
  if (reasons.length > 0) {
    const remedy = "Accept both for a while (optional, with a default, or a union) and deploy that; or give the new form a new name";
    return [breaks(code, subject, `${what} narrowed: ${told(reasons)}`, fate, remedy, source)];
  }
  return same(had, has, before, after) && optional(from) === optional(to)
    ? []
    : [safe(subject, `${what} accepts all that it did, and more${lost(had, has, before, after)}. Deploy workers before producers`, source)];
}

/** A result must fit the type that consumers know. */
export function result(
  subject: string,
  from: TaskEntry,
  to: TaskEntry,
  before: Manifest,
  after: Manifest,
  source: string | undefined,
): readonly Change[] {
  const [had, has] = [from.output, to.output];
  const maybe = (entry: TaskEntry): boolean => entry.maybe === true && Math.min(before.tells, after.tells) >= 2;
  let reasons: readonly Reason[] = [];
  if (had !== undefined && has === undefined) reasons = [{ path: "", why: "there is none any more" }];
  if (had !== undefined && has !== undefined) reasons = misfits({ schema: has, defs: after.$defs }, { schema: had, defs: before.$defs });
  if (had !== undefined && has !== undefined && maybe(to) && !maybe(from)) reasons = [...reasons, { path: "", why: "may now be missing" }];
  if (reasons.length > 0) {
    const fate =
      "Consumers that were built with the old client read results they do not expect, and old results in the store have the old form";
    const remedy = "Add to results, take nothing away; or generate and deploy the clients of all consumers together with it";
    return [breaks("STEM3004", subject, `result widened: ${told(reasons.map(backwards))}`, fate, remedy, source)];
  }
  if (same(had, has, before, after) && maybe(from) === maybe(to)) return [];
  const less = lost(had, has, before, after);
  return [safe(subject, less === "" ? "result has all that it had" : `result fits what consumers know of it${less}`, source)];
}

/** Members that are no longer listed: nothing fails, but their content is ignored. */
function lost(had: Schema | undefined, has: Schema | undefined, before: Manifest, after: Manifest): string {
  if (had === undefined || has === undefined) return "";
  const names = vanished({ schema: had, defs: before.$defs }, { schema: has, defs: after.$defs });
  const shown = names.slice(0, 5).join(", ") + (names.length > 5 ? ` and ${names.length - 5} more` : "");
  return names.length === 0 ? "" : `; it no longer lists ${shown}`;
}

/** Worded from the old to the new type, though the comparison went the other way. */
function backwards({ path, why }: Reason): Reason {
  const turned = why
    .replace(/^was (.+) and is now (.+?)(, which.*)?$/, "was $2 and is now $1$3")
    .replace(/^is new and required$/, "is no longer there")
    .replace("was optional and is now required", "was always there and is now optional")
    .replace(/^(.+) (is|are) no longer allowed$/, "$1 $2 new")
    .replace(/^(.+) is no longer among the alternatives$/, "$1 is a new alternative")
    .replace(/^had no (\w+) and now has (.+)$/, "had $1 $2 and now has none")
    .replace(/^had (\w+) (.+) and now has (?!none)(.+)$/, "had $1 $3 and now has $2");
  return { path, why: turned };
}

const FOR_PEOPLE: ReadonlySet<string> = new Set(["description", "title", "default", "examples"]);

/**
 * A schema with the named types written into it once.
 * So schemas that differ in names only are equal.
 */
export function inline(schema: Schema | undefined, defs: Manifest["$defs"], seen: readonly string[] = []): unknown {
  const walk = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(walk);
    if (!isObject(value)) return value;
    const ref = typeof value["$ref"] === "string" ? value["$ref"].replace("#/$defs/", "") : undefined;
    if (ref !== undefined) return seen.includes(ref) ? { up: seen.length - seen.indexOf(ref) } : inline(defs[ref], defs, [...seen, ref]);
    const kept = Object.entries(value).filter(([key]) => !FOR_PEOPLE.has(key));
    return Object.fromEntries(kept.sort(([a], [b]) => byCodeUnit(a, b)).map(([key, one]) => [key, walk(one)]));
  };
  return walk(schema);
}

function same(had: Schema | undefined, has: Schema | undefined, before: Manifest, after: Manifest): boolean {
  return JSON.stringify(inline(had, before.$defs)) === JSON.stringify(inline(has, after.$defs));
}

function told(reasons: readonly Reason[]): string {
  const parts = reasons.slice(0, 5).map(({ path, why }) => (path === "" ? why : `${path} ${why}`));
  return parts.join("; ") + (reasons.length > 5 ? `; and ${reasons.length - 5} more` : "");
}
