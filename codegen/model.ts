import type { ts } from "ts-morph";

/**
 * A point in a source file.
 * Files are absolute with `/` inside the generator and relative to the working directory in a `Diagnostic`.
 */
export interface Place {
  readonly file: string;
  /** Counts from 1. */
  readonly line: number;
  /** Counts from 1, in UTF-16 code units as editors do. */
  readonly column: number;
}

/**
 * A mistake in the sources that the author must (error) or should (warning) change. Listed in
 * docs/diagnostics.md.
 */
export interface Diagnostic extends Place {
  readonly code: DiagnosticCode;
  /** Nothing is written while there is an error. */
  readonly severity: "error" | "warning";
  /** What is wrong, the rule, and the remedy, on one line. */
  readonly message: string;
}

export type DiagnosticCode = `STEM10${number}` | `STEM11${number}` | `STEM20${number}`;

/**
 * A type of the sources that the manifest describes, written out or to be inferred. Opaque outside `read/`
 * and `types/`.
 */
export type WrittenType =
  | { readonly kind: "type"; readonly node: ts.TypeNode }
  /** What a method takes or gives: `method` is undefined if it is inherited from a class out of reach. */
  | {
      readonly kind: "input" | "output";
      readonly owner: ts.ClassLikeDeclaration;
      readonly method: ts.MethodDeclaration | undefined;
      readonly name: string;
    };

/** A type that an earlier run has described, and that has not changed. */
export interface KeptType {
  readonly kind: "kept";
  /** As `idOf` returns it for the written type. */
  readonly id: string;
}

export type TypeRef = WrittenType | KeptType;

/**
 * The type of what an event or signal carries.
 * Undefined if it carries nothing; `"anything"` if no type is written.
 */
export type WrittenPayload = TypeRef | "anything" | undefined;

/** The id of a type: the same in any run as long as its file is unchanged. */
export function idOf(type: TypeRef): string {
  if (type.kind === "kept") return type.id;
  return type.kind === "type" ? nodeId(type.node) : memberId(nodeId(type.owner), type.kind, type.name);
}

/** What a method takes or gives, by the id of its class. */
export function memberId(owner: string, kind: "input" | "output", name: string): string {
  return `${owner}\0${kind} ${name}`;
}

/** The id of a node: the same in any run as long as its file is unchanged. */
export function nodeId(node: ts.Node): string {
  return `${node.getSourceFile().fileName}:${node.pos}`;
}

/** A named thing that carries a payload, as declared: an event, or a signal of a workflow. */
export interface Announced {
  readonly name: string;
  readonly payload: WrittenPayload;
  readonly place: Place;
}

/** A signal of a workflow: a public static member of its class. */
export interface Signal extends Announced {
  readonly member: string;
}

/** An event that a client can be written for: an exported constant. */
export interface Event extends Announced, Exported {
  readonly instance: string | undefined;
  readonly doc: string | undefined;
}

/** A schedule that a client can be written for. */
export interface Schedule {
  readonly name: string;
  /** Undefined if it cannot be read. */
  readonly cron: string | undefined;
  readonly timeZone: string | undefined;
  /** The name of the task or workflow it enqueues. */
  readonly task: string;
  readonly place: Place;
  readonly instance: string | undefined;
  readonly queue: string | undefined;
  readonly priority: number | undefined;
  readonly options: Readonly<Record<string, unknown>>;
  /** The class that has the handler; undefined if its types cannot be referred to. */
  readonly owner: Exported | undefined;
  readonly method: string;
  readonly doc: string | undefined;
}

/** Something the client refers to by an import of its type. */
export interface Exported {
  /** Its name where it is declared. */
  readonly className: string;
  readonly exportedAs: string;
  readonly file: string;
  /** The module it is imported from, if not by its relative path. */
  readonly specifier: string | undefined;
}

/** A call of `defineEvent` or `defineSignal`, as written. */
export interface Definition {
  readonly name: Readable<string>;
  readonly instance: Readable<string>;
  readonly payload: WrittenPayload;
  readonly place: Place;
  readonly doc: string | undefined;
}

/** A constant that is an event, as written; not checked yet. */
export interface WrittenEvent extends Definition {
  readonly constant: string;
  readonly exportedAs: string;
  readonly via: MarkedClass["via"];
}

/** A member of a class that is a signal, as written. */
export interface WrittenSignal extends Definition {
  /** Undefined if computed at run time or private (`#name`). */
  readonly member: string | undefined;
  readonly text: string;
  /** Why it cannot be reached as a member of the class: `private`, `protected`, `#private`, `not static`. */
  readonly hidden: string | undefined;
}

/** An option of a decorator as far as it can be read without running the program. */
export type Readable<T> =
  | { readonly state: "absent" }
  | { readonly state: "known"; readonly value: T; readonly place: Place }
  /** `text` is the source of the expression that could not be read. */
  | { readonly state: "unreadable"; readonly text: string; readonly place: Place };

