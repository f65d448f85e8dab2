import type { Lease } from "./job.js";

/** Whether two leases prove the same loan. */
export function isSameLease(a: Lease, b: Lease): boolean {
  return a.jobId === b.jobId && a.job === b.job && a.fence === b.fence;
}

/** Whether lease `a` of a job's id was given after lease `b` of the same id. */
export function isLaterLease(a: Lease, b: Lease): boolean {
  return a.job === b.job ? a.fence > b.fence : a.job > b.job;
}

/** A lease as one text, different for different leases. */
export function leaseText({ job, fence, jobId }: Lease): string {
  return `${job}:${fence}:${jobId}`;
}
