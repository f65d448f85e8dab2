import type { Broker, Settlement } from "../../contract/broker.js";
import { toFailure } from "../../contract/thrown.js";
import type { Ends } from "../telemetry/ends.js";

export interface Salvaged {
  /**
   * By place: the result of each settlement that is dealt with.
   * `refused`: the store refused it, and the job was ended as a dead letter instead.
   */
  readonly dealt: ReadonlyMap<number, { readonly lost: boolean; readonly refused?: unknown }>;
  /** The store's error for the first that is not dealt with, if any. */
  readonly error?: { readonly thrown: unknown };
}

/**
 * Settles one by one, for a batch that the store keeps failing although it is alive.
 * A single ending that it cannot write (a result it finds too large, a job to enqueue that it refuses) must
 * not hold up all others for ever. Stops after two failures in a row: then the store itself fails.
 *
 * @param judge true: an ending that still fails becomes a dead letter, cause `rejected`, with the store's
 * error, unless that fails too. False: it is left for another try, since a store that was only busy must not
 * cost a job its result.
 */
export async function settleOneByOne(
  { broker, ends }: { readonly broker: Broker; readonly ends: Pick<Ends, "tell"> },
  settlements: readonly Settlement[],
  judge: boolean,
): Promise<Salvaged> {
  const dealt = new Map<number, { readonly lost: boolean; readonly refused?: unknown }>();
  const settle = async (settlement: Settlement): Promise<boolean> => {
    const { lost, ended } = await broker.settle([settlement]);
    ends.tell(ended);
    return lost.length > 0;
  };
  let error: { readonly thrown: unknown } | undefined;
  let failures = 0;
  for (const [i, settlement] of settlements.entries()) {
    if (failures === 2) break;
    try {
      dealt.set(i, { lost: await settle(settlement) });
      failures = 0;
    } catch (thrown) {
      const dead: Settlement = { lease: settlement.lease, as: "failed", cause: "rejected", error: toFailure(thrown) };
      const lost = judge ? await settle(dead).catch(() => undefined) : undefined;
      if (lost !== undefined) dealt.set(i, { lost, refused: thrown });
      failures = lost === undefined ? failures + 1 : 0;
      if (lost === undefined) error ??= { thrown };
    }
  }
  return error === undefined ? { dealt } : { dealt, error };
}
