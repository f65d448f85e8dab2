import { LOG_LINES, saysSomething, type Note, type Noted } from "../../contract/index.js";
import type { Row } from "./rows.js";

/** Writes down what a job, whose lease was good, says of itself. */
export function takeNote(row: Row, note: Note, now: number): void {
  if (!saysSomething(note)) return;
  const state = note.state ?? row.note?.state;
  const lines = (note.log ?? []).map((line) => ({ at: now, line }));
  row.note = { ...(state !== undefined && { state }), at: now, log: [...(row.note?.log ?? []), ...lines].slice(-LOG_LINES) };
}

/** A copy of what a job has noted, since readers may change what they get; undefined: nothing. */
export function notedBy({ note }: Row): Noted | undefined {
  return note && { ...note, log: note.log.map((line) => ({ ...line })) };
}
