import { isLaterLease } from "../../contract/lease.js";
import type { RunningJob } from "../attempt/running.js";

/**
 * The deliveries whose leases have gone.
 * A store names them by id, once per lease. Two deliveries of one id may be here (the job was taken back, or
 * forgotten and stored anew, while the first still ran); then the earlier one is meant.
 */
export function goneOf(jobs: readonly RunningJob[], lost: readonly string[]): ReadonlySet<RunningJob> {
  const times = new Map<string, number>();
  for (const id of lost) times.set(id, (times.get(id) ?? 0) + 1);
  const byId = new Map<string, RunningJob[]>();
  for (const job of jobs) {
    const { jobId } = job.delivery.lease;
    if (!times.has(jobId)) continue;
    const others = byId.get(jobId);
    if (others === undefined) byId.set(jobId, [job]);
    else others.push(job);
  }
  const gone = new Set<RunningJob>();
  for (const [id, found] of byId) {
    found.sort((a, b) => (isLaterLease(a.delivery.lease, b.delivery.lease) ? 1 : -1));
    for (const job of found.slice(0, times.get(id))) gone.add(job);
  }
  return gone;
}
