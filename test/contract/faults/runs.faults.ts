import type { Entry, StoredEvent, Wake } from "../../../lib/contract/index.js";
import { both, changesOf, deliveriesAs, endingsAs, inChanges, inEvents, inJournal, inJobs, omit, settlementsAs, but } from "./fault.js";
import type { Fault, Faults } from "./fault.js";

const readAs = (change: (entries: readonly Entry[]) => readonly Entry[]): Fault =>
  inJournal(({ read }) => ({ read: async (ids, options) => (await read(ids, options)).map(change) }));
const wakesAs = (change: (wake: Wake) => Wake): Fault =>
  deliveriesAs((delivery) => (delivery.wake ? but(delivery, { wake: change(delivery.wake) }) : delivery));
const storedAs = (change: (events: readonly StoredEvent[]) => readonly StoredEvent[]): Fault =>
  inEvents(({ list }) => ({ list: async (filter, options) => change(await list(filter, options)) }));

export const runFaults: Faults = {
  "the journal is sorted by key": readAs((entries) => [...entries].sort((a, b) => (a.key < b.key ? -1 : 1))),
  "a journal is cut off after 500 entries": readAs((entries) => entries.slice(0, 500)),
  "a void entry has the value null": readAs((entries) => entries.map((entry) => Object.assign({ value: "null" }, entry))),
  "journals are read in the order of their ids": inJournal(({ read }) => ({
    read: (reads, options) =>
      read(
        [...reads].sort((a, b) => (a.id < b.id ? -1 : 1)),
        options,
      ),
  })),
  "journals are always read from the beginning": inJournal(({ read }) => ({
    read: (reads, options) =>
      read(
        reads.map(({ id }) => ({ id })),
        options,
      ),
  })),
  "journals are all read from where the first is": inJournal(({ read }) => ({
    read: (reads, options) =>
      read(
        reads.map((one) => ({ ...reads[0], ...one, after: reads[0]!.after ?? 0 })),
        options,
      ),
  })),
  "journals of unknown runs are left out": inJournal(({ read }) => ({
    read: async (ids, options) => (await read(ids, options)).filter((entries) => entries.length > 0),
  })),
  "a taken number is written anew": inJournal(({ append, read }) => {
    const values = new Map<string, string | undefined>();
    return {
      append: (writes, options) => {
        for (const { lease, journal = [] } of writes) for (const { seq, value } of journal) values.set(`${lease.jobId} ${seq}`, value);
        return append(writes, options);
      },
      read: async (ids, options) =>
        (await read(ids, options)).map((entries, i) =>
          entries.map((entry) => {
            const value = values.get(`${ids[i]!.id} ${entry.seq}`);
            return value === undefined ? entry : Object.assign({}, entry, { value });
          }),
        ),
    };
  }),
  "lost journal writes are not reported": inJournal(({ append }) => ({
    append: async (writes, options) => {
      await append(writes, options);
      return { lost: [] };
    },
  })),
  "one stale journal write refuses the others": inJournal(({ append }, { jobs }) => ({
    append: async (writes, options) => {
      const records = await jobs.get(
        writes.map(({ lease }) => lease.jobId),
        options,
      );
      return records.every((record) => record?.state === "active")
        ? append(writes, options)
        : { lost: writes.map(({ lease }) => lease.jobId) };
    },
  })),
  "entries of a settlement are dropped": settlementsAs((settlement) => omit(settlement, "journal") as typeof settlement),
  "deliveries always say they have a journal": deliveriesAs((delivery) => but(delivery, { journaled: true })),
  "deliveries never say they have a journal": deliveriesAs((delivery) => but(delivery, { journaled: false })),
  "a journal outlives its record": inJournal(({ read }) => {
    const seen = new Map<string, readonly Entry[]>();
    return {
      read: async (ids, options) =>
        (await read(ids, options)).map((entries, i) => {
          if (entries.length > 0) seen.set(ids[i]!.id, entries);
          return entries.length > 0 ? entries : (seen.get(ids[i]!.id) ?? []);
        }),
    };
  }),
  "a new run of an id finds the journal of the old": inJournal(({ read }) => ({
    read: async (ids, options) => (await read(ids, options)).map((entries) => (entries.length > 0 ? entries : [FOREIGN])),
  })),
  "emit stores, and wakes nobody": inEvents(({ emit }) => ({
    emit: async (events, options) => {
      const elsewhere = await emit(
        events.map((event) => ({ ...event, key: `${event.key} elsewhere` })),
        options,
      );
      return elsewhere;
    },
  })),
  "events are not kept": inEvents(({ emit }) => ({
    emit: (events, options) =>
      emit(
        events.map((event) => but(event, { keepMs: 0 })),
        options,
      ),
  })),
  "a park looks for no events": endingsAs((ending) =>
    ending.as === "parked" ? { ...ending, waits: ending.waits.map((wait) => but(wait, { after: 1e9 })) } : ending,
  ),
  "a wake without a payload has the payload null": wakesAs((wake) => (wake.by === "event" ? { payload: "null", ...wake } : wake)),
  "keys of events are ignored": both(
    inEvents(({ emit, list }) => ({
      emit: (events, options) =>
        emit(
          events.map((event) => but(event, { key: "" })),
          options,
        ),
      list: ({ name }, options) => list({ name }, options),
    })),
    endingsAs((ending) => (ending.as === "parked" ? { ...ending, waits: ending.waits.map((wait) => but(wait, { key: "" })) } : ending)),
  ),
  "only the first wait counts": endingsAs((ending) => (ending.as === "parked" ? { ...ending, waits: ending.waits.slice(0, 1) } : ending)),
  "the cursor of a wait is ignored": endingsAs((ending) =>
    ending.as === "parked" ? { ...ending, waits: ending.waits.map((wait) => but(wait, { after: 0 })) } : ending,
  ),
  "the wake goes with the first delivery": (adapter) => {
    const told = new Set<string>();
    return deliveriesAs((delivery) => {
      if (!delivery.wake || !told.has(delivery.job.id)) {
        if (delivery.wake) told.add(delivery.job.id);
        return delivery;
      }
      return omit(delivery, "wake");
    })(adapter);
  },
  "whatever was lent has begun": endingsAs((ending) => omit(ending as typeof ending & { begun?: false }, "begun") as typeof ending),
  "deadlines are ignored": endingsAs((ending) => (ending.as === "parked" ? omit(ending, "deadline") : ending)),
  "a park ends after a second at the latest": endingsAs((ending) =>
    ending.as === "parked" ? { ...ending, deadline: ending.deadline ?? Date.UTC(2026, 0, 1) + 1_000 } : ending,
  ),
  "a park without waits ends at once": endingsAs((ending) =>
    ending.as === "parked" && ending.waits.length === 0 ? { as: "ready", attempt: "returned" } : ending,
  ),
  "emit tells of every job that ever waited": inEvents(({ emit }, { jobs }) => ({
    emit: async (events, options) => {
      const cancelled = (await jobs.list({ state: "cancelled" }, options)).items;
      const emitted = await emit(events, options);
      return { ...emitted, woken: [...emitted.woken, ...cancelled.map(({ id }) => id)] };
    },
  })),
  "an event id is never known": inEvents(({ emit }) => {
    let serial = 0;
    return {
      emit: (events, options) =>
        emit(
          events.map((event) => ({ ...event, id: `${event.id} ${++serial}` })),
          options,
        ),
    };
  }),
  "events are listed latest first": storedAs((events) => [...events].toReversed()),
  "events after a number are listed from the first on": inEvents(({ list }) => ({
    list: (filter, options) => list(omit(filter, "after") as typeof filter, options),
  })),
  "an event that is not kept is kept for a moment": inEvents(({ emit }) => ({
    emit: (events, options) =>
      emit(
        events.map((event) => but(event, { keepMs: event.keepMs || 1 })),
        options,
      ),
  })),
  "events are kept for ever": inEvents(({ emit }) => ({
    emit: (events, options) =>
      emit(
        events.map((event) => but(event, { keepMs: 1e12 })),
        options,
      ),
  })),
  "event numbers start again": both(
    wakesAs((wake) => (wake.by === "event" ? { ...wake, seq: 1 } : wake)),
    storedAs((events) => events.map((event) => Object.assign({}, event, { seq: 1 }))),
  ),
  "of two events the later is the wake": inEvents(({ emit }) => ({ emit: (events, options) => emit([...events].toReversed(), options) })),
  "a cancelled run keeps waiting": inEvents(({ emit }, { jobs }) => ({
    emit: async (events, options) => {
      const cancelled = (await jobs.list({ state: "cancelled" }, options)).items;
      await changesOf(jobs).retry(
        cancelled.map(({ id }) => id),
        options,
      );
      return emit(events, options);
    },
  })),
  "prune forgets no events": inJobs(() => ({ prune: async () => 0 })),
  "a retry forgets the journal": inChanges(({ retry, purge }, { broker, jobs }) => ({
    retry: async (ids, options) => {
      const records = await jobs.get(ids, options);
      await purge({ ids, dead: true }, options);
      await broker.enqueue(
        records.flatMap((record) => (record ? [{ id: record.id, task: record.task, queue: record.queue, payload: record.payload }] : [])),
        options,
      );
      return retry(ids, options);
    },
  })),
};

const FOREIGN: Entry = { seq: 1, key: "old", kind: "step", state: "done", at: 0 };
