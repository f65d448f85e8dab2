import type { Rule } from "@angular-devkit/schematics";
import { generate } from "../source/generate.js";
import type { GenerateOptions } from "../source/options.js";

/**
 * `nest g -c nestjs-stem event NAME`: the declaration of an event and its spec.
 * An event is not a provider, so no module is touched.
 */
export function event(options: GenerateOptions): Rule {
  return generate("event", __dirname, { ...options, skipImport: true });
}
