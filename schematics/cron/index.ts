import type { Rule } from "@angular-devkit/schematics";
import { generate } from "../source/generate.js";
import type { GenerateOptions } from "../source/options.js";

/**
 * `nest g -c nestjs-stem cron NAME`: a provider with a `@Cron` method, its spec, and its place in the nearest
 * module.
 */
export function cron(options: GenerateOptions): Rule {
  return generate("cron", __dirname, options);
}
