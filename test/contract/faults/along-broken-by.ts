/** As `brokenBy`, for laws about what travels along. */
export const alongBrokenBy: Readonly<Record<string, readonly string[]>> = {
  "jobs that travel along are stored in the same step, whatever they travel with, and known ids are skipped": [
    "only a success stores jobs",
    "a write to a journal stores no jobs",
  ],
  "events that travel along are kept and wake those who wait, whatever they travel with, and known ids are skipped": [
    "a write to a journal emits nothing",
    "events that travel along are always new",
  ],
  "jobs are cancelled along, whatever it travels with, in every unfinished state, and each end is told once": [
    "a cancel that travels along is for one job at most",
    "ends are told twice",
  ],
  "no job that travels along is stored when the lease has gone": ["a lost write still stores its jobs"],
  "no event that travels along is stored, and wakes nobody, when the lease has gone": ["a lost write still emits"],
  "nobody is cancelled along when the lease has gone": ["a lost write still cancels"],
  "no note that travels along is written when the lease has gone": ["a lost write still leaves its note"],
  "of all that travels along together nothing is written when the lease has gone": [
    "a lost write still stores its jobs",
    "a lost write still emits",
    "a lost write still cancels",
    "a lost write still leaves its note",
  ],
  "all that travels along together is written, whatever it travels with": ["of what travels along the first is written"],
  "what travels along is written once, however often it is sent": ["events that travel along are always new"],
  "a bad job, event or id that travels along refuses the whole call before anything is written": [
    "jobs stored by a settlement are not checked",
    "a lost write still emits",
  ],
  "an event emitted with a park that waits for that very event wakes it, kept or not": ["what travels along comes before the ending"],
  "jobs enqueued along and jobs woken along are lent on the way out of the same settle": ["what travels along comes after the claim"],
  "a job enqueued along and cancelled along is cancelled, in whatever queue": ["cancels come before the jobs that travel along"],
  "links are followed after a cancel along: what waits for the settled job and is cancelled by name does not die of it": [
    "links are followed before a cancel along",
  ],
  "a job that cancels itself along is cancelled if its ending leaves it unfinished, and else stays as it ended": [
    "nobody cancels itself along",
  ],
  "who has a job that is cancelled along is told, as by a cancel": ["nobody is cancelled along"],
  "of two settlements that cancel each other's jobs just one counts, however sixty pairs race": ["nobody is cancelled along"],
  "of two batches that cancel each other's jobs, in opposite orders, one job of each pair is left": ["nobody is cancelled along"],
};
