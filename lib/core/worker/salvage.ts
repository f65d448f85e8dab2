import type { Broker, Settlement } from "../../contract/broker.js";
import { toFailure } from "../../contract/errors.js";

export interface Salvaged {
  /** How many of the settlements, from the first, are dealt with. */
  readonly done: number;
  readonly lost: readonly string[];
  /** By place: those that the store would not take and that were ended as dead letters instead. */
  readonly refused: ReadonlyMap<number, { readonly error: unknown }>;
  /** Present when it stopped early: what the store threw. */
  readonly error?: { readonly thrown: unknown };
}

/**
 * Settles one by one, for a batch that the store keeps failing although it is alive: a single ending it cannot write (a result it finds too large, a job to
 * enqueue that it refuses) must not hold up all others for ever. Such a job ends as a dead letter, cause `rejected`, that carries the store's words.
 * Stops at the first ending of which even the dead letter fails: then it is the store after all.
 */
export async function settleOneByOne(broker: Broker, settlements: readonly Settlement[]): Promise<Salvaged> {
  const lost: string[] = [];
  const refused = new Map<number, { readonly error: unknown }>();
  for (let i = 0; i < settlements.length; i++) {
    const settlement = settlements[i]!;
    try {
      lost.push(...(await broker.settle([settlement])).lost);
      continue;
    } catch (error) {
      refused.set(i, { error });
    }
    const { error } = refused.get(i)!;
    try {
      lost.push(...(await broker.settle([{ lease: settlement.lease, as: "failed", cause: "rejected", error: toFailure(error) }])).lost);
    } catch (thrown) {
      refused.delete(i);
      return { done: i, lost, refused, error: { thrown } };
    }
  }
  return { done: settlements.length, lost, refused };
}
