import { type Event, type MarkedClass, type Place, type Readable, type Signal, byCodeUnit, type WrittenEvent } from "./model.js";
import { byPlace, compareTree, exportedOf, NAME, NAME_RULE, type Report, type Show, title } from "./names.js";

/** The events a client can be written for, sorted by name. */
export function eventsOf(written: readonly WrittenEvent[], report: Report, show: Show): readonly Event[] {
  const events = written.flatMap((one): readonly Event[] => {
    const name = definedName(one, "defineEvent", report);
    const exported = exportedOf(one.constant, one);
    if (name === undefined || exported === undefined) return [];
    const { instance } = one;
    if (instance.state === "unreadable") {
      const why = `the instance of this event cannot be read from the source (${instance.text}), so producers would use the wrong one`;
      report("STEM1015", instance.place, `${why}. Use a string literal, a const, an enum member or a template of those.`);
    }
    const { payload, place, doc } = one;
    return [{ ...exported, name, payload, place, doc, instance: instance.state === "known" ? instance.value : undefined }];
  });
  const sorted = events.sort((a, b) => byCodeUnit(a.name, b.name) || byPlace(a.place, b.place));
  compareTwins(sorted, "event", "Runs that wait for it could not tell the two apart; declare it once, and import it", report, show);
  compareTree(sorted, "an event", report, show);
  return sorted;
}

/** The signals of a workflow, sorted by member. */
export function signalsOf(owner: MarkedClass, report: Report, show: Show): readonly Signal[] {
  const signals = owner.signals.flatMap((one): readonly Signal[] => {
    const { member, payload, place, hidden } = one;
    const name = definedName(one, "defineSignal", report);
    if (hidden !== undefined || member === undefined) {
      const what = hidden ?? "named at run time only";
      const rule = `A signal is a public static member, so that the client can refer to it: static readonly ${member ?? "approved"} = defineSignal(…)`;
      report("STEM1020", place, `signal ${title(owner)}.${one.text} is ${what}. ${rule}.`);
      return [];
    }
    return name === undefined ? [] : [{ name, payload, place, member }];
  });
  const sorted = signals.sort((a, b) => byCodeUnit(a.member, b.member));
  compareTwins(sorted, "signal", "A run could not tell the two apart; give one of them another", report, show);
  return sorted;
}

/** @returns undefined if something was reported */
export function definedName(
  { name, place }: { readonly name: Readable<string>; readonly place: Place },
  by: string,
  report: Report,
): string | undefined {
  if (name.state === "known" && NAME.test(name.value)) return name.value;
  if (name.state === "known") report("STEM1002", name.place, `"${name.value}" is not a valid name. ${NAME_RULE}`);
  else {
    const rule = "Use a string literal, a const, an enum member or a template of those, here or imported";
    const text = name.state === "unreadable" ? name.text : "there is none";
    report(
      "STEM1001",
      name.state === "unreadable" ? name.place : place,
      `the name given to ${by} cannot be read from the source (${text}). ${rule}.`,
    );
  }
  return undefined;
}

/** Reports names that are used twice, at every place. */
export function compareTwins(
  all: readonly { readonly name: string; readonly place: Place }[],
  kind: string,
  rule: string,
  report: Report,
  show: Show,
): void {
  const byName = new Map<string, Place[]>();
  for (const { name, place } of all) byName.set(name, [...(byName.get(name) ?? []), place]);
  for (const [name, places] of byName) {
    for (const place of places.length > 1 ? places : []) {
      const others = places.filter((one) => one !== place).map(show);
      report("STEM1019", place, `${kind} "${name}" is also declared at ${others.join(", ")}. ${rule}.`);
    }
  }
}
