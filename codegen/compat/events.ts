import { breaks, type Change, review, safe } from "./change.js";
import type { Manifest, ScheduleEntry } from "./manifest.js";
import { options } from "./options.js";
import { payload } from "./payloads.js";
import { instance, queue } from "./places.js";

export function events(before: Manifest, after: Manifest): readonly Change[] {
  const changes: Change[] = [];
  for (const [name, was] of Object.entries(before.events)) {
    const subject = `event "${name}"`;
    const is = Object.hasOwn(after.events, name) ? after.events[name] : undefined;
    if (is === undefined) {
      const fate =
        "Runs that sleep until it comes are not woken by it any more, and emitters that were built with the old client go on sending it";
      changes.push(breaks("STEM3014", subject, "was removed", fate, "Keep it until no run waits for it and no code emits it", was.source));
    } else {
      const fate = "Events that were sent and not yet read (they are kept for days), and emitters not deployed yet, have the old one";
      changes.push(
        ...instance(subject, was, is, "It is emitted into the store of the new instance, and runs that wait for it in the old one sleep on", is.source), // prettier-ignore
        ...payload("STEM3015", subject, "payload", was, is, "payload", before, after, fate, is.source),
      );
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
      changes.push(breaks("STEM3016", subject, "was removed", fate, "Pause it first, and remove it when no code refers to it", was.source));
      continue;
    }
    // If other code enqueues its task too, the task has been reported.
    if (!isHandled(was.task, before)) {
      changes.push(...queue(subject, was, is, is.source));
      changes.push(...options(subject, { options: was.options ?? {} }, { options: is.options ?? {} }, is.source));
    }
    changes.push(...instance(subject, was, is, "Slots that were fired, and the schedule itself, stay in the store of the old instance", is.source)); // prettier-ignore
    const told = (["cron", "timeZone", "task"] as const)
      .filter((key) => was[key] !== is[key])
      .map((key) => `${key} was ${shown(was, key)} and is ${shown(is, key)}`);
    if (told.length === 0) continue;
    const unread = was.cron !== undefined && is.cron === undefined;
    if (unread)
      changes.push(review("STEM3020", subject, told.join(", "), UNREAD, "Write the expression out, or compare the two by hand", is.source)); // prettier-ignore
    else changes.push(safe(subject, `${told.join(", ")}; it holds from the next slot`, is.source));
  }
  for (const [name, { source }] of Object.entries(after.schedules)) {
    if (!Object.hasOwn(before.schedules, name)) changes.push(safe(`schedule "${name}"`, "is new", source));
  }
  return [...changes, ...fired(before, after)];
}

const UNREAD = "When it fires is known at run time only, so nothing can be said about it";

/** Tasks that only schedules enqueue, and that have no handler any more. */
function fired(before: Manifest, after: Manifest): readonly Change[] {
  const now = new Set(Object.values(after.schedules).map(({ task }) => task));
  const lost = new Map<string, ScheduleEntry & { readonly name: string }>();
  for (const [name, entry] of Object.entries(before.schedules)) {
    const { task } = entry;
    if (task === undefined || isHandled(task, before) || isHandled(task, after) || now.has(task)) continue;
    if (!lost.has(task)) lost.set(task, { ...entry, name });
  }
  return [...lost].map(([task, { name, source }]) => {
    const fate = `Jobs of it that schedule "${name}" has fired, and that are queued or up for retry, find no handler`;
    const remedy = `Keep a task with that name, @Task("${task}"), until no job of it is left`;
    const is = Object.hasOwn(after.schedules, name) ? after.schedules[name] : undefined;
    const what = is?.task === undefined ? "was removed" : `was removed; schedule "${name}" runs "${is.task}" now`;
    return breaks("STEM3001", `task "${task}"`, what, fate, remedy, is?.source ?? source);
  });
}

function isHandled(task: string | undefined, { tasks, workflows }: Manifest): boolean {
  return task !== undefined && (Object.hasOwn(tasks, task) || Object.hasOwn(workflows, task));
}

function shown(entry: ScheduleEntry, key: "cron" | "timeZone" | "task"): string {
  return entry[key] === undefined ? "not given" : `"${entry[key]}"`;
}
