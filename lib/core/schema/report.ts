import { show } from "./describe.js";

/** Why a value is refused at one place. */
export interface Issue {
  /** Below the value: `.order.lines[3].qty`; `""` for itself. */
  readonly path: string;
  /** `an integer ≥ 1` */
  readonly expected: string;
  /** `"two"` */
  readonly got: string;
}

/** Issues kept of one value, so that a list of a million wrong numbers does not fill the memory. */
const MOST = 1_000;

/** Collects the faults of a value. */
export class Report {
  readonly issues: Issue[] = [];
  readonly #path: string[];

  constructor(path: readonly string[] = []) {
    this.#path = [...path];
  }

  /** The present place. */
  get path(): string {
    return this.#path.join("");
  }

  /** Goes one step down for `check`. */
  under(step: string, check: Check, value: unknown): boolean {
    this.#path.push(step);
    const fits = check(value, this);
    this.#path.pop();
    return fits;
  }

  /** @returns false, for callers that return it */
  refuse(expected: string, value: unknown): false {
    if (this.issues.length < MOST) this.issues.push({ path: this.path, expected, got: show(value) });
    return false;
  }

  /** A separate report from the same place on, for one of several possibilities. */
  branch(): Report {
    return new Report(this.#path);
  }

  take(issues: readonly Issue[]): false {
    this.issues.push(...issues.slice(0, MOST - this.issues.length));
    return false;
  }
}

/** True if the value fits. Without a report it stops at the first fault; with one it reports all of them. */
export type Check = (value: unknown, report: Report | undefined) => boolean;
