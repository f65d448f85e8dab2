import { byCodeUnit, type Diagnostic, type DiagnosticCode, type Exported, type MarkedClass, type Place } from "./model.js";

/** As in the library: parts of letters, digits, `_` and `-`, joined by dots; up to 120 characters. */
export const NAME = /^(?=.{1,120}$)[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$/;

export const NAME_RULE = 'Use letters, digits, "_" and "-", in parts joined by dots, up to 120 characters: "mail.send".';

/** Adds a diagnostic; an error unless it says otherwise. */
export type Report = (code: DiagnosticCode, place: Place, message: string, severity?: Diagnostic["severity"]) => void;

/** Turns a place into the text to be shown, for messages that name a second place. */
export type Show = (place: Place) => string;

/** The name of a handler without one: the class with its first letter lowered, and the method if marked. */
export function defaultName(className: string, method?: string): string {
  const name = className.charAt(0).toLowerCase() + className.slice(1);
  return method === undefined ? name : `${name}.${method}`;
}

export function title(owner: MarkedClass): string {
  return owner.name ?? "(anonymous)";
}

/** How the client imports a declaration by its name; undefined if it cannot. */
export function exportedOf(name: string | undefined, one: Pick<MarkedClass, "exportedAs" | "via" | "place">): Exported | undefined {
  if (name === undefined || one.exportedAs === undefined || one.via === "unexported") return undefined;
  return {
    className: name,
    exportedAs: one.via?.exportedAs ?? one.exportedAs,
    specifier: one.via?.specifier,
    file: one.place.file,
  };
}

/** Checks the names of one tree of the client: no name lies below another. */
export function compareTree(
  all: readonly { readonly name: string; readonly place: Place }[],
  kind: string,
  report: Report,
  show: Show,
): void {
  const byName = new Map(all.map((one) => [one.name, one]));
  for (const { name, place } of all) {
    const parts = name.split(".");
    for (let length = 1; length < parts.length; length++) {
      const parent = byName.get(parts.slice(0, length).join("."));
      if (parent === undefined) continue;
      const rule = `In the client a name is either ${kind} or a group of them; rename one, for example "${parent.name}.run"`;
      report("STEM1014", place, `"${name}" lies below "${parent.name}", which is ${kind} itself (${show(parent.place)}). ${rule}.`);
    }
  }
}

export function byPlace(a: Place, b: Place): number {
  return byCodeUnit(a.file, b.file) || a.line - b.line || a.column - b.column;
}
