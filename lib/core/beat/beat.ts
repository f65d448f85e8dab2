import type { Schedule, Shot } from "../../contract/schedules.js";
import { bytesOf } from "../../contract/size.js";
import { IdTakenError } from "../../contract/taken.js";
import type { Kit } from "../kit.js";
import { Portion } from "../../contract/portion.js";
import { keepAlive } from "../timers.js";
import { hasRefused, isClosed } from "../worker/outage.js";
import { describe } from "../log/describe.js";
import { stoppedError } from "../worker/stopped.js";
import { nextSlot } from "./cron.js";
import { DueSchedules } from "./due.js";
import { storedPlanOf, type ScheduleDefinition, SCHEDULED, slotId } from "./schedule.js";
import { Upkeep } from "./upkeep.js";

export type { ScheduleDefinition } from "./schedule.js";

/** How many slots are fired in one call of the store. */
const BATCH = 100;
/**
 * Never sleeps longer, so that a schedule that was made, resumed or changed elsewhere is noticed also when
 * the hint of it was lost.
 */
const LONGEST_SLEEP_MS = 60_000;
const FIRST_BACKOFF_MS = 100;
const LONGEST_BACKOFF_MS = 5_000;

/**
 * A schedule whose job could not be made: its plan cannot be read (a newer version stored it), or what makes
 * the job failed.
 */
interface PutOff {
  readonly nextAt: number;
  readonly spec: string;
  readonly failures: number;
  /** Store time before which it is not tried again. */
  readonly until: number;
}

/**
 * Fires schedules: turns each slot that has come into one job. Any number of beats may run on one store; none
 * is the leader, a slot belongs to whoever moves it first. Slots that were missed while no beat ran are
 * caught up by one job, not by one each.
 *
 * Fires the schedules it is given, which are those declared in the code, and all that were made at run time
 * (`TaskClient.schedule`), by whichever process.
 */
export class Beat {
  readonly #stem: Kit;
  readonly #schedules: ReadonlyMap<string, ScheduleDefinition>;
  readonly #due: DueSchedules;
  #starting: Promise<void> | undefined;
  #running: Promise<void> | undefined;
  #upkeep!: Upkeep;
  #failures = 0;
  /** By id. They stay due, for another beat may be able to fire them, and hold up no other schedule. */
  readonly #putOff = new Map<string, PutOff>();
  /** Schedules come, and their jobs go, with their payloads. */
  readonly #portion = new Portion();
  #stopping = false;
  #wake: () => void = () => {};
  /** Store time at which it will look again. */
  #wakesAt = 0;
  /** Something was scheduled for sooner since it last looked. */
  #told = false;

  constructor(parts: { readonly stem: Kit; readonly schedules: readonly ScheduleDefinition[] }) {
    this.#stem = parts.stem;
    this.#schedules = new Map(parts.schedules.map((schedule) => [schedule.id, schedule]));
    this.#due = new DueSchedules(this.#stem, this.#schedules.keys());
  }

