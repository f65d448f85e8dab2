import type { NewSchedule, PutFrom, Schedule, ScheduleFilter, Shot } from "../../contract/index.js";
import type { LawBench } from "./bench.js";

/** Stores a schedule, by default of owner `app`, whose slot has just come. */
export async function put(bench: LawBench, id = "daily", over: Partial<NewSchedule & PutFrom> = {}): Promise<NewSchedule> {
  const { spec = "0 9 * * *", nextAt = bench.now, owner = "app", ...from } = over;
  const schedule = { id: bench.name(id), spec, nextAt: "nextAt" in over ? over.nextAt : nextAt };
  await bench.adapter.schedules.put([schedule], { owner, ...from }, bench.at);
  return schedule;
}

/** What is given back of a schedule that was stored by `put` and has not fired. */
export const UNFIRED = { owner: "app", deployment: 0, paused: false, lastAt: undefined, fires: 0 } as const;

/** All schedules of a filter, page by page. */
export async function stored(bench: LawBench, filter: ScheduleFilter = {}): Promise<readonly Schedule[]> {
  const found: Schedule[] = [];
  for (let from = filter.from; ;) {
    const page = await bench.adapter.schedules.list({ ...filter, ...(from !== undefined && { from }) }, bench.at);
    found.push(...page.items);
    if (page.next === undefined) return found;
    from = page.next;
  }
}

/** Ids of what is due and of what is not yet, which comes as the moment of the first. */
export async function dueTo(
  bench: LawBench,
  owners: readonly string[],
  { limit = 10, only }: { readonly limit?: number; readonly only?: readonly string[] } = {},
): Promise<readonly (string | number | undefined)[]> {
  const found = await bench.adapter.schedules.due(owners, limit, { ...bench.at, ...(only !== undefined && { only }) });
  return [...found.schedules.map(({ id }) => id), found.nextDueAt];
}

export function shot(bench: LawBench, id: string, over: Partial<FullShot> = {}): FullShot {
  return {
    id,
    slot: bench.now,
    nextAt: bench.now + 60_000,
    spec: "0 9 * * *",
    job: bench.job({ id: `${id}@${bench.now}` }),
    ...over,
  };
}

export type FullShot = Shot & Required<Pick<Shot, "job">>;
