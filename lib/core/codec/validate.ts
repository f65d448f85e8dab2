import { PayloadError } from "../../contract/errors.js";
import type { Schema, SchemaIssue, SchemaResult } from "../task/schema.js";

/** Issues listed in the message; the rest are counted. */
const LISTED = 20;

/**
 * What the schema makes of a value. Not a promise unless the schema is asynchronous, so that a synchronous one costs no turn of the event loop.
 *
 * @param what names the value in the error: `"payload"`, `"result"`
 * @param of names its owner: `task "mail.send"`
 * @throws {PayloadError} `STEM_PAYLOAD_INVALID`, listing every path (also as a rejection)
 */
export function validate<T>(schema: Schema<T>, value: unknown, what: string, of: string): T | Promise<T> {
  const result = schema["~standard"].validate(value);
  return isThenable(result) ? Promise.resolve(result).then((late) => accept(late, what, of)) : accept(result, what, of);
}

function accept<T>(result: SchemaResult<T>, what: string, of: string): T {
  if (result.issues === undefined) return result.value;
  const listed = result.issues.slice(0, LISTED).map((issue) => `${what}${pathOf(issue)}: ${issue.message}`);
  const more = result.issues.length - listed.length;
  throw new PayloadError(
    "STEM_PAYLOAD_INVALID",
    `The ${what} of ${of} is refused by its schema:\n  ${listed.join("\n  ")}${more > 0 ? `\n  and ${more} more` : ""}`,
    `Correct the ${what}, or the schema.`,
  );
}

function pathOf(issue: SchemaIssue): string {
  return (issue.path ?? [])
    .map((part) => (typeof part === "object" ? part.key : part))
    .map((key) => (typeof key === "number" ? `[${key}]` : `.${String(key)}`))
    .join("");
}

function isThenable<T>(value: T | Promise<T>): value is Promise<T> {
  return typeof (value as { then?: unknown }).then === "function";
}
