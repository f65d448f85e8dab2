import { isTime, LONGEST_MS, OptionError, TIME_RULE, type Adapter } from "../../contract/index.js";
import { SqliteAdapter, type SqliteOptions } from "./adapter.js";

export type { SqliteOptions } from "./adapter.js";

/**
 * Stores everything in one SQLite file, shared by any number of processes of one host.
 * Needs the package better-sqlite3, which is loaded when the adapter is opened. Nothing is touched before
 * that.
 *
 * @param file path of the database; it and its folder are made when missing. The file must be on a local
 * disk, with some 40 MB to spare for its log
 * @throws {OptionError} `STEM_OPTION_INVALID`, `STEM_OPTION_UNKNOWN`
 */
export function sqlite(file: string, options: SqliteOptions = {}): Adapter {
  check(file, options);
  return new SqliteAdapter(file, options);
}

const CHECKS: Readonly<Record<keyof SqliteOptions, readonly [rule: string, holds: (value: unknown) => boolean]>> = {
  synchronous: ['is "normal" or "full"', (value) => value === "normal" || value === "full"],
  busyTimeoutMs: [`is a whole number of milliseconds from 0 to ${LONGEST_MS.toLocaleString("en")}`, (value) => isTime(value, 0)],
  watchMs: [TIME_RULE, (value) => isTime(value, 1)],
};

function check(file: unknown, options: SqliteOptions): void {
  if (typeof file !== "string" || file === "" || file === ":memory:")
    throw new OptionError(
      "STEM_OPTION_INVALID",
      `sqlite(${JSON.stringify(file)}) names no file.`,
      file === ":memory:" ? "Use memory() for a store that lives in this process only." : 'Give a path, such as sqlite("stem.db").',
    );
  refuseAddress(file);
  for (const [name, value] of Object.entries(options)) {
    if (!Object.hasOwn(CHECKS, name))
      throw new OptionError("STEM_OPTION_UNKNOWN", `sqlite() has no option "${name}".`, `It has ${Object.keys(CHECKS).join(", ")}.`);
    const [rule, holds] = CHECKS[name as keyof SqliteOptions];
    if (value !== undefined && !holds(value))
      throw new OptionError(
        "STEM_OPTION_INVALID",
        `sqlite({ ${name}: ${String(value)} }) is refused: ${name} ${rule}.`,
        "Correct the option.",
      );
  }
}

/** Refuses an address of other tools, which would be a path with odd folders here. */
function refuseAddress(file: string): void {
  if (file.includes("\0"))
    throw new OptionError(
      "STEM_OPTION_INVALID",
      `sqlite(${JSON.stringify(file)}) names no file: a path holds no U+0000.`,
      'Give a path, such as sqlite("stem.db").',
    );
  const scheme = /^(?:file|sqlite3?|better-sqlite3?):(?:\/\/(?=\/|[^/]))?|^[a-z][a-z0-9+.-]+:\/\//i.exec(file)?.[0];
  const home = /^~(?=[/\\])/.exec(file)?.[0];
  if (scheme === undefined && home === undefined) return;
  if (scheme !== undefined && file.includes(":memory:")) return check(":memory:", {});
  throw new OptionError(
    "STEM_OPTION_INVALID",
    scheme === undefined
      ? `sqlite(${JSON.stringify(file)}) would make a folder called "~" here: only a shell puts the home folder in its place.`
      : `sqlite(${JSON.stringify(file)}) is given a URL, and takes a path.`,
    scheme === undefined
      ? 'Give the whole path, such as join(homedir(), "stem.db").'
      : `Give the path alone: sqlite(${JSON.stringify(file.slice(scheme.length).replace(/\?.*$/, "") || "stem.db")}).`,
  );
}
