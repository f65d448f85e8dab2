import type { ts } from "ts-morph";
import { eventsOf, signalsOf } from "./announced.js";
import {
  type Diagnostic,
  type DiagnosticCode,
  type Event,
  type Handler,
  type Mark,
  type MarkedClass,
  type Member,
  type Place,
  type Schedule,
  type Signal,
  type TypeRef,
  type WrittenEvent,
  byCodeUnit,
  memberId,
} from "./model.js";
import { byPlace, compareTree, defaultName, NAME, NAME_RULE, type Report, type Show, title } from "./names.js";
import { schedulesOf } from "./scheduled.js";

/** What was read. */
export interface Written {
  readonly classes: readonly MarkedClass[];
  readonly events: readonly WrittenEvent[];
}

/** What a client can be written for, sorted by name, and all that is wrong. An error forbids writing. */
export interface Checked {
  readonly handlers: readonly Handler[];
  readonly events: readonly Event[];
  readonly schedules: readonly Schedule[];
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * The handlers of classes without errors: the same objects in every pass, as long as the class is the same.
 */
const sound = new WeakMap<MarkedClass, readonly Handler[]>();

/**
 * Checks what was read. Pure.
 *
 * @param show turns the file of a place into the path to be shown, for messages that name a second place
 */
export function check({ classes, events: written }: Written, show: (file: string) => string): Checked {
  const diagnostics: Diagnostic[] = [];
  let told = 0;
  const report = (code: DiagnosticCode, place: Place, message: string, severity: Diagnostic["severity"] = "error"): void => {
    diagnostics.push({ ...place, code, severity, message });
  };
  const shown: Show = ({ file, line, column }) => `${show(file)}:${line}:${column}`;
  const handlers = classes.flatMap((owner) => {
    const before = sound.get(owner);
    if (before !== undefined) return before;
    const found = handlersOf(owner, report, shown);
    if (diagnostics.length === told) sound.set(owner, found);
    told = diagnostics.length;
    return found;
  });
  checkSteps(classes, report);
  handlers.sort((a, b) => byCodeUnit(a.name, b.name) || byPlace(a.place, b.place));
  compareNames(handlers, report, shown);
  const events = eventsOf(written, report, shown);
  const schedules = schedulesOf(classes, report, shown);
  return { handlers, events, schedules, diagnostics: diagnostics.sort((a, b) => byPlace(a, b) || byCodeUnit(a.code, b.code)) };
}

function handlersOf(owner: MarkedClass, report: Report, show: Show): readonly Handler[] {
  const found: Handler[] = [];
  let tasks = 0;
  const [mark, ...more] = owner.marks.filter((one) => usable(one, "class", report));
  for (const extra of more) {
    report(
      "STEM1018",
      extra.place,
      `class ${title(owner)} is marked twice. One class is one task or one workflow: make this another class.`,
    );
  }
  const workflow = mark?.decorator === "Workflow";
  const signals = workflow ? signalsOf(owner, report, show) : [];
  for (const { place, text } of mark?.decorator === "Task" ? owner.signals : []) {
    report(
      "STEM1020",
      place,
      `signal ${title(owner)}.${text} is on a task. Only runs of workflows wait for signals: move it to a @Workflow class.`,
    );
  }
  if (mark !== undefined) found.push(...handlerOf(mark, owner, undefined, signals, report));
  for (const member of owner.members) {
    const [own, ...others] = member.marks.filter((one) => usable(one, "member", report));
    for (const extra of others) {
      report("STEM1018", extra.place, `${title(owner)}.${member.text} is marked twice. Keep one of the decorators.`);
    }
    if (own?.decorator === "Task") tasks++;
    if (own?.decorator === "Task") found.push(...handlerOf(own, owner, member, [], report));
  }
  if (mark !== undefined || tasks > 0) checkClass(owner, workflow ? "workflow" : "task", mark !== undefined, report);
  return found;
}

/** Steps belong to workflows, or to classes that workflows extend. */
function checkSteps(classes: readonly MarkedClass[], report: Report): void {
  const isWorkflow = ({ marks }: MarkedClass): boolean =>
    marks.some(({ decorator, unclear }) => decorator === "Workflow" || unclear !== undefined);
  const extended = new Set(classes.filter(isWorkflow).flatMap(({ bases }) => bases));
  for (const owner of classes) {
    if (isWorkflow(owner) || owner.abstract || extended.has(owner.id)) continue;
    for (const { marks, text } of owner.members) {
      const step = marks.find(({ decorator, unclear }) => decorator === "Step" && unclear === undefined);
      if (step === undefined) continue;
      const rule = "only methods of a @Workflow class are steps. Add @Workflow() to the class, or remove @Step";
      report("STEM1013", step.place, `@Step on ${title(owner)}.${text} does nothing: ${rule}.`, "warning");
    }
  }
}

/** Whether a decorator may stand where it stands. */
function usable({ decorator, called, place, unclear }: Mark, on: "class" | "member", report: Report): boolean {
  if (unclear !== undefined) {
    const rule =
      "Let it return applyDecorators(Task(…), …), with constants and its parameters in the arguments, or say what it is in stem.config";
    report("STEM1101", place, `${unclear} has to do with a decorator of nestjs-stem, and cannot be followed to it. ${rule}.`);
    return false;
  }
  if (!called) report("STEM1018", place, `@${decorator} is not called, so it marks nothing. Write @${decorator}().`);
  const fits = decorator === "Task" || (decorator === "Workflow") === (on === "class");
  if (!fits && decorator === "Workflow") report("STEM1018", place, "@Workflow stands on a method. It marks a class with a method run.");
  if (!fits && decorator === "Step") report("STEM1018", place, "@Step stands on a class. It marks methods of a @Workflow class.");
  return called && fits;
}

/** Checks the class of every handler. */
function checkClass(owner: MarkedClass, kind: Handler["kind"], onClass: boolean, report: Report): void {
  const name = title(owner);
  if (owner.name === undefined) {
    report("STEM1005", owner.place, `this ${kind} class has no name, so neither the client nor an error can name it. Give it one.`);
  } else if (owner.exportedAs === undefined) {
    report(
      "STEM1004",
      owner.place,
      `class ${name} is not exported from its file, so the client cannot refer to its types. Add "export" at the top level.`,
    );
  }
  if (owner.exportedAs !== undefined && owner.via === "unexported") {
    const rule = "Export it there, under its name, so that the client can refer to its types";
    report(
      "STEM1102",
      owner.place,
      `class ${name} is in another package, which does not export it from what this project imports. ${rule}.`,
    );
  }
  // Marked methods of an abstract class belong to the providers that extend it.
  if (owner.abstract && onClass) {
    report("STEM1006", owner.place, `class ${name} is abstract, so Nest cannot make it. Move the decorator to a class that extends it.`);
  }
  if (owner.unbound.length > 0) {
    const parameters = owner.unbound.join(", ");
    report(
      "STEM1008",
      owner.place,
      `class ${name} is generic in ${parameters}, so its payload has no one type. Remove the type parameter, or give it a default.`,
    );
  }
  if (owner.controller) {
    report(
      "STEM1012",
      owner.place,
      `class ${name} is a @Controller. Controllers answer requests; put the ${kind} in a provider of its own.`,
    );
  }
}

function handlerOf(
  mark: Mark,
  owner: MarkedClass,
  member: Member | undefined,
  signals: readonly Signal[],
  report: Report,
): readonly Handler[] {
  const kind = mark.decorator === "Workflow" ? "workflow" : "task";
  const name = nameOf(mark, owner, member, report);
  for (const option of ["queue", "instance"] as const) {
    const { [option]: given } = mark;
    if (given.state !== "unreadable") continue;
    const why = `the ${option} of this ${kind} cannot be read from the source (${given.text}), so producers would use the wrong one`;
    report("STEM1015", given.place, `${why}. Use a string literal, a const, an enum member or a template of those.`);
  }
  for (const { option, text, place } of mark.queue.state === "unreadable" ? [] : mark.untold) {
    // No producer needs it.
    if (option === "timeout") continue;
    const why = `the ${option} of this ${kind} cannot be read from the source (${text}), so producers that do not hold the handler use the default`;
    report("STEM1015", place, `${why}. Use a literal or a const.`, "warning");
  }
  if (mark.queue.state === "known" && !NAME.test(mark.queue.value)) {
    report("STEM1002", mark.queue.place, `"${mark.queue.value}" is not a valid queue name. ${NAME_RULE}`);
  }
  const method = member ?? owner.run;
  if (method === undefined) {
    report(
      "STEM1007",
      owner.place,
      `class ${title(owner)} is a ${kind} but has no method run. Add one, or mark the method that does the work with @Task.`,
    );
    return [];
  }
  const sound = method === "unseen" || checkMethod(method, `${title(owner)}.${method.text}`, kind, report);
  if (name === undefined || owner.name === undefined || owner.exportedAs === undefined || !sound) return [];
  const via = typeof owner.via === "object" ? owner.via : undefined;
  return [
    {
      kind,
      name,
      queue: mark.queue.state === "known" ? mark.queue.value : undefined,
      instance: mark.instance.state === "known" ? mark.instance.value : undefined,
      priority: mark.priority.state === "known" ? mark.priority.value : undefined,
      className: owner.name,
      exportedAs: via?.exportedAs ?? owner.exportedAs,
      specifier: via?.specifier,
      file: owner.place.file,
      method: method === "unseen" ? "run" : method.name!,
      doc: (member === undefined ? owner.doc : undefined) ?? (method === "unseen" ? undefined : method.doc),
      place: mark.name.state === "known" ? mark.name.place : mark.place,
      ...typesOf(owner, method),
      validate: mark.unchecked ? false : mark.standard ? "standard" : undefined,
      options: mark.options,
      unread: mark.untold.map(({ option }) => option),
      steps: kind === "workflow" ? stepsOf(owner) : [],
      signals,
      body: kind === "workflow" ? owner.body : undefined,
    },
  ];
}

/** What a handler takes and gives. Its method cannot be read if it is inherited from a class out of reach. */
function typesOf(owner: MarkedClass, method: Member | "unseen"): Pick<Handler, "input" | "output"> {
  const name = method === "unseen" ? "run" : method.name!;
  if (owner.node === undefined) {
    const kept = (kind: "input" | "output"): TypeRef => ({ kind: "kept", id: memberId(owner.id, kind, name) });
    return { input: kept("input"), output: kept("output") };
  }
  const node = method === "unseen" ? undefined : (method.node as ts.MethodDeclaration);
  const of = { owner: owner.node, method: node, name };
  return { input: { kind: "input", ...of }, output: { kind: "output", ...of } };
}

function stepsOf(owner: MarkedClass): Handler["steps"] {
  const steps = owner.steps.map(({ name, method }) => ({ name, output: typesOf(owner, method).output }));
  return steps.sort((a, b) => byCodeUnit(a.name, b.name));
}

function nameOf({ decorator, name, place }: Mark, owner: MarkedClass, member: Member | undefined, report: Report): string | undefined {
  if (name.state === "unreadable") {
    const rule = "Use a string literal, a const, an enum member or a template of those, here or imported";
    report("STEM1001", name.place, `the name given to @${decorator} cannot be read from the source (${name.text}). ${rule}.`);
    return undefined;
  }
  if (name.state === "absent" && (owner.name === undefined || (member !== undefined && member.name === undefined))) return undefined;
  const value = name.state === "known" ? name.value : defaultName(owner.name!, member?.name);
  if (NAME.test(value)) return value;
  const from = name.state === "known" ? "" : ", which comes from the class and method,";
  report("STEM1002", name.state === "known" ? name.place : place, `"${value}"${from} is not a valid name. ${NAME_RULE}`);
  return undefined;
}

/** Checks every handler method. */
function checkMethod(method: Member, name: string, kind: Handler["kind"], report: Report): boolean {
  if (!method.method || method.name === undefined || method.hidden !== undefined) {
    const what = !method.method ? "not a method" : (method.hidden ?? "named at run time only");
    const rule = `A ${kind} is handled by a public method of the instance`;
    report("STEM1006", method.place, `${name} is ${what}. ${rule}: write it as "async ${method.name ?? "run"}(input) { … }".`);
    return false;
  }
  const before = [method.generic, method.signatures > 1, method.parameters.length > 2];
  if (method.generic) {
    report("STEM1008", method.place, `${name} is generic, so its payload has no one type. Write the type of the payload out.`);
  }
  if (method.signatures > 1) {
    report(
      "STEM1009",
      method.place,
      `${name} is overloaded, so its payload has no one type. Keep one signature; a union type can take its place.`,
    );
  }
  const [first, , third] = method.parameters;
  if (third !== undefined) {
    report(
      "STEM1010",
      third.place,
      `${name} takes ${method.parameters.length} parameters. A handler takes the payload and the context; put what else it needs into the payload.`,
    );
  }
  if (first?.context !== undefined) {
    report(
      "STEM1011",
      first.place,
      `the first parameter of ${name} is a ${first.context}. The payload comes first, the context second: (input, ${first.text}).`,
    );
  } else if (first?.rest === true) {
    report(
      "STEM1011",
      first.place,
      `the first parameter of ${name} collects the rest. The payload is one value: take an array instead of ...${first.text}.`,
    );
  }
  return !before.includes(true) && first?.context === undefined && first?.rest !== true;
}

/**
 * Checks handlers against each other.
 * Runs are jobs too, so tasks and workflows share their names; in the client each kind has its own tree.
 */
function compareNames(handlers: readonly Handler[], report: Report, show: Show): void {
  const byName = new Map<string, Handler[]>();
  for (const handler of handlers) byName.set(handler.name, [...(byName.get(handler.name) ?? []), handler]);
  for (const same of byName.values()) {
    for (const handler of same.length > 1 ? same : []) {
      const others = same.filter((one) => one !== handler).map(({ place }) => show(place));
      const rule = "Names are unique over all tasks and workflows; give one of them another";
      report("STEM1003", handler.place, `the name "${handler.name}" is also used at ${others.join(", ")}. ${rule}.`);
    }
  }
  compareTree(
    handlers.filter(({ kind }) => kind === "task"),
    "a task",
    report,
    show,
  );
  compareTree(
    handlers.filter(({ kind }) => kind === "workflow"),
    "a workflow",
    report,
    show,
  );
}
