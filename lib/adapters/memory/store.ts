import { StoreError, type At, type JobState } from "../../contract/index.js";
import { PendingHints } from "./hints.js";
import { Fifo } from "./order/fifo.js";
import { Heap } from "./order/heap.js";
import { Queue, type EventRow, type KeyRow, type KeyUntil, type LockRow, type Row, type ScheduleRow, type WorkerRow } from "./rows.js";

/** The tables of the memory adapter, and the few moves that keep them agreeing with one another. */
export class Store {
  readonly pending = new PendingHints();
  readonly #clock: () => number;
  #users = 0;

  rows = new Map<string, Row>();
  queues = new Map<string, Queue>();
  groups = new Map<string, Set<Row>>();
  workers = new Map<string, WorkerRow>();
  dead = new Set<Row>();
  newest: Row | undefined;
  /** Ended jobs by how long they are kept, in the order they ended. */
  kept = new Map<number, Fifo<Row>>();
  /** Ended jobs past their time that a job they link to may yet need. */
  needed = new Set<Row>();
  events = new Map<string, EventRow>();
  eventsByName = new Map<string, EventRow[]>();
  eventsByKey = new Map<string, EventRow[]>();
  eventRetention = new Heap<EventRow>();
  /** Parked jobs by what they wait for. */
  waiters = new Map<string, Set<Row>>();
  schedules = new Map<string, ScheduleRow>();
  /** The newest deployment of each owner that has retired schedules. */
  retired = new Map<string, number>();
  locks = new Map<string, LockRow>();
  /** Unique keys by queue and key. */
  keys = new Map<string, KeyRow>();
  keyRetention = new Heap<KeyUntil>();
  /** Last numbers given. */
  order = 0;
  eventSeq = 0;
  lockToken = 0;
  workerNo = 0;
  orderNo = 0;
  /** Jobs that the verb under way has ended without success, other than by their own settlement. */
  ended: Row[] = [];

  constructor(clock: () => number) {
    this.#clock = clock;
  }

  open(): void {
    this.#users++;
  }

  /** Forgets everything when the last user has closed. */
  close(): void {
    if (this.#users === 0 || --this.#users > 0) return;
    this.rows = new Map();
    this.queues = new Map();
    this.groups = new Map();
    this.workers = new Map();
    this.dead = new Set();
    this.newest = undefined;
    this.kept = new Map();
    this.needed = new Set();
    this.events = new Map();
    this.eventsByName = new Map();
    this.eventsByKey = new Map();
    this.eventRetention = new Heap();
    this.waiters = new Map();
    this.schedules = new Map();
    this.retired = new Map();
    this.locks = new Map();
    this.keys = new Map();
    this.keyRetention = new Heap();
  }

  /**
   * Runs one verb: nothing else happens between its first line and its last, and the hints it caused follow
   * it.
   * @throws {StoreError} `STEM_STORE_CLOSED`
   */
  step<T>(options: At | undefined, body: (now: number) => T): T {
    if (this.#users === 0)
      throw new StoreError(
        "STEM_STORE_CLOSED",
        "The memory store is not open.",
        "Call open() before using it, and close() after its last use.",
      );
    let done: T;
    try {
      done = body(options?.now ?? this.#clock());
    } catch (error) {
      this.ended = [];
      throw error;
    }
    this.pending.send();
    return done;
  }

  queue(name: string): Queue {
    let queue = this.queues.get(name);
    if (queue === undefined) this.queues.set(name, (queue = new Queue(name)));
    return queue;
  }

  add(row: Row): void {
    this.rows.set(row.id, row);
    row.older = this.newest;
    if (this.newest !== undefined) this.newest.newer = row;
    this.newest = row;
    row.queue.counts[row.state]++;
    row.queue.total++;
    if (row.group !== undefined) {
      const members = this.groups.get(row.group);
      if (members === undefined) this.groups.set(row.group, new Set([row]));
      else members.add(row);
    }
  }

  /** Changes the state; whoever calls has made sure that the table of moves permits it. */
  move(row: Row, to: JobState): void {
    const { counts } = row.queue;
    counts[row.state]--;
    counts[to]++;
    row.state = to;
  }

  /** Gives a job, which is filed nowhere, to another queue. */
  changeQueue(row: Row, name: string): void {
    const { queue } = row;
    const to = this.queue(name);
    if (to === queue) return;
    queue.counts[row.state]--;
    if (--queue.total === 0 && !queue.paused) this.queues.delete(queue.name);
    to.counts[row.state]++;
    to.total++;
    row.queue = to;
  }

  /** Takes a job out of wherever it is filed. The entry stays behind and is void. */
  unfile(row: Row): void {
    switch (row.place) {
      case "nowhere":
        return;
      case "line":
        row.ticket++;
        row.queue.line(row.priority).left();
        break;
      case "delayed":
        row.ticket++;
        row.queue.delayedCount--;
        row.queue.delayed.left();
        break;
      case "deadlines":
        row.ticket++;
        row.queue.deadlines.left();
        break;
      case "kept":
        row.ticket++;
        break;
    }
    row.place = "nowhere";
  }

  /** Moves what has come due from the delayed into the line. */
  promote(queue: Queue, now: number): void {
    for (let row = queue.delayed.peek(); row !== undefined && row.dueAt <= now; row = queue.delayed.peek()) {
      queue.delayed.drop();
      queue.delayedCount--;
      row.ticket++;
      queue.line(row.priority).push(row);
      row.place = "line";
    }
  }

  /** Files an ended job by how long it is kept. */
  keep(row: Row): void {
    const keepMs = keepMsOf(row);
    let line = this.kept.get(keepMs);
    if (line === undefined) this.kept.set(keepMs, (line = new Fifo()));
    line.push(row);
    row.place = "kept";
  }

  /** Whether a job this one links to is stored and may still want its input. */
  isNeeded(row: Row): boolean {
    return row.outs?.some(({ to }) => to.stored && to.state !== "succeeded") ?? false;
  }

  /** Whether a job has had its time, be it pruned or not: as good as forgotten. */
  isGone(row: Row, now: number): boolean {
    if (row.endedAt === undefined || row.endedAt + keepMsOf(row) > now) return false;
    return !(row.outs?.some(({ to }) => to.stored && to.state !== "succeeded" && !hasPassed(to, now)) ?? false);
  }

  /** The job of an id, unless it has had its time. */
  find(id: string, now: number): Row | undefined {
    const row = this.rows.get(id);
    return row === undefined || this.isGone(row, now) ? undefined : row;
  }

  setDead(row: Row, dead: boolean): void {
    if (dead === this.dead.has(row)) return;
    if (dead) this.dead.add(row);
    else this.dead.delete(row);
    row.queue.dead += dead ? 1 : -1;
  }
}

function keepMsOf(row: Row): number {
  return row.state === "succeeded" ? row.keepResultMs : row.keepFailedMs;
}

function hasPassed(row: Row, now: number): boolean {
  return row.endedAt !== undefined && row.endedAt + keepMsOf(row) <= now;
}
