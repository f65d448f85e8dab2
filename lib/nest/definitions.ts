import type { Provider, Type } from "@nestjs/common";
import type { StemDefinitions } from "../core/schema/json-schema.js";
import { getStemToken } from "./tokens.js";

/**
 * How Nest makes listed clients. The class of a standalone package knows nothing of Nest, so it carries no metadata: it says in `instances` what it is made with.
 */
export function providersOf(clients: readonly Type[]): readonly Provider[] {
  return clients.map((client) => {
    const { instances } = client as { readonly instances?: unknown };
    if (!Array.isArray(instances)) return client;
    const inject = instances.map((name: unknown) => getStemToken(typeof name === "string" ? name : undefined));
    return { provide: client, useFactory: (...stems: unknown[]): object => new client(...stems) as object, inject };
  });
}

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
