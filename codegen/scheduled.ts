import { type Mark, type MarkedClass, type Member, type Schedule, byCodeUnit } from "./model.js";
import { compareTwins, definedName } from "./announced.js";
import { byPlace, compareTree, defaultName, exportedOf, NAME, NAME_RULE, type Report, type Show } from "./names.js";

/** As in the library, since a producer without the handler must know it. */
const DEFAULT_QUEUE = "default";

/** The schedules a client can be written for, sorted by name. */
export function schedulesOf(classes: readonly MarkedClass[], report: Report, show: Show): readonly Schedule[] {
  const found = classes.flatMap((owner) => [
    ...owner.crons.flatMap((cron) => scheduleOf(cron, owner, undefined, report)),
    ...owner.members.flatMap((member) => member.crons.flatMap((cron) => scheduleOf(cron, owner, member, report))),
  ]);
  const sorted = found.sort((a, b) => byCodeUnit(a.name, b.name) || byPlace(a.place, b.place));
  const rule = 'The store keeps one of that name; give one of them another: @Cron(expression, { name: "…" })';
  compareTwins(sorted, "schedule", rule, report, show);
  compareTree(sorted, "a schedule", report, show);
  return sorted;
}

function scheduleOf(cron: Mark, owner: MarkedClass, member: Member | undefined, report: Report): readonly Schedule[] {
  // The compiler or the boot reports what else is wrong with the decorator.
  const method = member === undefined ? "run" : member.name;
  if (!cron.called || owner.name === undefined || method === undefined || member?.hidden !== undefined) return [];
  const of = (member ?? owner).marks.find(
    ({ decorator, unclear }) => (decorator === "Task" || decorator === "Workflow") && unclear === undefined,
  );
  // A name that cannot be read has been reported where it stands.
  if (of?.name.state === "unreadable") return [];
  const task = of?.name.state === "known" ? of.name.value : defaultName(owner.name, member?.name);
  const name = cron.name.state === "absent" ? validDefault(task, cron, report) : definedName(cron, "@Cron", report);
  if (name === undefined) return [];
  const known = <T>(option: Mark["name"] | Mark["priority"] | undefined): T | undefined =>
    option?.state === "known" ? (option.value as T) : undefined;
  return [
    {
      name,
      cron: known(cron.cron),
      timeZone: known(cron.timeZone),
      task,
      instance: known(of === undefined ? cron.instance : of.instance),
      queue: known((of ?? cron).queue) ?? ((of ?? cron).queue.state === "absent" ? DEFAULT_QUEUE : undefined),
      priority: known((of ?? cron).priority),
      options: (of ?? cron).options,
      owner: owner.unbound.length > 0 || member?.generic === true ? undefined : exportedOf(owner.name, owner),
      method,
      doc: (member === undefined ? owner.doc : undefined) ?? (member ?? (owner.run === "unseen" ? undefined : owner.run))?.doc,
      place: cron.name.state === "known" ? cron.name.place : cron.place,
    },
  ];
}

function validDefault(task: string, { place }: Mark, report: Report): string | undefined {
  if (NAME.test(task)) return task;
  report("STEM1002", place, `"${task}", which comes from the class and method, is not a valid name. ${NAME_RULE}`);
  return undefined;
}
