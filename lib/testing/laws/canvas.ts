import type { Input, Link, NewJob } from "../../contract/index.js";
import type { LawBench } from "./bench.js";

let chains = 0;

/** Jobs that run one after another, each with the one before as its input. */
export function chain(bench: LawBench, length: number, link: Partial<Link> = {}): NewJob[] {
  const names = Array.from({ length }, (_, i) => bench.name(`chain${++chains}-${i}`));
  return bench.jobs(length, (i) => ({
    id: names[i]!,
    ...(i > 0 && { waitsFor: 1 }),
    ...(i + 1 < length && { links: [{ to: names[i + 1]!, position: 0, ...link }] }),
  }));
}

/** Members, and a body that waits for all of them. */
export function chord(bench: LawBench, size: number, link: Partial<Link> = {}): { members: NewJob[]; body: NewJob } {
  const body = bench.job({ waitsFor: size });
  const members = bench.jobs(size, (position) => ({ links: [{ to: body.id, position, ...link }] }));
  return { members, body };
}

/** The input that a success leaves for the jobs that wait for it. */
export const good = (job: NewJob, result?: string): Input => ({
  jobId: job.id,
  state: "succeeded",
  ...(result !== undefined && { result }),
});
