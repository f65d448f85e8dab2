/** As `brokenBy`, for laws about what a run may do beside going on: have its journal rewritten. */
export const runBrokenBy: Readonly<Record<string, readonly string[]>> = {
  "a rewrite keeps the entries up to a number, drops those above and adds others": [
    "a rewrite drops no entries",
    "a rewrite adds no entries",
  ],
  "a rewrite makes a run ready at once, whatever it waited for, with nothing spent and no wake": [
    "a rewrite says that it was done, and does nothing",
    "a rewrite counts as an attempt",
    "a rewritten run still has its wake",
    "a cancelled run is not rewritten",
  ],
  "a job that was never lent is given a journal, and then does not expire": ["a rewrite adds no entries", "a rewrite keeps the expiry"],
  "a run is not rewritten while a worker has it, when it has succeeded, waits for an input or is unknown": [
    "a rewrite says that it was done, and does nothing",
    "a rewrite takes the run from its worker",
  ],
  "the lease after a rewrite is above all earlier ones, and who had the run before writes nothing": [
    "a rewrite does not raise the fence",
    "any fence will do",
  ],
  "a rewrite of a run that had failed revives the jobs that ended because of it": ["a rewrite revives nobody else"],
  "a rewrite that is not understood is refused, and changes nothing": ["a rewrite that is not understood keeps nothing"],
  "of a rewrite and a claim one comes first, however sixty pairs race": ["a rewrite looks first and writes later"],
  "of a rewrite and an event that wakes the run the rewrite is the last word, however sixty pairs race": [
    "a rewritten run still has its wake",
  ],
  "of a rewrite and a cancel both are done, in one order or the other, however sixty pairs race": ["a cancelled run is not rewritten"],
};
