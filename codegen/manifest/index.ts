import { createHash } from "node:crypto";
import { relative } from "node:path";
import {
  type Announced,
  type Body,
  byCodeUnit,
  type Diagnostic,
  type Event,
  type Handler,
  type Place,
  type Schedule,
  type WrittenPayload,
} from "../model.js";
import type { Described, JsonSchema, Schemas, Wanted } from "../types/index.js";
import { type Member, memberOf, type Section, sectionsText } from "./text.js";

/** Everything to describe beside tasks and workflows. */
export interface Others {
  readonly events?: readonly Event[];
  readonly schedules?: readonly Schedule[];
}

/**
 * What a project takes and gives: the manifest for reviewers and programs, the definitions for the library.
 */
export interface Description {
  /** Text of the manifest. */
  readonly manifest: string;
  readonly definitions: JsonSchema;
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * How much a manifest says; readers of any version may ignore it.
 * 2: whether results may be missing, what the bodies of workflows ask for, and steps of base classes.
 */
const TELLS = 2;

/** Whether the generator wrote a text. */
export function isManifest(text: string): boolean {
  return /^\s*\{[^]*?"stem": 1\b/.test(text);
}

/**
 * Describes handlers, sorted by name. The same sources give the same text on every machine.
 *
 * @param folder of the manifest; source places are relative to it
 */
export function describe(
  handlers: readonly Handler[],
  { describe: read }: { readonly describe: (wanted: readonly Wanted[]) => Schemas },
  folder: string,
  { events = [], schedules = [] }: Others = {},
): Description {
  const wanted: Wanted[] = [];
  const want = (type: WrittenPayload, role: Wanted["role"], of: string, place: Place): Asked =>
    typeof type !== "object" ? type : wanted.push({ type, role, of, place }) - 1;
  const announced = ({ name, payload, place }: Announced) => ({ name, at: want(payload, "payload", `"${name}"`, place), place });
  const tasks = handlers.map((handler) => ({
    handler,
    input: want(handler.input, "input", `"${handler.name}"`, handler.place),
    output: want(handler.output, "output", `"${handler.name}"`, handler.place),
    steps: handler.steps.map(({ name, output }) => ({
      name,
      at: want(output, "output", `step "${name}" of "${handler.name}"`, handler.place),
    })),
    signals: handler.signals.map(announced),
  }));
  const emitted = events.map((event) => ({ ...announced(event), instance: event.instance }));
  const { described, $defs, diagnostics } = read(wanted);
  const answer = (at: Asked): Described => (at === undefined ? NOTHING : at === "anything" ? ANYTHING : described[at]!);
  const entries = tasks.map(({ handler, input, output, steps, signals }) =>
    entryOf(handler, folder, {
      input: answer(input),
      output: answer(output),
      steps: steps.map(({ at }) => answer(at)),
      signals: signals.map(({ at }) => answer(at)),
    }),
  );
  const source = (place: Place): string => sourceOf(place, folder);
  const of = (kind: Handler["kind"]) => entries.filter(({ handler }) => handler.kind === kind).map(({ member }) => member);
  const eventEntries = emitted.map(({ name, at, place, instance }) =>
    memberOf(name, { ...(instance !== undefined && { instance }), ...shapeOf(answer(at), "payload") }, { source: source(place) }),
  );
  const scheduleEntries = schedules.map(({ name, cron, timeZone, task, queue, priority, options, instance, place }) =>
    memberOf(name, { cron, timeZone, task, queue, priority, options: notEmpty(options), instance }, { source: source(place) }),
  );
  const sections: readonly Section[] = [
    { name: "$defs", members: Object.entries($defs).map(([name, schema]) => definitionOf(name, schema)) },
    { name: "events", members: eventEntries },
    { name: "schedules", members: scheduleEntries },
    { name: "tasks", members: of("task") },
    { name: "workflows", members: of("workflow") },
  ];
  const kept = sections
    .filter(({ name, members }) => name === "tasks" || members.length > 0)
    .map(({ name, members }) => ({ name, members: [...members].sort((a, b) => byCodeUnit(a.name, b.name)) }));
  const hash = createHash("sha256").update(sectionsText(kept, "bare")).digest("hex");
  const definitions = {
    hash,
    tasks: named(entries.map(({ handler, definition }) => [handler.name, definition])),
    ...(emitted.length > 0 && { events: named(emitted.map(({ name, at }) => [name, shapeOf(answer(at), "payload")])) }),
    ...(Object.keys($defs).length > 0 && { $defs }),
  };
  // The kind comes first, the rest by name.
  const manifest = `{\n  "stem": 1,\n  "tells": ${TELLS},\n  "hash": "${hash}",${sectionsText(kept, "text").slice(1)}`;
  return { manifest, definitions, diagnostics };
}

/** The schemas of a handler. */
interface Answers {
  readonly input: Described;
  readonly output: Described;
  readonly steps: readonly Described[];
  readonly signals: readonly Described[];
}

/** The entry of a handler in the manifest. */
interface Entry {
  readonly handler: Handler;
  readonly member: Member;
  /** As the library reads it. */
  readonly definition: JsonSchema;
}

/** Entries of handlers: the same objects from pass to pass, as long as nothing changes about them. */
const told = new WeakMap<Handler, { readonly folder: string; readonly answers: Answers; readonly entry: Entry }>();

function entryOf(handler: Handler, folder: string, answers: Answers): Entry {
  const before = told.get(handler);
  if (before !== undefined && before.folder === folder && isSame(before.answers, answers)) return before.entry;
  const { kind, name, queue, priority, instance, options, validate, className, method, steps, signals, body } = handler;
  const carried = {
    queue,
    instance,
    ...shapeOf(answers.input, "input"),
    ...shapeOf(answers.output, "output"),
    validate,
    ...(steps.length > 0 && { steps: named(steps.map((one, at) => [one.name, shapeOf(answers.steps[at]!, "output")])) }),
    ...(signals.length > 0 && { signals: named(signals.map((one, at) => [one.name, shapeOf(answers.signals[at]!, "payload")])) }),
  };
  const definition = Object.fromEntries(
    Object.entries({ kind, handler: homeOf(handler, folder), ...carried }).filter(([, value]) => value !== undefined),
  );
  const more = {
    priority,
    options: notEmpty(options),
    unread: handler.unread.length > 0 ? handler.unread : undefined,
    ...(answers.output.optional && answers.output.schema !== undefined && { maybe: true }),
    ...(steps.length > 0 && { steps: named(steps.map((one, at) => [one.name, stepOf(answers.steps[at]!)])) }),
  };
  const place = { source: sourceOf(handler.place, folder), ...(body !== undefined && { body: bodyOf(body, folder) }) };
  const entry = { handler, definition, member: memberOf(name, { ...carried, ...more, class: className, method }, place) };
  told.set(handler, { folder, answers, entry });
  return entry;
}

function notEmpty<T extends object>(object: T): T | undefined {
  return Object.keys(object).length > 0 ? object : undefined;
}

/** What only the manifest says about a step: that its result may be missing. */
function stepOf(answer: Described): Readonly<Record<string, unknown>> {
  return { ...shapeOf(answer, "output"), ...(answer.optional && answer.schema !== undefined && { maybe: true }) };
}

function bodyOf({ asks, hash, place, endLine }: Body, folder: string): Readonly<Record<string, unknown>> {
  return {
    asks: asks.map(({ kind, name, place: at }) => ({ kind, ...(name !== undefined && { name }), source: sourceOf(at, folder) })),
    hash,
    source: `${sourceOf(place, folder)}-${endLine}`,
  };
}

function isSame(a: Answers, b: Answers): boolean {
  const one = (x: Described, y: Described): boolean => x.schema === y.schema && x.optional === y.optional;
  const all = (x: readonly Described[], y: readonly Described[]): boolean => x.every((each, at) => one(each, y[at]!));
  return one(a.input, b.input) && one(a.output, b.output) && all(a.steps, b.steps) && all(a.signals, b.signals);
}

/** Shared types with an entry; they too stay the same objects. */
const defined = new WeakMap<JsonSchema, Member>();

function definitionOf(name: string, schema: JsonSchema): Member {
  let member = defined.get(schema);
  if (member?.name !== name) defined.set(schema, (member = memberOf(name, schema)));
  return member;
}

function shapeOf({ schema, optional }: Described, key: "input" | "output" | "payload"): Readonly<Record<string, unknown>> {
  if (schema === undefined) return {};
  return optional && key !== "output" ? { [key]: schema, optional: true } : { [key]: schema };
}

/**
 * What to add to the providers, for messages: the class and its file, or the package it is imported from.
 * Without the line, which changes often.
 */
function homeOf({ className, file, specifier }: Handler, folder: string): string {
  return `${className} (${specifier ?? relative(folder, file).replaceAll("\\", "/")})`;
}

function sourceOf({ file, line }: Place, folder: string): string {
  return `${relative(folder, file).replaceAll("\\", "/")}:${line}`;
}

/** The place of a type in the answer, unless it need not be described. */
type Asked = number | "anything" | undefined;

const NOTHING: Described = { schema: undefined, optional: false };
const ANYTHING: Described = { schema: {}, optional: true };

/** An object without a prototype, so that a task may be called `__proto__`. */
function named(entries: readonly (readonly [string, unknown])[]): Readonly<Record<string, unknown>> {
  const made = Object.create(null) as Record<string, unknown>;
  for (const [name, value] of [...entries].sort(([a], [b]) => byCodeUnit(a, b))) made[name] = value;
  return made;
}
