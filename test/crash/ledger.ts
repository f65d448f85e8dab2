import { closeSync, openSync, readSync } from "node:fs";

/**
 * What happens to an attempt once it has started, as the worker was told by the store (`lost`: that it has
 * nothing to say any more).
 */
export const FATES = ["succeeded", "retried", "dead", "released", "lost", "parked", "snoozed"] as const;

export type Fate = (typeof FATES)[number];

/** Which attempt of which job. */
interface Attempted {
  readonly id: string;
  readonly attempt: number;
  readonly error?: string;
}

/** One line of the ledger. `at` is milliseconds on a clock that all processes of one boot share. */
export type Note = { readonly pid: number; readonly at: number } & (
  | { [W in Fate | "start" | "end"]: { readonly what: W } & Attempted }[Fate | "start" | "end"]
  /** A producer was told that these jobs are stored; by id, what each has to return. */
  | { readonly what: "accepted"; readonly key: string; readonly jobs: Readonly<Record<string, unknown>> }
  | { readonly what: "means"; readonly key: string; readonly shape: string }
  /** A worker killed itself here; the ids of the call or the handler. */
  | { readonly what: "dies"; readonly id?: undefined; readonly ids: readonly string[] }
  /** The store refused a late settle. */
  | { readonly what: "refused"; readonly id: string }
  /** A handler was told to stop. */
  | { readonly what: "told"; readonly id: string; readonly why: string }
  /** The work of a step was done. */
  | { readonly what: "effect"; readonly id: string; readonly key: string; readonly token: string }
  /** A call of the store failed. */
  | { readonly what: "trouble"; readonly error: string; readonly code?: string; readonly hint?: string }
);

export type NoteOf<W extends Note["what"]> = Extract<Note, { readonly what: W }>;

/**
 * The append-only file in which producers and workers write down what they were told and what they did. Read
 * as it grows.
 */
export class Ledger {
  readonly file: string;
  readonly #notes: Note[] = [];
  #offset = 0;

  constructor(file: string) {
    this.file = file;
  }

  /** All notes so far, in the order written. */
  notes(): readonly Note[] {
    const descriptor = openSync(this.file, "r");
    try {
      const chunk = Buffer.alloc(1 << 20);
      let text = Buffer.alloc(0);
      for (;;) {
        const read = readSync(descriptor, chunk, 0, chunk.length, this.#offset + text.length);
        if (read === 0) break;
        text = Buffer.concat([text, chunk.subarray(0, read)]);
      }
      const whole = text.lastIndexOf(10) + 1;
      this.#offset += whole;
      for (const line of text.subarray(0, whole).toString().split("\n")) if (line !== "") this.#notes.push(JSON.parse(line) as Note);
    } finally {
      closeSync(descriptor);
    }
    return this.#notes;
  }

  /** Notes of one kind, of one job if an id is given. */
  of<W extends Note["what"]>(what: W, id?: string): readonly NoteOf<W>[] {
    return this.notes().filter(
      (note): note is NoteOf<W> => note.what === what && (id === undefined || (note as { id?: string }).id === id),
    );
  }

  /** How many jobs producers were told are stored. */
  acceptedCount(): number {
    return this.of("accepted").reduce((sum, { jobs }) => sum + Object.keys(jobs).length, 0);
  }

  /** What each accepted job has to return. */
  accepted(): ReadonlyMap<string, unknown> {
    return new Map(this.of("accepted").flatMap(({ jobs }) => Object.entries(jobs)));
  }
}