  /**
   * Stores its schedules (one that is stored unchanged keeps its place) and begins to fire. Resolves also
   * when the store does not answer: the beat then begins as soon as it does. Repeated calls share one start.
   *
   * @throws {StemError} `STEM_CLOSED` after `stop`; a schedule's expression or job cannot be right:
   *   `STEM_CRON_INVALID`, unknown task, payload that cannot travel
   */
  start(): Promise<void> {
    if (this.#stopping) return Promise.reject(stoppedError("beat"));
    return (this.#starting ??= this.#start());
  }

  /** Stops; resolves when no call to the store is under way any more. Idempotent. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#wake();
    await this.#starting?.catch(() => {});
    await this.#running;
  }

  async #start(): Promise<void> {
    // Texts of the payloads are part of what tells a changed schedule from an unchanged one.
    const payloads = new Map<string, string>();
    for (const schedule of this.#schedules.values()) {
      nextSlot(schedule, 0);
      const { task, payload, options } = schedule;
      payloads.set(schedule.id, (await this.#stem.draft(task, payload, { ...options, id: slotId(schedule.id, 0) })).payload);
    }
    this.#upkeep = new Upkeep(this.#stem, this.#schedules, payloads);
    if (this.#stopping) return;
    // A store that fails here fails in the first turn of the loop too, which knows what to do then.
    await this.#declare().catch(() => {});
    this.#running = this.#run();
  }

  async #declare(): Promise<void> {
    await this.#upkeep.declare((await this.#due.ask(1)).now);
  }

  async #run(): Promise<void> {
    const letGo = keepAlive();
    const unsubscribe = this.#listen();
    try {
      while (!this.#stopping) {
        try {
          await this.#turn();
        } catch (error) {
          if (isClosed(error)) {
            this.#stem.log.error(`The adapter was closed while the beat ran; it fires no more: ${describe(error)}`);
            return;
          }
          await this.#fail(error, `The beat ${hasRefused(error) ? "was refused by" : "cannot reach"} the store; it goes on by itself.`);
        }
      }
    } finally {
      unsubscribe();
      letGo();
    }
  }

  #listen(): () => void {
    return this.#stem.adapter.hints.subscribe(
      (hint) => {
        this.#upkeep.rivals.hear(hint);
        if (hint.kind !== "control" || hint.topic !== SCHEDULED || Number(hint.message) >= this.#wakesAt) return;
        this.#told = true;
        this.#wake();
      },
      ["control"],
    );
  }

  async #turn(): Promise<void> {
    if (!this.#upkeep.declared) await this.#declare();
    // Whatever is scheduled while the store is asked may have come too late for the answer.
    this.#wakesAt = Number.POSITIVE_INFINITY;
    this.#told = false;
    const limit = this.#portion.of(BATCH) + this.#putOff.size;
    const due = await this.#due.ask(limit);
    this.#portion.came(
      due.schedules.length,
      due.schedules.reduce((bytes, { spec }) => bytes + bytesOf(spec), 0),
    );
    const { now } = due;
    if (this.#upkeep.isTime(due) && (await this.#upkeep.look(now))) return;
    const ready = due.schedules.filter((one) => !this.#isPutOff(one, now)).slice(0, BATCH);
    if (due.schedules.length < limit) this.#forgetOthers(due.schedules);
    if (ready.length > 0) return this.#fire(ready, now);
    this.#failures = 0;
    const tries = [...this.#putOff.values()].map(({ until }) => until);
    this.#wakesAt = Math.min(due.nextDueAt ?? Number.POSITIVE_INFINITY, now + LONGEST_SLEEP_MS, this.#upkeep.looksAt, ...tries);
    if (!this.#told) await this.#sleep(this.#wakesAt - now);
  }

  async #fire(schedules: readonly Schedule[], now: number): Promise<void> {
    const shots: Shot[] = [];
    for (const stored of schedules) {
      try {
        shots.push(await this.#shot(stored, now));
        this.#putOff.delete(stored.id);
      } catch (error) {
        this.#putOffFor(stored, now, error);
      }
    }
    if (shots.length > 0) {
      const fired = await this.#stem.adapter.schedules.fire(shots);
      const taken = await this.#taken(shots.filter((_, i) => fired[i] === "known"));
      this.#tell(
        shots.filter((shot, i) => fired[i] !== "gone" && !taken.has(shot)),
        now,
      );
    }
    this.#failures = 0;
  }

  #putOffFor(stored: Schedule, now: number, error: unknown): void {
    const { id, spec, nextAt } = stored;
    const before = this.#putOff.get(id);
    const failures = before?.spec === spec ? before.failures : 0;
    // What another version of the app declared, and this one does not know, is for its beats to fire.
    const theirs = this.#schedules.has(id) && !this.#upkeep.isOwn(stored);
    const retryInMs = Math.min(LONGEST_SLEEP_MS, FIRST_BACKOFF_MS * 2 ** failures);
    this.#putOff.set(id, { nextAt: nextAt!, spec, failures: failures + 1, until: now + retryInMs });
    if (theirs) return;
    if (failures === 0) this.#stem.log.error(`Schedule "${id}" cannot fire; it is tried again, and the others fire: ${describe(error)}`);
    this.#stem.signals.tell("beat:error", { error, retryInMs });
  }

  /** False also if it is no longer what could not be fired. */
  #isPutOff({ id, spec, nextAt }: Schedule, now: number): boolean {
    const known = this.#putOff.get(id);
    return known !== undefined && known.until > now && known.spec === spec && known.nextAt === nextAt;
  }

  /** @param due all that are due */
  #forgetOthers(due: readonly Schedule[]): void {
    if (this.#putOff.size === 0) return;
    const ids = new Set(due.map(({ id }) => id));
    for (const id of this.#putOff.keys()) if (!ids.has(id)) this.#putOff.delete(id);
  }

  /**
   * The shots whose slot has passed, and nothing runs, as another task's job has the id: that is said.
   *
   * @param known shots whose job's id was stored already
   */
  async #taken(known: readonly Shot[]): Promise<ReadonlySet<Shot>> {
    const taken = new Set<Shot>();
    if (known.length === 0) return taken;
    const records = await this.#stem.adapter.jobs.get(known.map(({ id, job }) => job?.id ?? id)).catch(() => []);
    for (const [i, shot] of known.entries()) {
      const { id, slot, job } = shot;
      const holder = records[i]?.task;
      if (job === undefined || holder === undefined || holder === job.task) continue;
      const error = new IdTakenError(job.id, job.task, holder);
      const at = new Date(slot).toISOString();
      this.#stem.log.error(`The slot ${at} of schedule "${id}" has passed without a job, and the next comes as ever: ${describe(error)}`);
      this.#stem.signals.tell("beat:error", { error, retryInMs: 0 });
      taken.add(shot);
    }
    return taken;
  }

  #tell(shots: readonly Shot[], now: number): void {
    const { signals } = this.#stem;
    if (!signals.has("schedule:fired")) return;
    for (const { id, slot, job } of shots) {
      if (job !== undefined) signals.tell("schedule:fired", { schedule: id, slot: new Date(slot), jobId: job.id, lateMs: now - slot });
    }
  }

  /**
   * The job of the slot a schedule stands at, and where it goes from there: past what was missed, which this
   * one job makes up for. All of it by what is stored: what is declared here may be another version's times
   * by now.
   */
  async #shot(stored: Schedule, now: number): Promise<Shot> {
    const { id, spec } = stored;
    const slot = stored.nextAt!;
    const plan = storedPlanOf(stored);
    const nextAt = nextSlot(plan, Math.max(slot, now));
    const job = await this.#stem.draftEncoded(plan.task, plan.payload, { ...plan.options, id: slotId(id, slot) });
    return { id, slot, nextAt, spec, job };
  }

  async #fail(error: unknown, what: string): Promise<void> {
    const retryInMs = Math.min(LONGEST_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** this.#failures);
    if (this.#failures++ === 0) this.#stem.log.error(`${what} ${describe(error)}`);
    this.#stem.signals.tell("beat:error", { error, retryInMs });
    await this.#sleep(retryInMs);
  }

  #sleep(ms: number): Promise<void> {
    if (this.#stopping) return Promise.resolve();
    return new Promise((resolve) => {
      const cancel = this.#stem.clock.after(Math.max(0, ms), resolve);
      this.#wake = () => {
        cancel();
        resolve();
      };
    });
  }
}
