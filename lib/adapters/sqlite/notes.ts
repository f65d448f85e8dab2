import { LOG_LINES, saysSomething, type LogLine, type Note, type Noted } from "../../contract/index.js";
import { NOTED } from "../relational/codes.js";
import type { Store } from "./store.js";

/** Writes down what a job, whose lease was good, says of itself. */
export function takeNote(store: Store, job: number, note: Note, now: number): void {
  if (!saysSomething(note)) return;
  store.sql(`UPDATE jobs SET links = links | ${NOTED} WHERE seq = ? AND links & ${NOTED} = 0`).run(job);
  store
    .sql(
      `INSERT INTO stem_notes (job, state, at) VALUES (?, ?, ?)
       ON CONFLICT (job) DO UPDATE SET state = ifnull(excluded.state, state), at = excluded.at`,
    )
    .run(job, note.state ?? null, now);
  const lines = (note.log ?? []).slice(-LOG_LINES);
  if (lines.length === 0) return;
  let no = (store.value("SELECT max(no) FROM stem_logs WHERE job = ?").get(job) as number | null) ?? 0;
  const insert = store.sql("INSERT INTO stem_logs (job, no, at, line) VALUES (?, ?, ?, ?)");
  for (const line of lines) insert.run(job, ++no, now, line);
  store.sql("DELETE FROM stem_logs WHERE job = ? AND no <= ?").run(job, no - LOG_LINES);
}

/** What the job of an id has noted; undefined: nothing. */
export function notedBy(store: Store, id: string): Noted | undefined {
  const row = store.rows("SELECT n.job, n.state, n.at FROM jobs j JOIN stem_notes n ON n.job = j.seq WHERE j.id = ?").get(id) as
    [number, string | null, number] | undefined;
  if (row === undefined) return undefined;
  const [job, state, at] = row;
  const lines = store.rows("SELECT at, line FROM stem_logs WHERE job = ? ORDER BY no").all(job) as [number, string][];
  return { ...(state !== null && { state }), at, log: Array.from(lines, ([when, line]): LogLine => ({ at: when, line })) };
}

/** Forgets what a job has noted. */
export function forgetNotes(store: Store, job: number): void {
  store.sql("DELETE FROM stem_notes WHERE job = ?").run(job);
  store.sql("DELETE FROM stem_logs WHERE job = ?").run(job);
}
