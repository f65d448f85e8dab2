import { inputEnded, type DeathCause, type Failure, type FinalState } from "../../contract/index.js";

/** The fields of a job that are needed to end it without success. */
export interface DeadEnd {
  readonly seq: number;
  readonly id: string;
  readonly links: number;
  readonly attempts: number;
  readonly fence: number;
  readonly startedAt: number | null;
  readonly keepFailed: number | null;
  readonly state: "failed" | "cancelled" | "expired";
  readonly cause: DeathCause | null;
  readonly error: Failure;
  /** By its own settlement, of which its worker knows. */
  readonly own?: true;
}

/** A job that has ended and whose links have not been followed yet. */
export type Loose = { readonly seq: number; readonly id: string } & (
  { readonly state: "succeeded" } | { readonly state: "failed" | "cancelled" | "expired"; readonly error: Failure }
);

/** The result or failure of an ended job, by its state and the text of its error. */
export function looseOf(seq: number, id: string, state: FinalState, error: string | null): Loose {
  return state === "succeeded" ? { seq, id, state } : { seq, id, state, error: JSON.parse(error!) as Failure };
}

/** What has come to a job that waits for others, in one batch. */
export interface Arrivals {
  arrived: number;
  failed: number;
  /** The first end because of which it fails. */
  by: Exclude<Loose, { readonly state: "succeeded" }> | undefined;
}

/** Counts an end as an input of the job that waits for it; `goesOn`: that one takes failures, too. */
export function arriveAt(targets: Map<number, Arrivals>, to: number, from: Loose, goesOn: boolean): void {
  let target = targets.get(to);
  if (target === undefined) targets.set(to, (target = { arrived: 0, failed: 0, by: undefined }));
  target.arrived++;
  if (from.state === "succeeded" || goesOn) return;
  target.failed++;
  target.by ??= from;
}

/** How a job ends because an input ended so. */
export function endOfInput({ id, state, error }: NonNullable<Arrivals["by"]>): Pick<DeadEnd, "state" | "cause" | "error"> {
  return { state: state === "cancelled" ? "cancelled" : "failed", cause: "input", error: inputEnded(id, state, error) };
}
