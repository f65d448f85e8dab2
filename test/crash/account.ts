import { FATES, type Note } from "./ledger.js";
import type { Fleet } from "./rig.js";

/** Figures of one settled account. */
export interface Account {
  readonly jobs: number;
  readonly starts: number;
  /** Starts beyond the first of a job that were not a retry the handler asked for. */
  readonly extraRuns: number;
  /** Starts cut short by the death of their worker. */
  readonly cut: number;
  /** Attempts whose worker was told that the job is not its own any more. */
  readonly lost: number;
  readonly lapses: number;
}

/**
 * Settles the ledger against the store. Every job accepted has to stand in its one final state with the right
 * result; every start of a handler has exactly one fate, unless its worker was killed; and at most one worker
 * was ever told that the job succeeded.
 *
 * @param expected what each job has to return, by id; default: what producers wrote down as accepted
 * @throws with every discrepancy, if there is any
 */
export async function account(fleet: Fleet, expected: ReadonlyMap<string, unknown> = fleet.ledger.accepted()): Promise<Account> {
  const wrong: string[] = [];
  const notes = fleet.ledger.notes();
  const unfinished = await fleet.unfinished();
  if (unfinished > 0) wrong.push(`${unfinished} jobs have not ended`);

  const ids = [...expected.keys()];
  let lapses = 0;
  for (let from = 0; from < ids.length; from += 500) {
    const part = ids.slice(from, from + 500);
    (await fleet.adapter.jobs.get(part)).forEach((record, i) => {
      const id = part[i]!;
      const right = JSON.stringify(expected.get(id));
      if (record === undefined) return wrong.push(`${id} was accepted and is gone`);
      lapses += record.lapses;
      if (record.state !== "succeeded") wrong.push(`${id} is ${record.state} (${record.cause}: ${record.error?.message})`);
      else if (record.result !== right) wrong.push(`${id} returned ${short(record.result)}, not ${short(right)}`);
    });
  }

  const { tallies, faulted } = tally(notes, fleet.killed);
  let [starts, extraRuns, cut, lost] = [0, 0, 0, 0];
  for (const id of new Set([...ids, ...tallies.keys()])) {
    const { byPid, succeeded, retried, parked } = tallies.get(id) ?? EMPTY;
    let runs = 0;
    let silent = 0;
    for (const [pid, { started, ended, gone }] of byPid) {
      runs += started;
      lost += gone;
      if (started < ended) wrong.push(`${id} ended ${ended} times in process ${pid}, which started it ${started} times`);
      if (started > ended && !faulted.has(pid)) wrong.push(`${id} started ${started} times in process ${pid}, and ended ${ended} times`);
      silent += Math.max(0, started - ended);
    }
    if (runs === 0) wrong.push(`${id} never ran`);
    if (succeeded > 1) wrong.push(`${succeeded} workers were told that ${id} has succeeded`);
    // Where the store was away, the worker may have heard of its success only that the lease had gone.
    const unheard = fleet.outages > 0 && [...byPid.values()].some(({ gone }) => gone > 0);
    if (succeeded === 0 && silent === 0 && !unheard && expected.has(id))
      wrong.push(`${id} succeeded without a worker that could have done it`);
    starts += runs;
    cut += silent;
    extraRuns += runs - 1 - retried - parked;
  }
  if (wrong.length > 0)
    throw new Error(
      `The account does not add up in ${wrong.length} places:\n  ${wrong.slice(0, 20).join("\n  ")}\n${storyOf(wrong, notes)}`,
    );
  return { jobs: ids.length, starts, extraRuns, cut, lost, lapses };
}

function short(text: string | undefined): string {
  return text === undefined || text.length <= 120 ? String(text) : `${text.slice(0, 120)}…`;
}

interface Tally {
  readonly byPid: Map<number, { started: number; ended: number; gone: number }>;
  succeeded: number;
  retried: number;
  parked: number;
}

const EMPTY: Tally = { byPid: new Map(), succeeded: 0, retried: 0, parked: 0 };

function tally(notes: readonly Note[], killed: ReadonlySet<number>): { tallies: Map<string, Tally>; faulted: ReadonlySet<number> } {
  const tallies = new Map<string, Tally>();
  const faulted = new Set(killed);
  for (const note of notes) {
    if (note.what === "dies") faulted.add(note.pid);
    const fate = (FATES as readonly string[]).includes(note.what);
    if (note.what !== "start" && !fate) continue;
    const { id, pid, what } = note as Extract<Note, { readonly what: "start" }>;
    let row = tallies.get(id);
    if (row === undefined) tallies.set(id, (row = { byPid: new Map(), succeeded: 0, retried: 0, parked: 0 }));
    let here = row.byPid.get(pid);
    if (here === undefined) row.byPid.set(pid, (here = { started: 0, ended: 0, gone: 0 }));
    const unbegun = (what as string) === "released" && here.started === here.ended;
    if (unbegun) continue;
    if (what === "start") here.started++;
    else here.ended++;
    const how: string = what;
    if (how === "lost") here.gone++;
    if (how === "succeeded") row.succeeded++;
    if (how === "retried") row.retried++;
    if (how === "parked" || how === "snoozed" || how === "released") row.parked++;
  }
  return { tallies, faulted };
}

/** The life of the first job that is named in a discrepancy. */
function storyOf(wrong: readonly string[], notes: readonly Note[]): string {
  const id = wrong.map((line) => line.split(" ").find((word) => notes.some((note) => "id" in note && note.id === word))).find(Boolean);
  return notes
    .filter((note) => "id" in note && note.id === id)
    .map((note) => `    ${JSON.stringify(note)}`)
    .join("\n");
}
