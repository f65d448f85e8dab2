import { Inject } from "@nestjs/common";
import { getStemToken } from "../tokens.js";

/**
 * Injects `Stem`, the object that enqueues.
 *
 * @param name the instance, as in `StemModule.forRoot({ name })`. Default: the one without a name
 */
export function InjectStem(name?: string): PropertyDecorator & ParameterDecorator {
  return Inject(getStemToken(name));
}
