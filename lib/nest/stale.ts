import type { Definitions } from "../core/codec/definitions.js";
import { DEFAULT_QUEUE } from "../core/task/define.js";
import type { TaskRegistry } from "../core/task/registry.js";
import { isScheduledOnly } from "./explore/schedules.js";

/** Differences listed; more are counted. */
const LISTED = 10;

/**
 * Where the generated clients of an instance and its handlers do not fit together, one line each.
 * None if the instance has no client.
 *
 * A task of the client without a handler is listed only if a worker of this process serves its queue: other
 * processes of the app may well have it.
 *
 * @param served queues that a worker of this process takes jobs from by itself
 */
export function differencesOf(definitions: Definitions, registry: TaskRegistry, served: readonly string[]): readonly string[] {
  const known = definitions.tasks;
  if (known.size === 0) return [];
  const differences: string[] = [];
  for (const task of registry.all()) {
    const { name, kind, where, queue } = task;
    const said = known.get(name);
    if (said === undefined) {
      if (!isScheduledOnly(task)) differences.push(`${kind} "${name}" (${where}) is not in the client`);
      continue;
    }
    if (said.kind !== kind) differences.push(`"${name}" (${where}) is a ${kind}, in the client a ${said.kind}`);
    const sent = said.queue ?? DEFAULT_QUEUE;
    if (sent !== queue) differences.push(`${kind} "${name}" (${where}) is in queue "${queue}", the client sends to "${sent}"`);
  }
  const fresh = registry.all().filter((one) => !known.has(one.name) && !isScheduledOnly(one));
  const gone = [...known].filter(([name]) => registry.get(name) === undefined);
  for (const [name, { kind, queue = DEFAULT_QUEUE, handler }] of gone) {
    if (!served.includes(queue)) continue;
    const said = `${kind} "${name}" of the client ${UNHANDLED}`;
    // Renamed, if there is only one of each in the class.
    const owner = handler === undefined ? undefined : classOf(handler);
    const here = fresh.filter(({ where }) => classOf(where) === owner);
    const alone = gone.filter(([, one]) => one.handler !== undefined && classOf(one.handler) === owner).length === 1;
    if (owner !== undefined && alone && here.length === 1)
      differences.push(
        `${said}: if it is ${here[0]!.where} now ("${here[0]!.name}"), run npx stem generate; else add class ${handler} ${TO_PROVIDERS}`,
      );
    else
      differences.push(
        `${said}, where its queue "${queue}" is served: add ${handler === undefined ? "its class" : `class ${handler}`} ${TO_PROVIDERS}`,
      );
  }
  return differences;
}

const UNHANDLED = "has no handler here";

/** The most common cause is a class that no module lists, which a new client does not mend. */
const TO_PROVIDERS = "to a module's providers";

/** The class in a place: `SendMail.run`, `FakeMail.run, in place of SendMail`, `SendMail (src/a.ts)`. */
function classOf(where: string): string {
  return (/, in place of (.+)$/.exec(where)?.[1] ?? where).split(/[ .]/, 1)[0]!;
}

/** The remedy, one line for all. */
export function staleWarning(differences: readonly string[]): string {
  const listed = differences.slice(0, LISTED).map((one) => `  ${one}`);
  const more = differences.length - listed.length;
  return [
    "The generated client and the handlers of this process do not fit together:",
    ...listed,
    ...(more > 0 ? [`  and ${more} more`] : []),
    differences.every((one) => one.endsWith(TO_PROVIDERS))
      ? "  → Add what is named to the providers; only of a task that is gone, run: npx stem generate  [STEM_CLIENT_STALE]"
      : "  → Run: npx stem generate  [STEM_CLIENT_STALE]",
  ].join("\n");
}
