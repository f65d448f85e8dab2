import type { JobRecord } from "../contract/jobs.js";
import { bytesOfRecord } from "../contract/record-page.js";
import { Portion } from "../contract/portion.js";
import type { DeadLetter, JobFilter } from "../core/client/job-filters.js";
import type { Stem } from "../core/client/stem.js";
import { paint, say } from "./print.js";

/** A dead letter with its payload and headers. */
export interface Letter extends DeadLetter {
  /** Decoded; if that fails, as it is stored. */
  readonly payload: unknown;
  readonly headers: Readonly<Record<string, string>>;
  readonly enqueuedAt: number | undefined;
}

export const NOTHING_STORED = "no job of that id is stored (any more).";

export async function withContents(stem: Stem, letters: readonly DeadLetter[]): Promise<readonly Letter[]> {
  const records = await recordsOf(
    stem,
    letters.map(({ id }) => id),
  );
  return letters.map((letter, n) => ({
    ...letter,
    payload: contentOf(stem, records[n]?.payload),
    headers: records[n]?.headers ?? {},
    enqueuedAt: records[n]?.enqueuedAt,
  }));
}

/** As `jobs.get`, in calls that read about 8 MiB each. */
async function recordsOf({ adapter }: Stem, ids: readonly string[]): Promise<readonly (JobRecord | undefined)[]> {
  const portion = new Portion();
  const found: (JobRecord | undefined)[] = [];
  while (found.length < ids.length) {
    const part = await adapter.jobs.get(ids.slice(found.length, found.length + portion.of(ids.length)));
    portion.came(
      part.length,
      part.reduce((bytes, record) => bytes + (record === undefined ? 0 : bytesOfRecord(record)), 0),
    );
    found.push(...part);
  }
  return found;
}

function contentOf(stem: Stem, stored: string | undefined): unknown {
  try {
    const content = stem.codec.decode(stored);
    // The result of the app's codec may not be printable as JSON.
    return JSON.stringify(content) === undefined ? undefined : content;
  } catch {
    return stored;
  }
}

export function textOf(content: unknown): string {
  return content === undefined ? "" : typeof content === "string" ? content : JSON.stringify(content);
}

/** Why jobs that were named are not retried. */
export async function whyLeft(stem: Stem, ids: readonly string[]): Promise<readonly { readonly id: string; readonly why: string }[]> {
  if (ids.length === 0) return [];
  const records = await recordsOf(stem, ids);
  return ids.map((id, n) => {
    const { state, cause } = records[n] ?? {};
    if (state === undefined) return { id, why: NOTHING_STORED };
    if (cause === "input") return { id, why: "it ended with a job that it waits for; retry that one." };
    return { id, why: `it is ${state}, not dead.` };
  });
}

/** Jobs that are stored, dead or not, with their payloads decoded. */
export async function jobsOf(stem: Stem, ids: readonly string[]): Promise<readonly ShownJob[]> {
  const records = await recordsOf(stem, ids);
  return records.flatMap((record) => (record === undefined ? [] : [shownOf(stem, record)]));
}

/**
 * The jobs that a filter chooses.
 * A page may be shorter than its limit, where payloads are large: only an empty one is the end.
 */
export async function jobsIn(stem: Stem, filter: JobFilter & { readonly limit: number }): Promise<readonly ShownJob[]> {
  const found: ShownJob[] = [];
  for (let { cursor } = filter; found.length < filter.limit; cursor = found.at(-1)!.id) {
    const page = await stem.jobs({ ...filter, limit: filter.limit - found.length, ...(cursor !== undefined && { cursor }) });
    if (page.length === 0) break;
    for (const record of page) found.push(shownOf(stem, record));
  }
  return found;
}

type ShownJob = Omit<JobRecord, "payload"> & { readonly payload: unknown };

function shownOf(stem: Stem, record: JobRecord): ShownJob {
  return { ...record, payload: contentOf(stem, record.payload) };
}

/** Prints a job: a line for each thing known, payload and error in full. */
export function sayJob({ id, error, payload, ...rest }: ShownJob): void {
  say(paint("bold", id));
  for (const [key, value] of Object.entries(rest)) {
    if (value !== undefined)
      say(`  ${key}: ${key.endsWith("At") && typeof value === "number" ? new Date(value).toISOString() : textOf(value)}`);
  }
  const indented = (text: string): string => text.replaceAll(/^/gm, "    ");
  if (payload !== undefined) say(`  payload:\n${indented(JSON.stringify(payload, null, 2))}`);
  if (error !== undefined) say(`  error:\n${indented(error.stack ?? `${error.name}: ${error.message}`)}`);
}
