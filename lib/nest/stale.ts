import type { Definitions } from "../core/codec/definitions.js";
import { DEFAULT_QUEUE } from "../core/task/define.js";
import type { TaskRegistry } from "../core/task/registry.js";
import { isScheduledOnly } from "./explore/schedules.js";

/** Differences listed; more are counted. */
const LISTED = 10;

/**
 * Where the generated clients of an instance and its handlers do not fit together, one line each. None if the
 * instance has no client.
 *
 * A task of the client without a handler is told only if a worker of this process serves its queue: other
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
  for (const [name, { kind, queue = DEFAULT_QUEUE, handler }] of known) {
    if (registry.get(name) !== undefined || !served.includes(queue)) continue;
    const said = `${kind} "${name}" of the client ${UNHANDLED}`;
    const other = registry.all().find((one) => !known.has(one.name) && handler !== undefined && classOf(one.where) === classOf(handler));
    if (other !== undefined) differences.push(`${said}: ${other.where} is called "${other.name}" now`);
    else
      differences.push(
        `${said}, where its queue "${queue}" is served: add ${handler === undefined ? "its class" : `class ${handler}`} ${TO_PROVIDERS}`,
      );
  }
  return differences;
}

const UNHANDLED = "has no handler here";

/** The commonest cause is a class that no module lists, which a new client does not mend. */
const TO_PROVIDERS = "to a module's providers";

/** Of `SendMail.run` and of `SendMail (src/send-mail.ts)`. */
function classOf(where: string): string {
  return where.split(/[ .]/, 1)[0]!;
}

/** What to do, one line for all. */
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
