import { OptionError } from "../../contract/errors.js";
import { shown } from "../../contract/options.js";

/** Names of tasks and queues: parts of letters, digits, `_` and `-`, joined by dots; up to 120 characters. */
const NAME = /^(?=.{1,120}$)[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$/;

/** @throws {OptionError} `STEM_NAME_INVALID` */
export function checkName(name: unknown, what: string): asserts name is string {
  if (typeof name === "string" && NAME.test(name)) return;
  throw new OptionError(
    "STEM_NAME_INVALID",
    `The ${what} is ${shown(name)}.`,
    'Use letters, digits, "_" and "-", in parts joined by dots, up to 120 characters: "mail.send".',
  );
}
