import type { Rule } from "@angular-devkit/schematics";
import { generate } from "../source/generate.js";
import type { GenerateOptions } from "../source/options.js";

/**
 * `nest g -c nestjs-stem cron NAME`: a provider with a `@Cron` method, in the nearest module, and its spec.
 */
export function cron(options: GenerateOptions): Rule {
  return generate("cron", __dirname, options);
}
