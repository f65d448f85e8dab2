import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "@jest/globals";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** Runs the command on the build in dist/, as `npm run bench` does after it has built. */
function bench(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, ["bench/run.mjs", ...args], { cwd: root, encoding: "utf8", timeout: 60_000 });
}

interface Line {
  readonly store: string;
  readonly system: string;
  readonly version: string;
  readonly config: string;
  readonly workload: string;
  readonly unit: string;
  readonly median: number;
  readonly min: number;
  readonly max: number;
  readonly runs: number;
  readonly n?: number;
  readonly ratio?: { readonly median: number; readonly min: number; readonly max: number };
}

const linesOf = (stdout: string): Line[] =>
  stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Line);

const { version } = JSON.parse(readFileSync(`${root}package.json`, "utf8")) as { version: string };

describe("npm run bench", () => {
  it("prints one line of JSON per system, setting and workload, ours beside the bare store", () => {
    const { status, stdout, stderr } = bench("--store", "sqlite", "--size", "0.01", "--runs", "1", "--workload", "drain,memory", "--json");
    expect({ status, stderr: stderr.replace(/^round .*\n/gm, "") }).toEqual({ status: 0, stderr: "" });
    const lines = linesOf(stdout);
    expect(lines.map(({ workload, system, config }) => `${workload} ${system} ${config}`)).toEqual(
      ["drain", "memory"].flatMap((workload) => [
        `${workload} stem-sqlite default`,
        `${workload} stem-sqlite fastest`,
        `${workload} bare-sqlite batches`,
      ]),
    );
    for (const line of lines) {
      expect(line).toMatchObject({ store: "sqlite", unit: line.workload === "memory" ? "MB" : "jobs/s", runs: 1 });
      expect(line.min).toBeGreaterThan(0);
      expect(line.median).toBeGreaterThanOrEqual(line.min);
      expect(line.max).toBeGreaterThanOrEqual(line.median);
      if (line.system === "stem-sqlite") expect(line).toMatchObject({ version });
      else expect(line.ratio?.median).toBeGreaterThan(0);
    }
  });

  it("measures waits in another process where the store is shared, and in this one on memory", () => {
    const shared = bench(
      "--store",
      "sqlite",
      "--system",
      "stem-sqlite",
      "--size",
      "0.03",
      "--runs",
      "1",
      "--workload",
      "latency",
      "--json",
    );
    expect(linesOf(shared.stdout).map(({ workload, unit }) => [workload, unit])).toEqual([
      ["latency-p50", "ms"],
      ["latency-p99", "ms"],
    ]);
    const alone = bench("--store", "memory", "--size", "0.03", "--runs", "1", "--workload", "latency-one", "--json");
    expect(linesOf(alone.stdout).map(({ workload, runs }) => [workload, runs])).toEqual([
      ["latency-one-p50", 1],
      ["latency-one-p99", 1],
    ]);
  });

  it("prints a table for people without --json", () => {
    const { status, stdout } = bench("--store", "memory", "--size", "0.01", "--runs", "1", "--workload", "bulk");
    expect(status).toBe(0);
    expect(stdout).toMatch(/bulk \(jobs\/s\) +median +min +max/);
    expect(stdout).toMatch(new RegExp(`stem-memory ${version} +[\\d,.]+ +[\\d,.]+ +[\\d,.]+`));
  });

  it.each([
    [["--store", "mysql"], '--store is redis, postgres, sqlite or memory, not "mysql".'],
    [[], '--store is redis, postgres, sqlite or memory, not "".'],
    [["--store", "memory", "--runs", "0"], '--runs is a whole number from 1 to 100, not "0".'],
    [["--store", "memory", "--size", "2"], '--size is a number above 0, at most 1, not "2".'],
    [["--store", "memory", "--workload", "bulk,drian"], 'There is no workload "drian". There are: enqueue-one,'],
    [["--store", "memory", "--workload", "recovery"], 'The workload "recovery" is for redis, postgres, sqlite, not for memory.'],
    [["--store", "memory", "--system", "bullmq"], 'There is no system "bullmq" on memory. There are: stem-memory.'],
    [["--store", "sqlite", "--appendonly"], "--appendonly is for --store redis."],
    [["--store", "sqlite", "--async-commit"], "--async-commit is for --store postgres."],
    [["--faster"], "Unknown option '--faster'"],
  ])("ends with code 2 and says what is wrong when it is given %j", (args, message) => {
    const { status, stdout, stderr } = bench(...args);
    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
    expect(stderr).toContain(message);
    expect(stderr).not.toContain("    at ");
  });

  it("lists its options and workloads with --help", () => {
    const { status, stdout } = bench("--help");
    expect(status).toBe(0);
    for (const word of ["--peers", "--runs", "drain-discard", "latency-p99", "stem-postgres"]) expect(stdout).toContain(word);
  });
});
