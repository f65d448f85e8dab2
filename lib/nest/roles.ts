import { nearest, OptionError } from "../contract/errors.js";

const ROLES = ["all", "producer", "worker", "beat"] as const;

/** What a process does beside enqueueing. */
export interface Roles {
  readonly worker: boolean;
  readonly beat: boolean;
}

/**
 * Reads `STEM_ROLE`: `all`, `producer`, `worker` or `beat`, or several with commas between.
 *
 * @returns undefined if it is not set: `forRoot` decides
 * @throws {OptionError} `STEM_ROLE_INVALID`
 */
export function rolesOf(text: string | undefined): Roles | undefined {
  if (text === undefined || text.trim() === "") return undefined;
  const roles = text.split(",").map((role) => role.trim());
  for (const role of roles) {
    if ((ROLES as readonly string[]).includes(role)) continue;
    const near = nearest(role, ROLES);
    throw new OptionError(
      "STEM_ROLE_INVALID",
      `The environment variable STEM_ROLE is "${text}"; there is no role "${role}".`,
      `${near === undefined ? "" : `Did you mean "${near}"? `}Give ${ROLES.join(", ")}, or several with commas between.`,
    );
  }
  const all = roles.includes("all");
  return { worker: all || roles.includes("worker"), beat: all || roles.includes("beat") };
}
