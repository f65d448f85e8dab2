import type { Along, GetOptions, JobRecord, Note, Noted } from "../../../lib/contract/index.js";
import { alongAs, both, inBroker, inJobs, inJournal, omit } from "./fault.js";
import type { Fault, Faults } from "./fault.js";

const notesAs = (change: (note: Note) => Note | undefined): Fault =>
  alongAs((along) => {
    if (along.note === undefined) return along;
    const note = change(along.note);
    return note === undefined ? (omit(along, "note") as typeof along) : { ...along, note };
  });

/** Records are read with other notes than there are. */
const readAs = (
  change: (record: JobRecord, id: string) => Noted | undefined,
  asked: (options: GetOptions | undefined) => GetOptions | undefined = (options) => options,
): Fault =>
  inJobs(({ get }) => ({
    get: async (ids, options) =>
      (await get(ids, asked(options))).map((record, i) => {
        if (record === undefined) return undefined;
        const note = change(record, ids[i]!);
        return { ...omit(record, "note"), ...(note !== undefined && { note }) };
      }),
  }));

/** Notes of leases that have gone are kept all the same. */
const lostAreKept: Fault = (adapter) => {
  const sent = new Map<string, Noted>();
  const keep = ({ note }: Along, id: string): void => {
    if (note !== undefined) sent.set(id, { at: 0, log: [], ...(note.state !== undefined && { state: note.state }) });
  };
  return both(
    inBroker(({ settle }) => ({
      async settle(settlements, next, options) {
        const settled = await settle(settlements, next, options);
        for (const settlement of settlements) if (settled.lost.includes(settlement.lease.jobId)) keep(settlement, settlement.lease.jobId);
        return settled;
      },
    })),
    inJournal(({ append }) => ({
      async append(writes, options) {
        const appended = await append(writes, options);
        for (const write of writes) if (appended.lost.includes(write.lease.jobId)) keep(write, write.lease.jobId);
        return appended;
      },
    })),
    readAs(({ note }, id) => note ?? sent.get(id)),
  )(adapter);
};

export const noteFaults: Faults = {
  "notes are not kept": notesAs(() => undefined),
  "a note is read whether it is asked for or not": readAs(
    ({ note }) => note,
    (options) => ({ ...options, with: ["note"] }),
  ),
  "a state stays as it was first": (adapter) => {
    const states = new Map<string, string>();
    return readAs(({ note }, id) => {
      if (note?.state === undefined) return note;
      if (!states.has(id)) states.set(id, note.state);
      return { ...note, state: states.get(id)! };
    })(adapter);
  },
  "the last line of a log is all there is": readAs(({ note }) => note && { ...note, log: note.log.slice(-1) }),
  "a log keeps a hundred lines": readAs(({ note }) => note && { ...note, log: note.log.slice(-100) }),
  "a log is read from its end": readAs(({ note }) => note && { ...note, log: note.log.toReversed() }),
  "a note is gone when a worker has come back": readAs(({ note, state }) => (state === "active" ? note : undefined)),
  "a note outlives its life": (adapter) => {
    const notes = new Map<string, Noted>();
    return readAs(({ note }, id) => {
      if (note !== undefined) notes.set(id, note);
      return notes.get(id);
    })(adapter);
  },
  "a lost write still leaves its note": lostAreKept,
  "notes are mended and cut": notesAs((note) => ({
    ...(note?.state !== undefined && { state: String(note.state).toWellFormed().slice(0, 65_536) }),
    ...(Array.isArray(note?.log) && { log: note.log.map((line) => String(line).replaceAll("\0", "").slice(0, 4_000)) }),
  })),
  "what is not known is not read": inJobs(({ get }) => ({
    get: (ids, options) => get(ids, options?.with?.includes("note") === true ? options : omit(options ?? {}, "with")),
  })),
};
