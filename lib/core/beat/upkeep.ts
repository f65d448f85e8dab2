import type { Due, Schedule, ScheduleFilter, Shot } from "../../contract/schedules.js";
import type { Kit } from "../kit.js";
import { everyItem } from "../pages.js";
import { nextSlot } from "./cron.js";
import { Rivals } from "./rivals.js";
import { DECLARED, isRemoved, storedPlanOf, type ScheduleDefinition, storedSchedule } from "./schedule.js";

/**
 * How often it looks at the schedules declared here.
 * The second is for the time while a schedule stands as another version declares it.
 */
const LOOK_MS = 60_000;
const RIVALS_MS = 10_000;
/** How often it looks at all schedules; those made at run time may be very many. */
const LOOK_AT_ALL_MS = 3_600_000;
/** The store's clock was put back if it shows this much less than before. */
const PUT_BACK_MS = 1_000;
/** A last slot this far in the future was fired by a clock that was ahead. */
const AHEAD_MS = 3_600_000;
/** How many schedules are moved at once. */
const SLICE = 100;
/** How many are stored, or asked for by id, at once. */
const PART = 1_000;

/**
 * Keeps the stored schedules in order:
 * - A schedule that is declared here and is not stored any more (the store was emptied or restored) is
 *   declared again.
 * - A schedule that stands as another version of the app declared it stays so while a beat of that version
 *   lives; then it is declared again.
 * - A schedule that stands at a moment that is not one of its times goes on at its next time: a clock that
 *   was ahead, or a beat that went by other times, had put it there.
 */
export class Upkeep {
  readonly rivals: Rivals;
  readonly #stem: Kit;
  readonly #declared: ReadonlyMap<string, ScheduleDefinition>;
  readonly #payloads: ReadonlyMap<string, string>;
  readonly #specs: ReadonlyMap<string, string>;
  #stored = false;
  /** Latest time of the store that was seen. */
  #seen = Number.NEGATIVE_INFINITY;
  #looksAt = Number.NEGATIVE_INFINITY;
  #looksAtAllAt = Number.NEGATIVE_INFINITY;

