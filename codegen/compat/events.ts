import { breaks, type Change, safe } from "./change.js";
import type { Manifest, ScheduleEntry } from "./manifest.js";
import { payload } from "./payloads.js";

export function events(before: Manifest, after: Manifest): readonly Change[] {
  const changes: Change[] = [];
  for (const [name, was] of Object.entries(before.events)) {
    const subject = `event "${name}"`;
    const is = Object.hasOwn(after.events, name) ? after.events[name] : undefined;
    if (is === undefined) {
      const fate =
        "Runs that sleep until it comes are not woken by it any more, and emitters that were built with the old client go on sending it";
      changes.push(breaks("STEM3014", subject, "was removed", fate, "Keep it until no run waits for it and nobody emits it", was.source));
    } else {
      const fate = "Events that were sent and not yet read (they are kept for days), and emitters not deployed yet, have the old one";
      changes.push(...payload("STEM3015", subject, "payload", was, is, "payload", before, after, fate, is.source));
    }
  }
  for (const [name, { source }] of Object.entries(after.events)) {
    if (!Object.hasOwn(before.events, name)) changes.push(safe(`event "${name}"`, "is new", source));
  }
  return changes;
}

export function schedules(before: Manifest, after: Manifest): readonly Change[] {
  const changes: Change[] = [];
  for (const [name, was] of Object.entries(before.schedules)) {
    const is = Object.hasOwn(after.schedules, name) ? after.schedules[name] : undefined;
    const subject = `schedule "${name}"`;
    if (is === undefined) {
      const fate = "It fires no more, and code that pauses, resumes or triggers it by the old client fails";
      changes.push(breaks("STEM3016", subject, "was removed", fate, "Pause it first, and remove it when nobody asks for it", was.source));
      continue;
    }
    const told = (["cron", "timeZone", "task"] as const)
      .filter((key) => was[key] !== is[key])
      .map((key) => `${key} was ${shown(was, key)} and is ${shown(is, key)}`);
    if (told.length > 0) changes.push(safe(subject, `${told.join(", ")}; it holds from the next slot`, is.source));
  }
  for (const [name, { source }] of Object.entries(after.schedules)) {
    if (!Object.hasOwn(before.schedules, name)) changes.push(safe(`schedule "${name}"`, "is new", source));
  }
  return changes;
}

function shown(entry: ScheduleEntry, key: "cron" | "timeZone" | "task"): string {
  return entry[key] === undefined ? "not given" : `"${entry[key]}"`;
}
