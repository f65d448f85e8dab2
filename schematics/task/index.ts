import type { Rule } from "@angular-devkit/schematics";
import { generate } from "../source/generate.js";
import type { GenerateOptions } from "../source/options.js";

/** `nest g -c nestjs-stem task NAME`: a class with `@Task`, its spec, and its place in the nearest module. */
export function task(options: GenerateOptions): Rule {
  return generate("task", __dirname, options);
}
