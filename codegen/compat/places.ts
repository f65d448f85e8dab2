import { breaks, type Change } from "./change.js";

interface Placed {
  readonly queue?: string;
  readonly instance?: string;
}

/** Jobs do not move with their handler from queue to queue. */
export function queue(subject: string, from: Placed, to: Placed, source: string | undefined): readonly Change[] {
  const [old, now] = [from.queue ?? "default", to.queue ?? "default"];
  if (old === now) return [];
  const fate = `Jobs that are queued stay in "${old}", and workers of only "${now}" never take them`;
  const remedy = `Let workers serve both queues until "${old}" is empty (stem health shows it)`;
  return [breaks("STEM3005", subject, `moved from queue "${old}" to "${now}"`, fate, remedy, source)];
}

/** Nor does anything move from store to store. */
export function instance(subject: string, from: Placed, to: Placed, fate: string, source: string | undefined): readonly Change[] {
  if (from.instance === to.instance) return [];
  const called = (name: string | undefined): string => (name === undefined ? "the instance without a name" : `instance "${name}"`);
  const what = `moved from ${called(from.instance)} to ${called(to.instance)}`;
  return [breaks("STEM3006", subject, what, fate, "Keep the old one, in the old instance, until nothing of it is left", source)];
}