/** One of Stem's decorators, on a class or a member. */
export interface Mark {
  readonly decorator: "Task" | "Workflow" | "Step" | "Cron";
  readonly place: Place;
  /** False for `@Task` without parentheses. */
  readonly called: boolean;
  /**
   * The decorator as written (`@MailTask`), if it uses Stem's in a way that cannot be followed.
   * Nothing else is known then.
   */
  readonly unclear: string | undefined;
  readonly name: Readable<string>;
  readonly queue: Readable<string>;
  /** The instance of Stem it belongs to. */
  readonly instance: Readable<string>;
  readonly priority: Readable<number>;
  /** Of a `@Cron`: its expression, and the time zone. */
  readonly cron: Readable<string>;
  readonly timeZone: Readable<string>;
  /** Options that are given and cannot be read, beside name, queue and instance. */
  readonly untold: readonly { readonly option: string; readonly text: string; readonly place: Place }[];
  /** `validate: false` among the options. */
  readonly unchecked: boolean;
  /** A Standard Schema is among the options. */
  readonly standard: boolean;
  /** Other options whose values can be read, as JSON. */
  readonly options: Readonly<Record<string, unknown>>;
}

/** A class with a decorator of Stem on it or on a member, as written; not checked yet. */
export interface MarkedClass {
  /** Undefined for `export default class { … }`. */
  readonly name: string | undefined;
  readonly place: Place;
  /** The name under which the file exports it (`"default"` for the default export), if it does. */
  readonly exportedAs: string | undefined;
  /**
   * For a class from outside the project's files: how the project imports it.
   * `"unexported"` if it belongs to another package, whose entry does not export it.
   */
  readonly via: { readonly specifier: string; readonly exportedAs: string } | "unexported" | undefined;
  readonly abstract: boolean;
  /** Type parameters without a default. */
  readonly unbound: readonly string[];
  /** Carries Nest's `@Controller`. */
  readonly controller: boolean;
  readonly doc: string | undefined;
  readonly marks: readonly Mark[];
  /** Its `@Cron`s, apart from the other marks: there may be any number. */
  readonly crons: readonly Mark[];
  /** Own and inherited. */
  readonly signals: readonly WrittenSignal[];
  /** Methods that are steps, own and inherited, by the name of the step. Empty unless it is a workflow. */
  readonly steps: readonly { readonly name: string; readonly method: Member }[];
  /** The classes it extends, as far as they are in reach, by `id`. */
  readonly bases: readonly string[];
  /** What `run` asks for; undefined unless it is a workflow whose `run` can be read. */
  readonly body: Body | undefined;
  /** Its method `run`, own or inherited; `"unseen"` if a base class that cannot be read may have it. */
  readonly run: Member | "unseen" | undefined;
  /** Members that carry marks. */
  readonly members: readonly Member[];
  /** As `nodeId` returns it. */
  readonly id: string;
  /** Undefined if an earlier run has read it. */
  readonly node: ts.ClassLikeDeclaration | undefined;
}

/** What the body of a workflow is, as far as its runs depend on it. */
export interface Body {
  /** In the order of the source, through methods and functions it calls. */
  readonly asks: readonly Ask[];
  /** Hash of its tokens, and of those it calls: white space and comments do not count. */
  readonly hash: string;
  /** The place of `run`. */
  readonly place: Place;
  readonly endLine: number;
}

/** What a body asks its run for, as the journal names it. */
export interface Ask {
  readonly kind: "step" | "sleep" | "wait" | "now";
  /** With `${}` for parts known at run time only; undefined if no part is known before. */
  readonly name: string | undefined;
  readonly place: Place;
}

/** A member of a class. */
export interface Member {
  /** Undefined if computed at run time or private (`#name`). */
  readonly name: string | undefined;
  /** As written, for messages. */
  readonly text: string;
  readonly place: Place;
  readonly method: boolean;
  /** The word that forbids a call from outside: `private`, `protected`, `static`, `abstract`, `#`. */
  readonly hidden: string | undefined;
  readonly generic: boolean;
  /** How many signatures are declared; above 1 it is overloaded. */
  readonly signatures: number;
  /** Without a `this` parameter. */
  readonly parameters: readonly Parameter[];
  readonly doc: string | undefined;
  readonly marks: readonly Mark[];
  readonly crons: readonly Mark[];
  /** Undefined if an earlier run has read it. */
  readonly node: ts.ClassElement | undefined;
}

export interface Parameter {
  readonly text: string;
  readonly place: Place;
  readonly rest: boolean;
  /** The name of the context type of Stem, if it is typed so. */
  readonly context: string | undefined;
}

/** A task or workflow that a client can be written for. */
export interface Handler extends Exported {
  readonly kind: "task" | "workflow";
  readonly name: string;
  readonly queue: string | undefined;
  /** The instance of Stem it belongs to; undefined for the one without a name. */
  readonly instance: string | undefined;
  readonly priority: number | undefined;
  readonly method: string;
  readonly doc: string | undefined;
  readonly place: Place;
  readonly input: TypeRef;
  readonly output: TypeRef;
  /** Not checked by the generated schemas: by its own option, or because it has a Standard Schema. */
  readonly validate: false | "standard" | undefined;
  readonly options: Readonly<Record<string, unknown>>;
  /** Options that are given and cannot be read. */
  readonly unread: readonly string[];
  /** Of a workflow, by name. */
  readonly steps: readonly { readonly name: string; readonly output: TypeRef }[];
  /** Of a workflow, by member. */
  readonly signals: readonly Signal[];
  /** Of a workflow, if it can be read. */
  readonly body: Body | undefined;
}

/** Compares by UTF-16 code units: the same order on every machine and locale. */
export function byCodeUnit(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
