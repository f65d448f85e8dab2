import { OptionError } from "../../contract/errors.js";
import { flawOfCharacters, TEXT_REMEDY } from "../../contract/text.js";
import { kindOf } from "../kind-of.js";

/** All names and values together, in bytes of UTF-8. */
const MAX_BYTES = 8_192;

/** Header names that begin so are reserved. */
const OWN_HEADERS = "stem-";

/**
 * A copy of the headers, so that a later change of the caller's object changes no job.
 *
 * @throws {OptionError} `STEM_HEADERS_INVALID`: not strings of whole characters, over 8 KiB in all, or a
 * reserved name
 */
export function checkHeaders(headers: Readonly<Record<string, string>>, of: string): Readonly<Record<string, string>> {
  if (typeof headers !== "object" || headers === null || Array.isArray(headers)) refuse(`The headers ${of} are not an object.`, REMEDY);
  let bytes = 0;
  const copy: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined) continue;
    if (typeof value !== "string") refuse(`Header "${name}" ${of} is ${kindOf(value)}.`, REMEDY);
    const flaw = flawOfCharacters(name) ?? flawOfCharacters(value);
    if (flaw !== undefined) refuse(`Header ${JSON.stringify(name)} ${of} ${flaw}.`, TEXT_REMEDY);
    if (name.startsWith(OWN_HEADERS))
      refuse(`Header "${name}" ${of} begins with "${OWN_HEADERS}".`, "Choose another name; those are Stem's own.");
    bytes += Buffer.byteLength(name) + Buffer.byteLength(value);
    Object.defineProperty(copy, name, { value, enumerable: true, writable: true, configurable: true });
  }
  if (bytes > MAX_BYTES) refuse(`The headers ${of} are ${bytes} bytes long; ${MAX_BYTES} are allowed.`, "Put large things in the payload.");
  return copy;
}

const NONE: Readonly<Record<string, string>> = Object.freeze({});

/** The headers of a job without the reserved ones. */
export function usersHeaders(headers: Readonly<Record<string, string>> | undefined): Readonly<Record<string, string>> {
  if (headers === undefined) return NONE;
  for (const name in headers)
    if (name.startsWith(OWN_HEADERS))
      return Object.fromEntries(Object.entries(headers).filter(([other]) => !other.startsWith(OWN_HEADERS)));
  return headers;
}

const REMEDY = 'Headers are strings by name: { tenant: "acme" }.';

function refuse(what: string, hint: string): never {
  throw new OptionError("STEM_HEADERS_INVALID", what, hint);
}
