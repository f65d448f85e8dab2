import type { Rule } from "@angular-devkit/schematics";
import { generate } from "../source/generate.js";
import type { GenerateOptions } from "../source/options.js";

/**
 * `nest g -c nestjs-stem workflow NAME`: a class with `@Workflow` and two steps, and its spec.
 * The class is added to the nearest module.
 */
export function workflow(options: GenerateOptions): Rule {
  return generate("workflow", __dirname, options);
}
