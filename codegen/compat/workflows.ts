import { anotherName, bodies, keyOf } from "./bodies.js";
import { breaks, type Change, review, safe } from "./change.js";
import { type EventEntry, isObject, type Manifest, type StepEntry, type WorkflowEntry } from "./manifest.js";
import { inline, payload } from "./payloads.js";

/** A workflow before or after. */
export interface Workflow {
  readonly name: string;
  readonly entry: WorkflowEntry;
}

/** What runs of a workflow depend on: its signals, its steps, and what its body asks for. */
export function runs(was: Workflow, is: Workflow, before: Manifest, after: Manifest): readonly Change[] {
  // An older manifest has neither what bodies ask for nor the steps of base classes.
  const both = Math.min(before.tells, after.tells) >= 2;
  const told = new Set<string>();
  const changes = [...signals(was, is, before, after, told), ...steps(was, is, before, after, told)];
  return both ? [...changes, ...bodies(is.name, was.entry, is.entry, told)] : changes;
}

/** @param told steps that were reported are added to it */
function steps(was: Workflow, is: Workflow, before: Manifest, after: Manifest, told: Set<string>): readonly Change[] {
  const [old, now] = [was.entry.steps ?? {}, is.entry.steps ?? {}];
  const changes: Change[] = [];
  const title = (step: string): string => `step "${step}" of workflow "${is.name}"`;
  const tell = (step: string): number => told.add(keyOf({ kind: "step", name: step })).size;
  const fate = "Runs that have done it stop as dead letters STEM_WORKFLOW_CHANGED when they wake";
  const remedy = anotherName(is.name);
  const { source } = is.entry;
  // A step is the same to the journal whether it is a method or stands in the body.
  const gone = Object.keys(old).filter((step) => !Object.hasOwn(now, step) && !asksFor(is, step));
  const fresh = Object.keys(now).filter((step) => !Object.hasOwn(old, step) && !asksFor(was, step));
  for (const step of gone) {
    // Reported as a rename only if nothing else is possible: one gone, one new, the same result.
    const shape = (entry: StepEntry, { $defs }: Manifest): string => JSON.stringify(inline(entry.output, $defs)) ?? "";
    const to =
      gone.length === 1 && fresh.length === 1 && shape(old[step]!, before) === shape(now[fresh[0]!]!, after) ? fresh[0]! : undefined;
    if (to !== undefined) tell(fresh.splice(0)[0]!);
    const what = to === undefined ? "was removed" : `was renamed to "${to}"`;
    changes.push(breaks(to === undefined ? "STEM3008" : "STEM3009", title(step), what, fate, remedy, source));
    tell(step);
  }
  for (const step of fresh) {
    const when = "It is safe behind everything a sleeping run may have reached; runs that are beyond it stop as STEM_WORKFLOW_CHANGED";
    changes.push(review("STEM3010", title(step), "is new", when, `If it is asked for earlier: ${remedy}`, source));
    tell(step);
  }
  for (const step of Object.keys(old).filter((one) => Object.hasOwn(now, one))) {
    const journaled = "Runs that have done it go on with the old result, which is in their journal";
    changes.push(...payload("STEM3011", title(step), "result", old[step]!, now[step]!, "output", before, after, journaled, source));
  }
  return changes;
}

function asksFor({ entry }: Workflow, step: string): boolean {
  return entry.body?.asks.some(({ kind, name }) => kind === "step" && name === step) === true;
}

function signals(was: Workflow, is: Workflow, before: Manifest, after: Manifest, told: Set<string>): readonly Change[] {
  const [old, now] = [shapesOf(was.entry.signals), shapesOf(is.entry.signals)];
  const changes: Change[] = [];
  for (const [name, entry] of Object.entries(old)) {
    const subject = `signal "${name}" of workflow "${is.name}"`;
    const kept = Object.hasOwn(now, name) ? now[name] : undefined;
    if (kept === undefined) {
      const fate = "Senders that were built with the old client send it to runs that no longer wait for it, and runs that wait for it stop";
      changes.push(breaks("STEM3012", subject, "was removed", fate, `Give the changed workflow a new name ("${is.name}.v2")`, is.entry.source)); // prettier-ignore
      told.add(keyOf({ kind: "wait", name }));
    } else {
      const fate = "Signals that were sent and not yet read, and senders not deployed yet, have the old one";
      changes.push(...payload("STEM3013", subject, "payload", entry, kept, "payload", before, after, fate, is.entry.source));
    }
  }
  for (const name of Object.keys(now)) {
    if (!Object.hasOwn(old, name)) changes.push(safe(`signal "${name}" of workflow "${is.name}"`, "is new", is.entry.source));
  }
  return changes;
}

/** Signals as the manifest has them: the schema of the payload, or an entry with it. */
function shapesOf(signals: Readonly<Record<string, unknown>> | undefined): Readonly<Record<string, EventEntry>> {
  const entries = Object.entries(signals ?? {}).map(([name, value]): [string, EventEntry] => {
    if (!isObject(value) || Object.keys(value).length === 0) return [name, {}];
    return [name, "payload" in value && isObject(value["payload"]) && !("type" in value) ? (value as EventEntry) : { payload: value }];
  });
  return Object.fromEntries(entries);
}
