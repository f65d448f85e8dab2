import { isIPv4, isIPv6 } from "node:net";

const DATE = /^(\d{4})-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$/;
const TIME = /^([01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)(\.\d+)?([Zz]|[+-]([01]\d|2[0-3]):[0-5]\d)?$/;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const LABEL = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?";
const HOSTNAME = new RegExp(`^(?=.{1,253}$)${LABEL}(?:\\.${LABEL})*$`, "i");
const EMAIL = new RegExp(`^[a-z0-9!#$%&'*+/=?^_\`{|}~-]+(?:\\.[a-z0-9!#$%&'*+/=?^_\`{|}~-]+)*@(?:${LABEL}\\.)+${LABEL}$`, "i");
const URI = /^[a-z][a-z0-9+.-]*:(?:%[0-9a-f]{2}|[a-z0-9\-._~:/?#[\]@!$&'()*+,;=])*$/i;

/** A known format: its test, and its name in messages. */
export interface Format {
  readonly fits: (text: string) => boolean;
  readonly called: string;
}

/**
 * The formats that are checked; others are notes for people.
 * `time` may have no offset, unlike in RFC 3339.
 */
export const FORMATS: ReadonlyMap<string, Format> = new Map([
  ["date-time", { fits: isDateTime, called: "a date and time (RFC 3339)" }],
  ["date", { fits: isDate, called: "a date (YYYY-MM-DD)" }],
  ["time", { fits: (text) => TIME.test(text), called: "a time (HH:MM:SS)" }],
  // An address is at most 254 characters long, which also bounds the search.
  ["email", { fits: (text) => text.length <= 254 && EMAIL.test(text), called: "an email address" }],
  ["uuid", { fits: (text) => UUID.test(text), called: "a UUID" }],
  ["uri", { fits: (text) => URI.test(text) && (!/^https?:/i.test(text) || URL.canParse(text)), called: "a URI" }],
  ["hostname", { fits: (text) => HOSTNAME.test(text), called: "a host name" }],
  ["ipv4", { fits: isIPv4, called: "an IPv4 address" }],
  ["ipv6", { fits: (text) => isIPv6(text) && !text.includes("%"), called: "an IPv6 address" }],
]);

function isDate(text: string): boolean {
  const match = DATE.exec(text);
  if (match === null) return false;
  const day = Number(match[3]);
  return day <= 28 || day <= daysOf(Number(match[1]), Number(match[2]));
}

/** With an offset. */
function isDateTime(text: string): boolean {
  const rest = text.slice(11);
  return (text[10] === "T" || text[10] === "t") && isDate(text.slice(0, 10)) && TIME.test(rest) && /[Zz]|[+-]/.test(rest);
}

function daysOf(year: number, month: number): number {
  if (month === 2) return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

/** As `Date.toISOString` writes years before 0 and after 9999. */
const FAR = /^[+-]\d{6}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

/** The moment of a text in ISO 8601; undefined for other texts. */
export function momentOf(text: string): Date | undefined {
  if (!isDateTime(text) && !FAR.test(text)) return undefined;
  const moment = new Date(text);
  return Number.isNaN(moment.getTime()) ? undefined : moment;
}
