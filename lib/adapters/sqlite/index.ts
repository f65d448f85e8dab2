import { OptionError, type Adapter } from "../../contract/index.js";
import { SqliteAdapter, type SqliteOptions } from "./adapter.js";

export type { SqliteOptions } from "./adapter.js";

/**
 * Jobs, results, journals, events, schedules and locks in one SQLite file, shared by any number of processes of one host. Needs the package
 * better-sqlite3, which is loaded when the adapter is opened. Nothing is touched before that.
 *
 * @param file path of the database; it and its folder are made when missing. The file must be on a local disk
 * @throws {OptionError} `STEM_OPTION_INVALID`, `STEM_OPTION_UNKNOWN`
 */
export function sqlite(file: string, options: SqliteOptions = {}): Adapter {
  check(file, options);
  return new SqliteAdapter(file, options);
}

const CHECKS: Readonly<Record<keyof SqliteOptions, readonly [rule: string, holds: (value: unknown) => boolean]>> = {
  synchronous: ['is "normal" or "full"', (value) => value === "normal" || value === "full"],
  busyTimeoutMs: ["is a whole number of milliseconds, 0 or more", (value) => Number.isSafeInteger(value) && Number(value) >= 0],
  watchMs: ["is a whole number of milliseconds, 1 or more", (value) => Number.isSafeInteger(value) && Number(value) >= 1],
};

function check(file: unknown, options: SqliteOptions): void {
  if (typeof file !== "string" || file === "" || file === ":memory:")
    throw new OptionError(
      "STEM_OPTION_INVALID",
      `sqlite(${JSON.stringify(file)}) names no file.`,
      file === ":memory:" ? "Use memory() for a store that lives in this process only." : 'Give a path, such as sqlite("stem.db").',
    );
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
