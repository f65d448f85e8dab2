import { StemError } from "../contract/errors.js";
import { Beat, type ScheduleDefinition } from "../core/beat/beat.js";
import { DECLARED } from "../core/beat/schedule.js";
import type { Stem } from "../core/client/stem.js";

/** Has schedules: a `StemRuntime`. */
interface Scheduled {
  readonly stem: Stem;
  readonly schedules: readonly ScheduleDefinition[];
}

/** Taken before a test can replace it by a fake one. */
const realTimeout = globalThis.setTimeout;

/** Stores the app's schedules as a beat does when it starts, so that their slots count from now on. */
export async function storeSchedules({ stem, schedules }: Scheduled): Promise<void> {
  if (schedules.length === 0) return;
  const beat = new Beat({ stem, schedules });
  await beat.start();
  await beat.stop();
}

/**
 * Fires every slot that is due.
 *
 * @param patienceMs real milliseconds without success before it gives up
 * @throws {StemError} `STEM_DRAIN_STUCK`
 */
export async function fireDue({ stem, schedules }: Scheduled, patienceMs = 10_000): Promise<void> {
  const due = async (): Promise<readonly string[]> => {
    const only = schedules.map(({ id }) => id);
    return (await stem.adapter.schedules.due([DECLARED], 1, { only })).schedules.map(({ id }) => id);
  };
  if ((await due()).length === 0) return;
  let failure: unknown;
  const off = stem.signals.on("beat:error", ({ error }) => (failure = error));
  const beat = new Beat({ stem, schedules });
  await beat.start();
  try {
    const until = performance.now() + patienceMs;
    for (let left = await due(); left.length > 0; left = await due()) {
      if (failure !== undefined || performance.now() > until) throw stuck(left, failure);
      await new Promise((resolve) => realTimeout(resolve, 1));
    }
  } finally {
    off();
    await beat.stop();
  }
}

function stuck(ids: readonly string[], failure: unknown): StemError {
  return new StemError(
    "STEM_DRAIN_STUCK",
    `The slot of schedule "${ids[0]}" has come, but it does not fire.`,
    "See the cause; its payload must fit its task.",
    { cause: failure },
  );
}
