import { Inject } from "@nestjs/common";
import { hideDefinitions } from "../definitions.js";
import { getStemToken } from "../tokens.js";

/**
 * Injects `Stem`, the object that enqueues.
 *
 * @param name the instance, as in `StemModule.forRoot({ name })`. Default: the one without a name
 */
export function InjectStem(name?: string): PropertyDecorator & ParameterDecorator {
  const inject = Inject(getStemToken(name));
  return (target: object, key: string | symbol | undefined, index?: number): void => {
    hideDefinitions(target);
    inject(target, key as string, index as number);
  };
}
