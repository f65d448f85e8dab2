import type { Type } from "@nestjs/common";
import type { StemDefinitions } from "../core/schema/json-schema.js";

/** What generated clients know of types. Told by what they carry, not by their class: a client may come from another package, and other providers may be listed too. */
export function definitionsOf(clients: readonly Type[]): readonly StemDefinitions[] {
  return clients.flatMap((client) => {
    const { definitions } = client as { readonly definitions?: unknown };
    return isDefinitions(definitions) ? [definitions] : [];
  });
}

function isDefinitions(given: unknown): given is StemDefinitions {
  if (typeof given !== "object" || given === null) return false;
  const { hash, tasks } = given as Partial<StemDefinitions>;
  return typeof hash === "string" && typeof tasks === "object" && tasks !== null;
}
