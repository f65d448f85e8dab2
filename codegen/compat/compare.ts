import { byCodeUnit } from "../model.js";
import { breaks, type Change, safe } from "./change.js";
import { events, schedules } from "./events.js";
import type { Manifest, TaskEntry, WorkflowEntry } from "./manifest.js";
import { inline, payload, result } from "./payloads.js";
import { instance, queue } from "./places.js";
import { options } from "./options.js";
import { runs } from "./workflows.js";

const LATER = "deploy that, and remove it when no such job is left";

/** Compares the old manifest with the new one. Pure. Breaking changes come first, then by subject. */
export function compareManifests(before: Manifest, after: Manifest): readonly Change[] {
  const changes = [...handlers(before, after), ...events(before, after), ...schedules(before, after)];
  const rank = { breaks: 0, review: 1, safe: 2 };
  return changes.sort((a, b) => rank[a.verdict] - rank[b.verdict] || byCodeUnit(a.subject, b.subject) || byCodeUnit(a.what, b.what));
}

type Kind = "task" | "workflow";
interface Handler {
  readonly kind: Kind;
  readonly name: string;
  readonly entry: WorkflowEntry;
}

function handlersOf({ tasks, workflows }: Manifest): ReadonlyMap<string, Handler> {
  const of = (kind: Kind, entries: Readonly<Record<string, TaskEntry>>): [string, Handler][] =>
    Object.entries(entries).map(([name, entry]) => [name, { kind, name, entry }]);
  return new Map([...of("task", tasks), ...of("workflow", workflows)]);
}

function handlers(before: Manifest, after: Manifest): readonly Change[] {
  const [old, now] = [handlersOf(before), handlersOf(after)];
  const gone = [...old.values()].filter(({ name }) => !now.has(name));
  const fresh = new Set([...now.values()].filter(({ name }) => !old.has(name)));
  const changes: Change[] = [];
  for (const was of gone) {
    const is = renamed(was, fresh, before, after);
    if (is !== undefined) fresh.delete(is);
    changes.push(removed(was, is));
  }
  for (const { kind, name, entry } of fresh) {
    changes.push(safe(`${kind} "${name}"`, "is new. Deploy its workers before its producers", entry.source));
  }
  for (const was of old.values()) {
    const is = now.get(was.name);
    if (is !== undefined) changes.push(...changed(was, is, before, after));
  }
  return changes;
}

/**
 * The new name of a removed handler: of the same class and method, else the only new one with the same types.
 */
function renamed(was: Handler, fresh: ReadonlySet<Handler>, before: Manifest, after: Manifest): Handler | undefined {
  const same = [...fresh].filter(({ kind }) => kind === was.kind);
  const place = same.find(({ entry }) => entry.class !== undefined && entry.class === was.entry.class && entry.method === was.entry.method);
  if (place !== undefined) return place;
  // Types that say nothing are equal for many handlers.
  if (was.entry.input === undefined) return undefined;
  const shape = ({ entry }: Handler, { $defs }: Manifest): string =>
    JSON.stringify([inline(entry.input, $defs), inline(entry.output, $defs)]);
  const alike = same.filter((one) => shape(one, after) === shape(was, before));
  return alike.length === 1 ? alike[0] : undefined;
}

function removed({ kind, name, entry }: Handler, is: Handler | undefined): Change {
  const jobs = kind === "task" ? "Jobs" : "Runs";
  const fate = `${jobs} of it that are queued, scheduled${kind === "task" ? "" : ", asleep"} or up for retry find no handler`;
  if (is !== undefined) {
    const alias = `Keep a class with the old name, @${kind === "task" ? "Task" : "Workflow"}("${name}") on one that extends the new one; ${LATER}`;
    return breaks("STEM3002", `${kind} "${name}"`, `was renamed to "${is.name}"`, fate, alias, is.entry.source);
  }
  const remedy = `Keep the handler and stop enqueueing it first; ${LATER}`;
  return breaks("STEM3001", `${kind} "${name}"`, "was removed", fate, remedy, entry.source);
}

function changed(was: Handler, is: Handler, before: Manifest, after: Manifest): readonly Change[] {
  const subject = `${is.kind} "${is.name}"`;
  const { source } = is.entry;
  if (was.kind !== is.kind) {
    const fate = was.kind === "task" ? "Jobs that are queued are taken for runs" : "Runs that have begun lose their journal";
    return [
      breaks("STEM3007", subject, `was a ${was.kind}`, `${fate}, and producers call it by the other tree of the client`, `Give the new ${is.kind} a name of its own; keep the old ${was.kind} until nothing of it is left`, source), // prettier-ignore
    ];
  }
  const changes: Change[] = [];
  const [from, to] = [was.entry, is.entry];
  changes.push(
    ...queue(subject, from, to, source),
    ...instance(subject, from, to, "Jobs that are queued stay in the store of the old instance, where it has no handler any more", source),
    ...payload("STEM3003", subject, "payload", from, to, "input", before, after, "Jobs that are queued or up for retry, and producers not deployed yet, have the old one", source), // prettier-ignore
    ...result(subject, from, to, before, after, source),
  );
  changes.push(...options(subject, from, to, source));
  if (is.kind === "workflow") changes.push(...runs(was, is, before, after));
  return changes;
}
