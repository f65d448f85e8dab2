// A jest reporter: says in one loud line at the end which suites were skipped for want of a server's
// binaries. With CI=true that is a failure.
import { binaries } from "./setup.mjs";

export default class MissingServers {
  #error;

  onRunComplete(_, { numPendingTests, numPendingTestSuites }) {
    if (numPendingTests + numPendingTestSuites === 0) return;
    const { STEM_TEST_REDIS_BIN: redis, STEM_TEST_POSTGRES_BIN: postgres } = binaries();
    const missing = [redis === "" && "redis-server", postgres === "" && "PostgreSQL (initdb, postgres)"].filter(Boolean);
    if (missing.length === 0) return;
    const line = `!!! SKIPPED: ${numPendingTests} tests need ${missing.join(" and ")}, which is neither on the PATH nor in the usual places. Install it and run again.`;
    console.error(`\n${line}`);
    if (process.env.CI === "true") this.#error = new Error(line);
  }

  getLastError() {
    return this.#error;
  }
}