  /** @param payloads encoded, by the id of the schedule */
  constructor(stem: Kit, declared: ReadonlyMap<string, ScheduleDefinition>, payloads: ReadonlyMap<string, string>) {
    this.#stem = stem;
    this.#declared = declared;
    this.#payloads = payloads;
    this.#specs = new Map([...declared.values()].map((one) => [one.id, this.#toStore(one, 0).spec]));
    this.rivals = new Rivals(stem.adapter.hints, this.#specs);
  }

  /** Store time at which it will look again. */
  get looksAt(): number {
    return this.#looksAt;
  }

  /** Whether a schedule stands as it is declared here. */
  isOwn({ id, spec }: Schedule): boolean {
    return this.#specs.get(id) === spec;
  }

  /** Whether `declare` has been carried out. */
  get declared(): boolean {
    return this.#stored;
  }

  /** Stores the schedules declared here, and looks; one that is stored unchanged keeps its place. */
  async declare(now: number): Promise<void> {
    await this.#store([...this.#declared.keys()], now);
    await this.look(now);
    this.#stored = true;
  }

  /** Whether it is time to look, by the answer of `due`. */
  isTime({ schedules, nextDueAt, now }: Due): boolean {
    if (now < this.#seen - PUT_BACK_MS) this.#looksAt = this.#looksAtAllAt = now;
    this.#seen = now;
    // If nothing is due and nothing will be, everything may be lost.
    return now >= this.#looksAt || (this.#declared.size > 0 && schedules.length === 0 && nextDueAt === undefined);
  }

  /** @returns whether it changed what is due, or will be */
  async look(now: number): Promise<boolean> {
    const ids = [...this.#declared.keys()];
    const all = now >= this.#looksAtAllAt;
    const stored = await (all ? this.#list() : this.#listOf(ids));
    if (all) this.#looksAtAllAt = now + LOOK_AT_ALL_MS;
    const standing = new Map(stored.map((one) => [one.id, one]));
    const foreign = [...standing.values()].filter((one) => this.#declared.has(one.id) && !this.isOwn(one) && !isRemoved(one.spec));
    this.#looksAt = now + (foreign.length > 0 ? RIVALS_MS : LOOK_MS);
    const wanted = { missing: ids.filter((id) => !standing.has(id)), abandoned: this.rivals.abandoned(foreign) };
    // What a newer deployment has retired is not lost, and what it has stored is not left alone.
    const isStored = await this.#store([...wanted.missing, ...wanted.abandoned], now);
    const [lost, abandoned] = isStored ? [wanted.missing, wanted.abandoned] : [[], []];
    this.#say(lost, "lost from the store; the beat has declared it again");
    this.#say(abandoned, "stored by another version of the app, of which no beat is left; the beat has declared it again");
    const moved = await this.#heal(stored, now);
    return lost.length + abandoned.length + moved > 0;
  }

  #list(filter: ScheduleFilter = {}): Promise<readonly Schedule[]> {
    return everyItem((page) => this.#stem.adapter.schedules.list({ ...filter, ...page }));
  }

  async #listOf(ids: readonly string[]): Promise<readonly Schedule[]> {
    const found: Schedule[] = [];
    for (let i = 0; i < ids.length; i += PART) found.push(...(await this.#list({ ids: ids.slice(i, i + PART) })));
    return found;
  }

  /** @returns false: a newer deployment, which has retired schedules, refused them */
  async #store(ids: readonly string[], now: number): Promise<boolean> {
    for (let i = 0; i < ids.length; i += PART) {
      const schedules = ids.slice(i, i + PART).map((id) => this.#toStore(this.#declared.get(id)!, now));
      if (!(await this.#stem.adapter.schedules.put(schedules, { owner: DECLARED }))) return false;
    }
    return true;
  }

  #toStore(schedule: ScheduleDefinition, now: number) {
    return storedSchedule(schedule, this.#payloads.get(schedule.id)!, now);
  }

  /** @returns how many schedules it moved */
  async #heal(stored: readonly Schedule[], now: number): Promise<number> {
    let healed = 0;
    for (let i = 0; i < stored.length; i += SLICE) {
      if (i > 0) await new Promise<void>((resolve) => setImmediate(resolve));
      const moves = stored.slice(i, i + SLICE).flatMap((one) => healing(one, now) ?? []);
      if (moves.length === 0) continue;
      const answers = await this.#stem.adapter.schedules.fire(moves);
      const moved = moves.filter((_, at) => answers[at] !== "gone").map(({ id }) => id);
      this.#say(moved, "set to a moment that is not one of its times, as by a clock that was ahead; it goes on at its next one");
      healed += moved.length;
    }
    return healed;
  }

  #say(ids: readonly string[], what: string): void {
    if (ids.length === 0) return;
    const others = ids.length > 1 ? ` (and ${ids.length - 1} more)` : "";
    this.#stem.log.warn(`Schedule "${ids[0]}"${others} was ${what}.`);
  }
}

/**
 * The move of a schedule that stands at a future moment which is not its next slot.
 * Undefined: it stands where it should.
 */
function healing(stored: Schedule, now: number): Shot | undefined {
  const { id, spec, nextAt, lastAt, paused } = stored;
  if (paused || nextAt === undefined || nextAt <= now) return undefined;
  // A slot that was fired is not fired again, though the clock was put back a little since.
  const from = lastAt !== undefined && lastAt > now && lastAt - now <= AHEAD_MS ? lastAt : now;
  try {
    const right = nextSlot(storedPlanOf(stored), from);
    return right === undefined || right === nextAt ? undefined : { id, spec, slot: nextAt, nextAt: right };
  } catch {
    // Another program stored it. The beat logs that when it is due.
    return undefined;
  }
}
