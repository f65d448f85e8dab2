import { execFileSync } from "node:child_process";
import { describe, expect, it } from "@jest/globals";
import { textAt } from "../../codegen/compat/git.js";
import { compareWith } from "../../codegen/compat/index.js";
import { type TestProject, withProject } from "./project.js";

const manifest = (tasks: object) => `${JSON.stringify({ stem: 1, hash: "0", tasks })}\n`;
const OLD = manifest({ "mail.send": { queue: "mail", input: { type: "string" } } });
const NOW = { path: "stem.manifest.json", text: manifest({ "mail.send": { queue: "mail", input: { type: "number" } } }) };

/** A repository with the old manifest committed on `main`, in a folder `app` below its root. */
async function repository(use: (project: TestProject, git: (...args: string[]) => void) => Promise<void>): Promise<void> {
  await withProject({ "app/stem.manifest.json": OLD }, async (project) => {
    const env = { ...process.env, GIT_CONFIG_GLOBAL: "/dev/null", GIT_CONFIG_SYSTEM: "/dev/null" };
    const who = ["-c", "user.name=A", "-c", "user.email=a@example.com"];
    const git = (...args: string[]) => void execFileSync("git", [...who, ...args], { cwd: project.folder, env, stdio: "ignore" });
    git("init", "-b", "main");
    git("add", ".");
    git("commit", "-m", "old");
    await use(project, git);
  });
}

describe("Comparing", () => {
  it("with a ref of git takes the manifest that was committed there, not the one in the folder", () =>
    repository(async ({ folder, write }) => {
      write({ "app/stem.manifest.json": NOW.text });
      const { changes, breaks, with: old } = compareWith({ ref: "main" }, NOW, `${folder}/app`);
      expect({ breaks, old, codes: changes.map(({ code }) => code) }).toEqual({
        breaks: true,
        old: "stem.manifest.json at main",
        codes: ["STEM3003"],
      });
      expect(compareWith({ ref: "HEAD" }, { ...NOW, text: OLD }, `${folder}/app`).changes).toEqual([]);
    }));

  it("with a file takes that", () =>
    withProject({ "old.json": OLD }, async ({ folder }) => {
      expect(compareWith({ file: "old.json" }, NOW, folder)).toMatchObject({ breaks: true, with: "old.json" });
      expect(() => compareWith({ file: "older.json" }, NOW, folder)).toThrow(/There is no older\.json that can be read\./);
    }));

  it.each([
    ["nowhere", "stem.manifest.json", /There is no git ref "nowhere" here\.\n.*git fetch origin nowhere/],
    ["origin/main", "stem.manifest.json", /There is no git ref "origin\/main" here\.\n.*git fetch origin main/],
    ["main", "other.json", /other\.json is not committed at main\./],
    ["--output=x", "stem.manifest.json", /"--output=x" is not a git ref\./],
    ["", "stem.manifest.json", /"" is not a git ref\./],
  ])("with ref %s and path %s says what is missing", (ref, path, told) =>
    repository(async ({ folder }) => {
      expect(() => compareWith({ ref }, { ...NOW, path }, `${folder}/app`)).toThrow(told);
    }),
  );

  it("outside a repository, or with a manifest of a newer format, says so", () =>
    repository(async ({ folder, write }, git) => {
      expect(() => compareWith({ ref: "main" }, NOW, "/")).toThrow(/This is not a git repository\./);
      write({ "app/stem.manifest.json": '{ "stem": 2 }' });
      git("commit", "-am", "newer");
      expect(() => compareWith({ ref: "main" }, NOW, `${folder}/app`)).toThrow(/stem\.manifest\.json at main has format 2/);
    }));

  it("without git names what to do instead", () => {
    expect(() => textAt("main", "stem.manifest.json", "/", "no-such-git")).toThrow(
      /git cannot be run\.\n.*--diff OLD\.manifest\.json.*\[STEM_GIT\]/,
    );
  });
});
