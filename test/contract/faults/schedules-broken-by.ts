/** As `brokenBy`, for laws about schedules and their owners. */
export const schedulesBrokenBy: Readonly<Record<string, readonly string[]>> = {
  "a schedule is stored as given, and listed by id": ["schedules come in the order they were stored", "deployments have fourteen digits"],
  "a schedule whose spec is unchanged keeps its slot, a changed one takes the new": ["a known schedule always takes the new slot"],
  "due schedules come earliest first, of the owners asked, with the moment of the next": [
    "due forgets what comes next",
    "every schedule is due to every beat",
  ],
  "firing stores the job and moves the schedule in one step": ["fire moves, and stores no job"],
  "a slot is fired once, however many beats shoot at it": ["fire asks nobody"],
  "shots of one call at one schedule count one by one, in the order given": ["of the shots at one schedule the first is the only one"],
  "a shot at a slot that has passed, a paused or an unknown schedule stores nothing, and the others of the call count": [
    "fire does not compare",
    "one shot that misses spoils the volley",
  ],
  "a shot that was computed from another spec than the stored one moves nothing, at the same slot either": [
    "fire does not compare the spec",
  ],
  "a shot without a job moves its schedule and leaves its past as it is, if it still stands there": [
    "a move without a job counts as a fire",
  ],
  "a job id that is stored already does not stop the schedule, and of each shot is said what became of it": [
    "a stored job stops the schedule",
    "a stored job is not told of",
  ],
  "a bad job refuses the whole volley before anything moves": ["shots are fired one by one"],
  "the last shot ends a schedule": ["an ended schedule comes again"],
  "a paused schedule is not due and keeps its slot; resuming moves it": ["a paused schedule is due"],
  "a removed schedule is gone, and unknown ones are said to be unknown": ["removing does nothing"],
  "several schedules are changed by one call, each as if alone, in the order given": [
    "changes of schedules are carried out from the last to the first",
    "one change of a schedule that is not there spoils the call",
  ],
  "schedules are listed page by page, each once, and the list goes on behind one that is gone": [
    "every page of schedules is the first",
    "a page of schedules goes on after as many as came before",
  ],
  "schedules are listed by their ids and by their owner, with the store's time; unknown ones are left out": [
    "schedules are listed whatever their owner",
    "schedules are listed at another time",
  ],
  "a schedule, a shot, a filter, an owner or a change of schedules that is not understood is refused, and nothing is stored or changed": [
    "what is not understood of schedules is left out",
  ],
  "a schedule made at run time is due to every beat, among those of its owners, and moves like them": [
    "only the schedules of owners are due",
    "every schedule is due to every beat",
  ],
  "of the schedules of owners only those asked for by id are due, if ids are given, and all made at run time": [
    "all of the owners are due, whichever are asked for",
    "what is asked for by id is due whoever owns it",
  ],
  "a declared schedule takes the place of one made at run time, and never the other way round": ["whoever comes last has the schedule"],
  "a schedule goes to the owner that stores it last, with its past": [
    "a schedule stays with its first owner",
    "a schedule begins anew with another owner",
  ],
  "what a newer deployment has stored, an older one of its owner leaves as it is, in either order": [
    "older deployments overwrite newer ones",
    "deployments of all owners are compared",
    "every put retires",
  ],
  "a deployment that retires removes what older ones of its owner have stored and it has not, and of another owner nothing": [
    "nothing is retired",
    "schedules of all owners are retired",
  ],
  "older deployments retire nothing, and what was retired does not come back by them": ["what was retired comes back by older deployments"],
  "of two deployments at once, of which the newer retires, what the newer has is left": [
    "a put looks for newer deployments some time before it stores",
  ],
};
