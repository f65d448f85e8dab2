import type { Adapter } from "./adapter.js";

/**
 * The parts of an adapter that are verbs over its store.
 * A new member of `Adapter` is one, unless it is named here.
 */
type Part = Exclude<keyof Adapter, "name" | "capabilities" | "honours" | "schema" | "open" | "close" | "ping" | "diagnose" | "routedId">;

/** Every verb of the contract, by its part. A verb that is not listed here does not compile. */
export const VERBS: { readonly [P in Part]: Readonly<Record<keyof NonNullable<Adapter[P]>, true>> } = {
  broker: { enqueue: true, claim: true, settle: true },
  queues: { list: true, change: true },
  jobs: { get: true, list: true, count: true, change: true, prune: true },
  limits: { put: true, list: true },
  journal: { read: true, append: true, rewrite: true },
  events: { emit: true, list: true },
  schedules: { put: true, due: true, fire: true, list: true, change: true },
  locks: { acquire: true, renew: true, release: true },
  workers: { renew: true, leave: true, list: true, order: true },
  hints: { subscribe: true, control: true },
};

/**
 * The verbs that an adapter lacks, as `"jobs.change"`, in the order of the contract.
 * `limits` is lacking only in an adapter that says it honours fields of the kind `"track"`.
 */
export function lackingVerbs(adapter: Adapter): readonly string[] {
  const parts = adapter as unknown as Readonly<Record<string, Readonly<Record<string, unknown>> | undefined>>;
  return Object.entries(VERBS).flatMap(([part, verbs]) => {
    if (part === "limits" && parts[part] === undefined && adapter.honours?.has("track") !== true) return [];
    return Object.keys(verbs)
      .filter((verb) => typeof parts[part]?.[verb] !== "function")
      .map((verb) => `${part}.${verb}`);
  });
}
