import type { At } from "./at.js";

/**
 * Shared ceilings, respected inside `claim` and given back inside `settle`: a limited job stays in line.
 * Offered where `capabilities.limits` is true.
 */
export interface Limits {
  put(limits: readonly Limit[], options?: At): Promise<void>;
  usage(keys: readonly string[], options?: At): Promise<readonly LimitUsage[]>;
}

export type Limit =
  /** At most `max` jobs of this key at once. */
  | { readonly key: string; readonly kind: "concurrency"; readonly max: number }
  /** A token bucket: `max` starts per `perMs`, refilled evenly. */
  | { readonly key: string; readonly kind: "rate"; readonly max: number; readonly perMs: number };

export interface LimitUsage {
  readonly key: string;
  /** Jobs running, or tokens taken. */
  readonly used: number;
  readonly max: number;
  /** When one more fits, if none does now. */
  readonly freeAt?: number;
}
