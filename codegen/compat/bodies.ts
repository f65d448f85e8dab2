import { breaks, type Change, review } from "./change.js";
import type { AskEntry, BodyEntry, WorkflowEntry } from "./manifest.js";

const FATE = "Runs that have done it stop as dead letters STEM_WORKFLOW_CHANGED when they wake";
const DEPENDS =
  "Runs that sleep go through the new body from its beginning: one that asks for other things than they have done stops as STEM_WORKFLOW_CHANGED";

/** @returns how to change a workflow without harm to its runs */
export function anotherName(workflow: string): string {
  return `Give the changed workflow a new name ("${workflow}.v2") and keep the old class until its last run has ended`;
}

/**
 * What a body asks for, before and after.
 * The journal identifies entries by kind and name, so a name that is gone ends the runs that have it. Whether
 * another change ends a run depends on how far the run has got.
 *
 * @param told steps and waits that have been reported already: declared ones that are gone, renamed or new
 */
export function bodies(workflow: string, was: WorkflowEntry, is: WorkflowEntry, told: ReadonlySet<string>): readonly Change[] {
  if (was.body === undefined && is.body === undefined) return [];
  const of = `workflow "${workflow}"`;
  const source = is.body?.source ?? is.source;
  const remedy = `Read the change; if such a run may meet it: ${anotherName(workflow)}`;
  if (was.body === undefined || is.body === undefined) {
    const what = is.body === undefined ? "has a body that can no longer be read" : "has a body that could not be read before";
    return [review("STEM3017", of, what, DEPENDS, remedy, source)];
  }
  const changes = names(workflow, was.body, is.body, told);
  // A reported change is a reason to look at the body as it is.
  if (changes.length > 0 || told.size > 0) return changes;
  const order = (body: BodyEntry): string => body.asks.map(keyOf).join(", ");
  const [before, after] = [order(was.body), order(is.body)];
  if (before !== after)
    return [review("STEM3017", of, `asks for ${after || "nothing"}, and asked for ${before || "nothing"}`, DEPENDS, remedy, source)];
  if (was.body.hash === is.body.hash) return [];
  return [review("STEM3017", of, "has another body", DEPENDS, remedy, source)];
}

/** Names that are gone or new. */
function names(workflow: string, was: BodyEntry, is: BodyEntry, told: ReadonlySet<string>): readonly Change[] {
  const [old, now] = [byKey(was), byKey(is)];
  const gone = [...old.values()].filter((one) => !now.has(keyOf(one)) && !told.has(keyOf(one)));
  const fresh = new Map([...now].filter(([key]) => !old.has(key) && !told.has(key)));
  const changes: Change[] = [];
  for (const one of gone) {
    const subject = `${titleOf(one)} of workflow "${workflow}"`;
    const same = [...fresh.values()].filter(({ kind }) => kind === one.kind);
    const other = [...fresh.values()].find(({ name, kind }) => name === one.name && kind !== one.kind);
    const renamed = gone.filter(({ kind }) => kind === one.kind).length === 1 && same.length === 1 ? same[0] : undefined;
    const to = other ?? renamed;
    if (to !== undefined) fresh.delete(keyOf(to));
    // A name that is known only at run time may still be this one.
    const dynamic = unnamed(is, one.kind) > unnamed(was, one.kind);
    const what =
      other !== undefined
        ? `is now a ${other.kind}`
        : renamed !== undefined
          ? `was renamed to "${renamed.name}"`
          : "is no longer asked for";
    const code = to === undefined ? "STEM3008" : "STEM3009";
    const place = (to ?? is).source;
    if (dynamic) changes.push(review("STEM3017", subject, "is no longer asked for by name", FATE, anotherName(workflow), place));
    else changes.push(breaks(code, subject, what, FATE, anotherName(workflow), place));
  }
  for (const one of fresh.values()) {
    const when = "It is safe behind everything a sleeping run may have reached; runs that are beyond it stop as STEM_WORKFLOW_CHANGED";
    changes.push(review("STEM3010", `${titleOf(one)} of workflow "${workflow}"`, "is new", when, `If it is asked for earlier: ${anotherName(workflow)}`, one.source)); // prettier-ignore
  }
  return changes;
}

function byKey({ asks }: BodyEntry): ReadonlyMap<string, AskEntry> {
  const found = new Map<string, AskEntry>();
  for (const one of asks) if (one.name !== undefined && !found.has(keyOf(one))) found.set(keyOf(one), one);
  return found;
}

function unnamed({ asks }: BodyEntry, kind: string): number {
  return asks.filter((one) => one.kind === kind && one.name === undefined).length;
}

export function keyOf({ kind, name }: AskEntry): string {
  return name === undefined ? `a ${kind}` : kind === "now" ? "the time" : `${kind} "${name}"`;
}

function titleOf(one: AskEntry): string {
  return one.kind === "now" ? "now()" : keyOf(one);
}
