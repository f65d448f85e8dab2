/** As `brokenBy`, for laws about unique keys. */
export const uniqueBrokenBy: Readonly<Record<string, readonly string[]>> = {
  "of sixty jobs of one key that are enqueued at once one is stored, and the others are told its id": [
    "unique keys are ignored",
    "unique keys are looked at too early",
    "what met a key is told by its own id",
  ],
  "keep: the job that holds the key stays as it is, and nothing of the new one is stored, whatever the key is held until": [
    "a held key replaces, whatever is asked",
    "unique keys are ignored",
    "what met a key is told as known",
  ],
  "replace: the waiting job gets payload, headers, due time and expiry, and keeps all else": [
    "a held key keeps, whatever is asked",
    "what was replaced is told as kept",
  ],
  "replace: a job that was to wait is due at once, one that could expire need not any more, and the place in line is by due time": [
    "a held key keeps, whatever is asked",
    "a replaced job keeps what it gets no headers for",
  ],
  "postpone: each new job puts the waiting one off, and at most maxWaitMs from its enqueue": [
    "postpone knows no end",
    "what was replaced is told as kept",
  ],
  "two jobs of one key in one call are as two calls, one after the other": [
    "unique keys are ignored",
    "a held key keeps, whatever is asked",
    "what met a key is not told",
  ],
  "a key is one of its queue, and its characters count each": ["keys are those of all queues", "keys are trimmed"],
  "jobs without a key, and with others, are not touched": ["a held key keeps, whatever is asked"],
  "a job of another task is kept, not replaced": ["keys are those of their task"],
  "the new job says what happens, and the stored one until when the key is held": [
    "keys are held until the job has started",
    "keys are held until the job has ended",
  ],
  "for some time: the key is held from the enqueue on, whatever becomes of the job": [
    "keys that are held for some time are held until the job has ended",
    "a key is held for ever",
  ],
  "a known id is met before its key is looked at, and takes no key": ["a known id takes the key"],
  "again: a job that has ended stays stored while another holds the key of the new one": ["again forgets before it looks at the key"],
  "what no key may ask for is refused before anything is stored, and so is a key in a canvas": ["what a key asks for is not checked"],
  "a job that travels along meets the key as any other does, whatever it travels with": ["jobs that travel along have no keys"],
  "a schedule that fires moves, and its job meets the key as any other does": ["jobs of schedules have no keys"],
  "a transaction that is rolled back gives a unique key back, and what it replaced is as it was": [
    "jobs of a transaction are stored at once",
  ],
  "until started: the key is free once the job is lent, and a second job runs beside it": [
    "keys are held until the job has ended",
    "unique keys are ignored",
  ],
  "until started: a job that is tried again, handed back or lost by its worker has not its key back": [
    "keys are held until the job has ended",
  ],
  "until ended: the key is held while the job runs, waits for its retry, sleeps, parks and begins anew": [
    "keys are held until the job has started",
    "a key is held for ever",
  ],
  "until ended: the key is held over lapses, up to the last": [
    "keys are held until the job has started",
    "a key is held by what has failed",
  ],
  "every end frees the key, and so does forgetting the job": [
    "a key is held for ever",
    "a key is held by what has failed",
    "a key is held by what has been forgotten",
    "a key is held by what has expired",
  ],
  "a job that has expired and that nobody has claimed since does not hold its key": ["a key is held by what has expired"],
  "a pruned job holds no key, and one that was stored under its id without one takes none over": [
    "a key is held by what has been forgotten",
  ],
  "a retry takes the key again, or is answered held and changes nothing": [
    "a retry asks for no key",
    "a retry of a job with a key is refused",
  ],
  "a retried job that waits is replaced as any other, and of two retried of one key one is held": [
    "a retry asks for no key",
    "a held key keeps, whatever is asked",
  ],
  "a retry of a job that holds its key for some time asks nobody": ["a retry of a job with a key is refused"],
  "a journal is not rewritten for a run that has ended while another job holds its key": ["a rewrite asks for no key"],
  "a job that holds a key keeps it at another place of its queue, and does not move to another queue": [
    "a job takes its key to another queue",
  ],
  "replace against a claim: what is lent is the old payload or the new one whole, and the new one runs": [
    "a replaced job keeps what it gets no headers for",
    "what was replaced is told as kept",
  ],
  "the end against an enqueue: the new job is kept or stored, never both and never neither": [
    "what met a key is not told",
    "a key is held for ever",
  ],
  "a retry against an enqueue of the same key: one of them holds it afterwards": ["a retry asks for no key", "unique keys are ignored"],
};
