import type { Due } from "../../contract/schedules.js";
import { RUN_TIME } from "../../contract/schedules.js";
import type { Kit } from "../kit.js";
import { DECLARED } from "./schedule.js";

/**
 * Asks which schedules are due of those that a beat fires: the ones declared here, and all made at run time.
 * The store is asked by owner, so that the ids of many schedules do not travel at each turn. As soon as it
 * answers with a declared one that is not declared here, which is another app's or another version's, it is
 * asked by ids as well.
 */
export class DueSchedules {
  readonly #stem: Kit;
  readonly #ids: ReadonlySet<string>;
  #isAlone = true;

  /** @param ids of the schedules that are declared here */
  constructor(stem: Kit, ids: Iterable<string>) {
    this.#stem = stem;
    this.#ids = new Set(ids);
  }

  async ask(limit: number): Promise<Due> {
    const { schedules } = this.#stem.adapter;
    const owners = this.#ids.size > 0 ? [DECLARED] : [];
    if (this.#isAlone) {
      const due = await schedules.due(owners, limit);
      this.#isAlone = due.schedules.every(({ id, owner }) => owner === RUN_TIME || this.#ids.has(id));
      if (this.#isAlone) return due;
    }
    return schedules.due(owners, limit, { only: [...this.#ids] });
  }
}
