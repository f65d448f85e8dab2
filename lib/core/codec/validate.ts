import { PayloadError, type PayloadIssue } from "../../contract/errors.js";
import { step } from "../schema/path.js";
import type { Schema, SchemaResult } from "../task/schema.js";

/** Issues listed in the message; the rest are counted. */
const LISTED = 20;

/**
 * The value as the schema returns it.
 * It is a promise only if the schema is asynchronous, so that a synchronous one costs no turn of the event
 * loop.
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
  const issues = result.issues.map(({ path = [], message }) => ({
    path: what + path.map((part) => step(typeof part === "object" ? part.key : part)).join(""),
    message,
  }));
  throw refusedBy("schema", issues, what, of);
}

/** The error for a value that the schema of its task, or its type, refuses. */
export function refusedBy(by: "schema" | "type", issues: readonly PayloadIssue[], what: string, of: string): PayloadError {
  const listed = issues.slice(0, LISTED).map(({ path, message }) => `${path}: ${message}`);
  const more = issues.length - listed.length;
  const lines = `\n  ${listed.join("\n  ")}${more > 0 ? `\n  and ${more} more` : ""}`;
  return new PayloadError(
    "STEM_PAYLOAD_INVALID",
    by === "schema" ? `The ${what} of ${of} is refused by its schema:${lines}` : `The ${what} of ${of} is not of its type:${lines}`,
    by === "schema" ? `Correct the ${what}, or the schema.` : `Correct the ${what}. If the type has changed since, run: npx stem generate`,
    { issues },
  );
}

function isThenable<T>(value: T | Promise<T>): value is Promise<T> {
  return typeof (value as { then?: unknown }).then === "function";
}
