import { type Change, review, safe } from "./change.js";
import type { TaskEntry } from "./manifest.js";

/** Options beside the types: how payloads are checked, and how long work may take and records are kept. */
export function options(subject: string, from: TaskEntry, to: TaskEntry, source: string | undefined): readonly Change[] {
  const changes: Change[] = [];
  if (from.validate !== to.validate) changes.push(validation(subject, from, to, source));
  const [was, is] = [valuesOf(from), valuesOf(to)];
  const less: string[] = [];
  const others: string[] = [];
  const blind = blindOf(from, to);
  for (const key of blind) less.push(`${key} ${to.unread?.includes(key) ? "cannot be read any more" : "could not be read"}`);
  for (const key of [...new Set([...Object.keys(was), ...Object.keys(is)])].sort()) {
    const [old, now] = [JSON.stringify(was[key]), JSON.stringify(is[key])];
    if (old === now || blind.includes(key)) continue;
    const text = `${key} was ${old ?? "not given"} and is ${now ?? "not given"}`;
    (Object.hasOwn(LIMITS, key) && !isLonger(was[key], is[key], LIMITS[key]!) ? less : others).push(text);
  }
  if (less.length > 0) {
    const fate = "Jobs that are queued get the new limits: attempts that need longer are aborted, and what is kept is gone sooner";
    const remedy = "Make sure that nothing takes longer, and that no record is read later";
    changes.push(review("STEM3019", subject, less.join(", "), fate, remedy, source));
  }
  if (others.length > 0) changes.push(safe(subject, others.join(", "), source));
  return changes;
}

/** Limits that can be read on one side only. */
function blindOf(from: TaskEntry, to: TaskEntry): readonly string[] {
  return Object.keys(LIMITS).filter((key) => (from.unread?.includes(key) ?? false) !== (to.unread?.includes(key) ?? false));
}

function validation(subject: string, from: TaskEntry, to: TaskEntry, source: string | undefined): Change {
  const by = ({ validate }: TaskEntry): string =>
    validate === false ? "not checked" : validate === "standard" ? "checked by a schema of its own" : "checked by its type";
  const what = `payload was ${by(from)} and is ${by(to)}`;
  if (to.validate === false) return safe(subject, what, source);
  const fate = "Jobs that are queued were let in by the old check; those that the new one refuses become dead letters";
  return review("STEM3018", subject, what, fate, "Make sure that what is queued fits, or let the queue run empty first", source);
}

/** Options that limit something, with their default in milliseconds. */
const LIMITS: Readonly<Record<string, number>> = { timeout: Infinity, keepResult: 86_400_000, keepFailed: 2_592_000_000 };

function valuesOf({ priority, options: given = {} }: TaskEntry): Readonly<Record<string, unknown>> {
  return priority === undefined ? given : { ...given, priority };
}

function isLonger(was: unknown, is: unknown, without: number): boolean {
  const [old, now] = [msOf(was, without), msOf(is, without)];
  return old !== undefined && now !== undefined && now >= old;
}

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };

/** Undefined if it is not a readable duration. */
function msOf(value: unknown, without: number): number | undefined {
  if (value === undefined) return without;
  if (typeof value === "number") return value;
  const [, number, unit] = typeof value === "string" ? (/^\s*(\d+(?:\.\d+)?)\s*([a-z]*)\s*$/.exec(value) ?? []) : [];
  const each = unit === undefined ? undefined : UNITS[unit];
  return each === undefined ? undefined : Number(number) * each;
}
