import { createHash } from "node:crypto";
import { relative } from "node:path";
import { type Announced, byCodeUnit, type Diagnostic, type Event, type Handler, type Place, type Schedule } from "../model.js";
import type { Described, JsonSchema, Schemas, Wanted } from "../types/index.js";
import { jsonText } from "./text.js";

/** What there is to tell beside tasks and workflows. */
export interface Others {
  readonly events?: readonly Event[];
  readonly schedules?: readonly Schedule[];
}

/** What a project takes and gives, for reviewers and other programs (the manifest) and for the library (the definitions). */
export interface Description {
  /** Text of the manifest. */
  readonly manifest: string;
  readonly definitions: JsonSchema;
  readonly diagnostics: readonly Diagnostic[];
}

/** Whether a text was written here. */
export function isManifest(text: string): boolean {
  return /^\s*\{[^]*"stem": 1\b/.test(text);
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
  const want = (type: Wanted["type"] | undefined, role: Wanted["role"], of: string, place: Place): number | undefined =>
    type === undefined ? undefined : wanted.push({ type, role, of, place }) - 1;
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
  const told = events.map((event) => ({ ...announced(event), instance: event.instance }));
  const { described, $defs, diagnostics } = read(wanted);

  const shapeOf = (at: number | undefined, key: "input" | "output" | "payload"): Readonly<Record<string, unknown>> => {
    const { schema, optional } = at === undefined ? NOTHING : described[at]!;
    return {
      ...(schema !== undefined && { [key]: schema }),
      ...(schema !== undefined && optional && key !== "output" && { optional: true }),
    };
  };
  const source = ({ file, line }: Place): string => `${relative(folder, file).replaceAll("\\", "/")}:${line}`;
  const entries = tasks.map(({ handler, input, output, steps, signals }) => {
    const { name, queue, priority, instance, options, validate } = handler;
    const entry = {
      ...(queue !== undefined && { queue }),
      ...(instance !== undefined && { instance }),
      ...shapeOf(input, "input"),
      ...shapeOf(output, "output"),
      ...(validate !== undefined && { validate }),
      ...(steps.length > 0 && { steps: named(steps.map((one) => [one.name, shapeOf(one.at, "output")])) }),
      ...(signals.length > 0 && { signals: named(signals.map((one) => [one.name, shapeOf(one.at, "payload")])) }),
    };
    const more = {
      ...(priority !== undefined && { priority }),
      ...(Object.keys(options).length > 0 && { options }),
      class: handler.className,
      method: handler.method,
      source: source(handler.place),
    };
    return { kind: handler.kind, name, entry, more };
  });
  const of = (kind: Handler["kind"]) =>
    named(entries.filter((one) => one.kind === kind).map(({ name, entry, more }) => [name, { ...entry, ...more }]));
  const content = {
    tasks: of("task"),
    workflows: of("workflow"),
    events: named(
      told.map(({ name, at, place, instance }) => [
        name,
        { ...(instance !== undefined && { instance }), ...shapeOf(at, "payload"), source: source(place) },
      ]),
    ),
    schedules: named(
      schedules.map(({ name, cron, timeZone, task, queue, priority, instance, place }) => [
        name,
        {
          ...(cron !== undefined && { cron }),
          ...(timeZone !== undefined && { timeZone }),
          task,
          ...(queue !== undefined && { queue }),
          ...(priority !== undefined && { priority }),
          ...(instance !== undefined && { instance }),
          source: source(place),
        },
      ]),
    ),
    $defs,
  };
  const kept = Object.fromEntries(Object.entries(content).filter(([key, value]) => key === "tasks" || Object.keys(value).length > 0));
  const text = jsonText(kept);
  // Moving a handler within its file changes nothing that matters.
  const hash = createHash("sha256").update(text.replace(SOURCES, "")).digest("hex");
  const definitions = {
    hash,
    tasks: named(entries.map(({ kind, name, entry }) => [name, { kind, ...entry }])),
    ...(told.length > 0 && { events: named(told.map(({ name, at }) => [name, shapeOf(at, "payload")])) }),
    ...(Object.keys($defs).length > 0 && { $defs }),
  };
  // What it is comes first, the rest by name.
  const manifest = `{\n  "stem": 1,\n  "hash": "${hash}",\n${text.slice(2)}`;
  return { manifest, definitions, diagnostics };
}

/** The lines with source places: of members three levels deep, which no schema is. */
const SOURCES = /^ {6}"source": .*\n/gm;

const NOTHING: Described = { schema: undefined, optional: false };

/** An object without a prototype, so that a task may be called `__proto__`. */
function named(entries: readonly (readonly [string, unknown])[]): Readonly<Record<string, unknown>> {
  const made = Object.create(null) as Record<string, unknown>;
  for (const [name, value] of [...entries].sort(([a], [b]) => byCodeUnit(a, b))) made[name] = value;
  return made;
}
