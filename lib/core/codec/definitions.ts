import { StemError } from "../../contract/errors.js";
import { Compiler } from "../schema/compile.js";
import type { EventShape, JsonSchema, StemDefinitions, TaskShape } from "../schema/json-schema.js";
import { sameSchema } from "../schema/same.js";
import { type Shape, shapeOf } from "./shape.js";

interface Known<T> {
  readonly says: T;
  readonly from: Source;
}

/** One set of definitions, from a generated client. */
interface Source {
  readonly compiler: Compiler;
  readonly defs: Readonly<Record<string, JsonSchema>>;
}

/**
 * The types of tasks, workflows and events by name, from generated clients.
 * Empty in a process that lists no client: then values travel as JSON and only a task's own schema checks
 * them.
 */
export class Definitions {
  readonly #tasks = new Map<string, Known<TaskShape>>();
  readonly #events = new Map<string, Known<EventShape>>();
  /** By `<role> <owner>`. */
  readonly #shapes = new Map<string, Shape | undefined>();

  /**
   * Adds the definitions of one client.
   *
   * @param belongs false for tasks of other instances
   * @returns what contradicts a client that was added before: the first one counts
   */
  add({ tasks, events = {}, $defs = {} }: StemDefinitions, belongs: (task: TaskShape) => boolean = () => true): readonly StemError[] {
    const from: Source = { compiler: new Compiler($defs), defs: $defs };
    const mine = Object.entries(tasks).filter(([, shape]) => belongs(shape));
    return [...merge(this.#tasks, mine, from, "task"), ...merge(this.#events, Object.entries(events), from, "event")];
  }

  /** The tasks and workflows with definitions. */
  get tasks(): ReadonlyMap<string, TaskShape> {
    return new Map([...this.#tasks].map(([name, { says }]) => [name, says]));
  }

  task(name: string): TaskShape | undefined {
    return this.#tasks.get(name)?.says;
  }

  get isEmpty(): boolean {
    return this.#tasks.size === 0 && this.#events.size === 0;
  }

  /** The type of the payload of a task or workflow; undefined: unknown. */
  input(task: string): Shape | undefined {
    return this.#shape("input", task, this.#tasks.get(task), ({ input: schema, optional = false, validate }) => ({
      schema,
      optional,
      checked: validate === undefined,
    }));
  }

  /** The type of its result. Not checked: the work is done. */
  output(task: string): Shape | undefined {
    return this.#shape("output", task, this.#tasks.get(task), ({ output: schema }) => ({ schema, optional: true, checked: false }));
  }

  /** The type of the result of a workflow's step. */
  step(workflow: string, step: string): Shape | undefined {
    return this.#shape(`step ${step}`, workflow, this.#tasks.get(workflow), ({ steps }) => ({
      schema: own(steps, step)?.output,
      optional: true,
      checked: false,
    }));
  }

  event(name: string): Shape | undefined {
    return this.#shape("event", name, this.#events.get(name), carried);
  }

  /** @param workflow undefined: the one that has a signal of that name, if there is only one */
  signal(workflow: string | undefined, name: string): Shape | undefined {
    if (workflow === undefined) {
      const [only, ...others] = [...this.#tasks].filter(([, { says }]) => own(says.signals, name) !== undefined);
      return only === undefined || others.length > 0 ? undefined : this.signal(only[0], name);
    }
    return this.#shape(`signal ${name}`, workflow, this.#tasks.get(workflow), ({ signals }) => carried(own(signals, name) ?? {}));
  }

  #shape<T>(
    role: string,
    owner: string,
    known: Known<T> | undefined,
    read: (says: T) => { readonly schema: JsonSchema | undefined; readonly optional: boolean; readonly checked: boolean },
  ): Shape | undefined {
    if (known === undefined) return undefined;
    const key = `${role} ${owner}`;
    const made = this.#shapes.get(key);
    if (made !== undefined || this.#shapes.has(key)) return made;
    const { schema, ...how } = read(known.says);
    const shape = schema === undefined ? undefined : shapeOf(() => known.from.compiler.compile(schema), how);
    this.#shapes.set(key, shape);
    return shape;
  }
}

function carried({ payload, optional }: EventShape) {
  return { schema: payload, optional: optional === true, checked: true };
}

function own<T>(members: Readonly<Record<string, T>> | undefined, name: string): T | undefined {
  return members !== undefined && Object.hasOwn(members, name) ? members[name] : undefined;
}

function merge<T extends object>(
  into: Map<string, Known<T>>,
  entries: readonly (readonly [string, T])[],
  from: Source,
  kind: string,
): readonly StemError[] {
  const conflicts: StemError[] = [];
  for (const [name, says] of entries) {
    const before = into.get(name);
    if (before === undefined) into.set(name, { says, from });
    else if (!sameSchema(before.says, before.from.defs, says, from.defs)) conflicts.push(conflict(kind, name));
  }
  return conflicts;
}

function conflict(kind: string, name: string): StemError {
  return new StemError(
    "STEM_CLIENTS_DIFFER",
    `Two of the clients describe the ${kind} "${name}" differently.`,
    "One of them was generated from older sources: generate both anew (npx stem generate, or update the package it comes from).",
  );
}
