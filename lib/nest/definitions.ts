import type { Provider, Type } from "@nestjs/common";
import { StemError } from "../contract/errors.js";
import type { StemDefinitions } from "../core/schema/json-schema.js";
import { StemBootError } from "./boot-error.js";
import { DEFAULT_INSTANCE, getStemToken, stemNameOf } from "./tokens.js";

/** The metadata of a class whose constructor parameters have `@Inject`: a list of `{ index, param }`. */
const SELF_DECLARED = "self:paramtypes";

/**
 * The providers of listed clients.
 * The class of a standalone package does not import Nest, so it has no metadata: its `instances` list the
 * constructor's arguments. A client that injects nothing but instances of Stem is made by a factory, so that
 * the error for a missing instance has its name and a remedy.
 */
export function providersOf(clients: readonly Type[]): readonly Provider[] {
  return clients.map((client) => {
    hideDefinitions(client);
    const names = instancesOf(client);
    if (names === undefined) return client;
    return {
      provide: client,
      useFactory: (...stems: unknown[]): object => {
        const missing = names.filter((_, n) => stems[n] === undefined);
        if (missing.length > 0) throw new StemBootError(missing.map((name) => missingInstance(client.name, name ?? DEFAULT_INSTANCE)));
        return new client(...stems) as object;
      },
      inject: names.map((name) => ({ token: getStemToken(name), optional: true })),
    };
  });
}

/** The names of the instances a client is made with; undefined if it injects something else as well. */
function instancesOf(client: Type): readonly (string | undefined)[] | undefined {
  const { instances } = client as { readonly instances?: unknown };
  if (Array.isArray(instances)) return instances.map((name: unknown) => (typeof name === "string" ? name : undefined));
  const declared: unknown = Reflect.getMetadata(SELF_DECLARED, client);
  if (!isDefinitions((client as { readonly definitions?: unknown }).definitions) || !Array.isArray(declared)) return undefined;
  const names = Array.from({ length: client.length }, (_, n) => {
    const { param } = (declared as { readonly index: number; readonly param: unknown }[]).find(({ index }) => index === n) ?? {};
    return param === undefined ? null : stemNameOf(param);
  });
  return names.includes(null) ? undefined : (names as (string | undefined)[]);
}

function missingInstance(client: string, name: string): StemError {
  return new StemError(
    "STEM_INSTANCE_UNKNOWN",
    `${client} has tasks of the instance "${name}" of Stem, which is not in this app.`,
    `Import StemModule.forRoot({ name: "${name}", adapter: … }), or regenerate the client if no task belongs to it any more. In a unit test: StemTestingModule.forRoot({ name: "${name}" }) beside the other.`,
  );
}

/**
 * The types of generated clients.
 * Recognised by their members, not by their class: a client may come from another package, and other
 * providers may be listed too.
 */
export function definitionsOf(clients: readonly Type[]): readonly StemDefinitions[] {
  return clients.flatMap((client) => {
    const { definitions } = client as { readonly definitions?: unknown };
    return isDefinitions(definitions) ? [definitions] : [];
  });
}

/**
 * Keeps the definitions out of a printed client class.
 * Nest prints it when it cannot inject it.
 */
export function hideDefinitions(client: object): void {
  const found = Object.getOwnPropertyDescriptor(client, "definitions");
  if (found?.enumerable === true && found.configurable === true && isDefinitions(found.value))
    Object.defineProperty(client, "definitions", { ...found, enumerable: false });
}

function isDefinitions(given: unknown): given is StemDefinitions {
  if (typeof given !== "object" || given === null) return false;
  const { hash, tasks } = given as Partial<StemDefinitions>;
  return typeof hash === "string" && typeof tasks === "object" && tasks !== null;
}
