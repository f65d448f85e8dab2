import { rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import { runProgram } from "../../lib/cli/program.js";
import { dice, pick } from "./mutate.js";
import { makeProject, taskClass, type TestProject } from "./project.js";

const long = process.env["STEM_FUZZ"] === "long";
const home = process.cwd();
let project: TestProject;

beforeAll(() => {
  project = makeProject({
    "src/a.ts": taskClass("A", "a"),
    "src/broken.ts": taskClass("B", "b b"),
    "good/tsconfig.json": '{ "files": ["../src/a.ts"] }',
    "old.manifest.json": '{ "stem": 1, "hash": "0", "tasks": {} }',
    "newer.manifest.json": '{ "stem": 9 }',
    "nest-cli.json": '{ "projects": { "good": { "type": "application", "root": "good" } } }',
  });
  process.chdir(project.folder);
});
afterAll(() => {
  process.chdir(home);
  project.remove();
});

/** Runs a command line in the project. */
async function stem(...args: readonly string[]): Promise<{ readonly code: number; readonly out: string; readonly err: string }> {
  const told = { out: "", err: "" };
  const out = jest.spyOn(process.stdout, "write").mockImplementation((text) => ((told.out += String(text)), true));
  const err = jest.spyOn(process.stderr, "write").mockImplementation((text) => ((told.err += String(text)), true));
  process.exitCode = undefined;
  try {
    return { code: await runProgram(["generate", ...args]), ...told };
  } finally {
    process.exitCode = undefined;
    out.mockRestore();
    err.mockRestore();
  }
}

describe("stem generate", () => {
  it.each<[number, string, readonly string[]]>([
    [0, "written", ["-p", "good", "-o", "good/out.ts"]],
    [0, "an application", ["--app", "good"]],
    [1, "missing", ["-p", "good", "-o", "good/none.ts", "--check"]],
    [2, "errors in the sources", ["-p", "tsconfig.json"]],
    [2, "errors in the sources, also with --check", ["-p", "tsconfig.json", "--check"]],
    [2, "no such project", ["-p", "nowhere.json"]],
    [2, "no such application", ["--app", "bad"]],
    [2, "a file that is not TypeScript", ["-p", "good", "-o", "x.js"]],
    [2, "a file that was not generated", ["-p", "good", "-o", "src/a.ts"]],
    [2, "an option that there is not", ["--chek"]],
    [2, "an argument too many", ["x"]],
    [2, "--check and --watch", ["--check", "--watch"]],
    [2, "--diff and --against", ["--diff", "old.manifest.json", "--against", "main"]],
  ])("exits %i: %s", async (code, _, args) => {
    const ended = await stem(...args);
    expect({ ...ended, code: ended.code }).toMatchObject({ code });
    if (code === 2) expect(ended.err).not.toBe("");
  });

  it("prints one JSON object, whatever the outcome", async () => {
    for (const args of [
      ["-p", "good", "-o", "good/j.ts"],
      ["-p", "good", "-o", "good/k.ts", "--check"],
      ["-p", "tsconfig.json"],
    ]) {
      const { out } = await stem(...args, "--json");
      expect(Object.keys(JSON.parse(out) as object)).toEqual(expect.arrayContaining(["out", "tasks", "diagnostics", "state", "ms"]));
    }
  });

  it(`ends any line of arguments with one of its exit codes and no stack trace`, async () => {
    const random = dice(7);
    const words = ["-p", "--project", "good", "-o", "--out", "good/out.ts", "--check", "--json", "--app", "-a", "--diff", "--against", "HEAD", "old.manifest.json", "newer.manifest.json", "src", "/", "..", "", " ", "\0", "-", "--", "--=", "-p=", "--out=x.ts", "😀", "\ud83d", "a".repeat(5_000), "--no-check", "--help", "-V", "nest-cli.json", "/dev/null", "*.ts", "--json=1", "__proto__", "--app=__proto__", "constructor"]; // prettier-ignore
    for (let round = 0; round < (long ? 2_000 : 150); round++) {
      const args = Array.from({ length: Math.floor(random() * 6) }, () => pick(words, random));
      const { code, out, err } = await stem(...args);
      expect({ args, known: [0, 1, 2, 3].includes(code), trace: /^\s+at .*:\d+:\d+/m.test(out + err) }).toEqual({ args, known: true, trace: false });
      for (const path of ["x.ts", "stem", "src/stem"]) rmSync(join(project.folder, path), { recursive: true, force: true });
    }
  }, 300_000); // prettier-ignore
});
