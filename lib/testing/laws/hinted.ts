import assert from "node:assert/strict";
import type { Adapter, Hint } from "../../contract/index.js";
import type { LawBench } from "./bench.js";

/** Waits, for a bounded time, until the action has caused a hint that fits. */
export async function hinted(
  { hintWithinMs }: LawBench,
  on: Adapter,
  fits: (hint: Hint) => boolean,
  action: () => Promise<unknown>,
  kinds?: readonly Hint["kind"][],
): Promise<void> {
  let unsubscribe = (): void => undefined;
  let timer: NodeJS.Timeout | undefined;
  const came = new Promise<boolean>((resolve) => {
    unsubscribe = on.hints.subscribe((hint) => fits(hint) && resolve(true), kinds);
    timer = setTimeout(() => resolve(false), hintWithinMs);
  });
  try {
    await action();
    assert.ok(await came, `no such hint came within ${hintWithinMs} ms`);
  } finally {
    clearTimeout(timer);
    unsubscribe();
  }
}

/** Fits a hint at work in this queue. */
export const workIn = (queue: string) => (hint: Hint) => hint.kind === "work" && (hint.queues === undefined || hint.queues.includes(queue));
