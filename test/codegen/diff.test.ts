import { execFileSync } from "node:child_process";
import { describe, expect, it } from "@jest/globals";
import { compareWith, generate, generateAll } from "../../codegen/index.js";
import { makeProject, taskClass, withProject } from "./project.js";

describe("The sources as they are", () => {
  it("are compared with a manifest that was written before, and nothing is written", () =>
    withProject({ "src/a.ts": taskClass("A", "a"), "src/b.ts": taskClass("B", "b") }, async (project) => {
      await project.generate();
      const old = project.text("stem.manifest.json");
      project.write({
        "old.json": old,
        "src/a.ts": taskClass("A", "a").replace("to: string }", "to: string; readonly cc: string }"),
        "src/b.ts": taskClass("B", "b.renamed"),
      });
      const { manifest, state } = await project.generate({ check: true });
      expect(state).toBe("stale");
      const { changes } = compareWith({ file: "old.json" }, manifest!, project.folder);
      expect(changes.map(({ code, subject, what }) => [code, `${subject} ${what}`])).toEqual([
        ["STEM3003", 'task "a" payload narrowed: cc is new and required'],
        ["STEM3002", 'task "b" was renamed to "b.renamed"'],
      ]);
      expect(changes[0]!.source).toMatch(/^src\/a\.ts:\d+$/);
      expect(project.text("stem.manifest.json")).toBe(old);
    }));

  it("come to no change against themselves, also in the shop, which has every kind of type", async () => {
    const shop = new URL("fixtures/shop", import.meta.url).pathname;
    const { manifest } = await generate({ cwd: shop, check: true });
    const project = makeProject({ "old.json": manifest!.text });
    try {
      expect(compareWith({ file: "old.json" }, manifest!, project.folder).changes).toEqual([]);
    } finally {
      project.remove();
    }
  });

  it("are compared with what git has, for an application below the root of the repository", () =>
    withProject({ "app/tsconfig.json": "{}", "app/src/a.ts": taskClass("A", "a") }, async ({ folder, write }) => {
      const options = { cwd: folder, project: "app" };
      await generateAll(options);
      const git = (...args: string[]) => void execFileSync("git", ["-c", "user.name=A", "-c", "user.email=a@example.com", ...args], { cwd: folder, stdio: "ignore" }); // prettier-ignore
      git("init", "-b", "main");
      git("add", ".");
      git("commit", "-m", "old");
      write({ "app/src/a.ts": "export {};" });
      const [result] = await generateAll(options);
      expect(compareWith({ ref: "main" }, result!.manifest!, folder).changes.map(({ code }) => code)).toEqual(["STEM3001"]);
    }));
});
