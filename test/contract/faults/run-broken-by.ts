/** As `brokenBy`, for laws about runs whose journal is rewritten or that begin anew, and about notes. */
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
  "a new life leaves of the old one only id, place, group, inputs and who waits for it": [
    "a new life keeps its payload",
    "a new life has no headers",
    "a new life counts its attempts on",
    "a new life has a journal",
    "a new life has the failure of the old",
    "a new life is the end of the old",
    "a journal outlives its record",
  ],
  "a new life without headers has none, and may have a life after it, and an end that is forgotten at once": [
    "a new life always has headers",
  ],
  "a new life is due at once, behind what was due before it and at its old place among what is due with it": [
    "a new life is due before all others",
  ],
  "new lives travel in one list with other endings, and are lent on the way out of the same settle": [
    "a new life begins after the claim",
    "a new life may begin twice under one lease",
  ],
  "the lease of a new life is above all earlier ones, and those write nothing any more": [
    "a new life does not raise the fence",
    "any fence will do",
  ],
  "a lost lease begins no new life": ["any fence will do", "a lost new life still stores what travels along"],
  "a signal that was sent before a new life is there for it, and a new life does not expire": ["events are not kept"],
  "a new life whose payload or header would not come back as it was given is refused with the whole call": [
    "headers of a new life are mended",
  ],
  "of a new life and a cancel the cancel is the last word, however sixty pairs race": ["a new life is not cancelled"],
  "a note is read where it is asked for: its state takes the place of the one before, its log grows": [
    "notes are not kept",
    "a note is read whether it is asked for or not",
    "a state stays as it was first",
    "the last line of a log is all there is",
  ],
  "of a log the last two hundred lines are kept, however they came": ["a log keeps a hundred lines", "a log is read from its end"],
  "a note survives a retry, a lapse, a hand-back, a park and the end, and every handle reads it": [
    "a note is gone when a worker has come back",
  ],
  "a new life has no note, also none that came with its ending": ["a note outlives its life"],
  "no note outlives its job, however it is forgotten": ["a note outlives its life"],
  "a note is as long as it may be, and a longer one, or one that is not understood, refuses the whole call": ["notes are mended and cut"],
  "what is to be read with records is refused if it is not known": ["what is not known is not read"],
};
