import { describe } from "@jest/globals";

export type ServerKind = "redis" | "postgres";

/** The folder of a server's binaries, as found by setup.mjs; undefined where they are missing. */
export function binFolder(kind: ServerKind): string | undefined {
  return process.env[`STEM_TEST_${kind.toUpperCase()}_BIN`] || undefined;
}

/**
 * The server a person has given for tests that need not harm it: `STEM_TEST_REDIS_URL`,
 * `STEM_TEST_POSTGRES_URL`.
 */
export function givenUrl(kind: ServerKind): string | undefined {
  return process.env[`STEM_TEST_${kind.toUpperCase()}_URL`] || undefined;
}

/** Whether tests can start servers of their own. */
export function canStart(kind: ServerKind): boolean {
  return binFolder(kind) !== undefined;
}

/**
 * `describe` for suites that start servers of their own (and kill them); skips them where that cannot be
 * done. reporter.mjs says so.
 */
export function describeOwn(kind: ServerKind): typeof describe | typeof describe.skip {
  return canStart(kind) ? describe : describe.skip;
}

/** `describe` for suites that use the shared server, or the given one. */
export function describeShared(kind: ServerKind): typeof describe | typeof describe.skip {
  return canStart(kind) || givenUrl(kind) !== undefined ? describe : describe.skip;
}
