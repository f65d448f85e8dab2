import { Stem } from "../core/client/stem.js";

/** The name of the instance without one. */
export const DEFAULT_INSTANCE = "default";

/**
 * The token of `Stem`, for `overrideProvider` and `app.get`.
 *
 * @param name the instance, as in `StemModule.forRoot({ name })`; without one the token is the class `Stem`
 * itself
 */
export function getStemToken(name?: string): string | typeof Stem {
  return isDefault(name) ? Stem : `nestjs-stem:stem:${name}`;
}

/** The instance of a token of `getStemToken`, undefined for the one without a name; null: another token. */
export function stemNameOf(token: unknown): string | undefined | null {
  if (token === Stem) return undefined;
  return typeof token === "string" && token.startsWith("nestjs-stem:stem:") ? token.slice("nestjs-stem:stem:".length) : null;
}

/** Where the module keeps the options of an instance. */
export function getOptionsToken(name?: string): string {
  return `nestjs-stem:options:${isDefault(name) ? DEFAULT_INSTANCE : name}`;
}

export function isDefault(name: string | undefined): name is undefined | typeof DEFAULT_INSTANCE {
  return name === undefined || name === DEFAULT_INSTANCE;
}
