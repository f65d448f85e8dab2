import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { SnippetApp, snippets } from "./snippet-app.js";

const PAGES = ["docs/options.md", "docs/canvas.md", "docs/schedules.md", "docs/control.md", "docs/recipes.md"];
const root = fileURLToPath(new URL("../../", import.meta.url));
const text = (path: string): string => readFileSync(root + path, "utf8");
const specs = PAGES.flatMap((page) => [...new Set(snippets(page).map(({ file }) => file))]).filter((file) => file.endsWith(".spec.ts"));

describe("The snippets of the guide", () => {
  let app: SnippetApp;

  beforeAll(() => {
    app = new SnippetApp(PAGES);
    // What the recipes take from @nestjs/config, which is no dependency of ours.
    app.write(
      "src/config.d.ts",
      `declare module "@nestjs/config" {
  export class ConfigService { getOrThrow<T = string>(key: string): T; get<T = string>(key: string, fallback: T): T; }
  export class ConfigModule { static forRoot(): import("@nestjs/common").DynamicModule; }
}
  `,
    );
    // The client of all but the recipe with two instances, which would need both in each test.
    app.write("tsconfig.client.json", JSON.stringify({ extends: "./tsconfig.json", exclude: ["src/billing"] }));
    app.generate("-p", "tsconfig.client.json");
    app.compile();
  }, 120_000);

  afterAll(() => app.remove());

  it.each(specs)(
    "do what they say: %s",
    (file) => {
      app.node(file.replace(/^src/, "dist").replace(/ts$/, "js"));
    },
    60_000,
  );
});

describe("docs/options.md", () => {
  it.each([
    ["lib/nest/options.ts", "StemOptions"],
    ["lib/nest/options.ts", "StemModuleExtras"],
    ["lib/core/worker/options.ts", "WorkerOptions"],
    ["lib/core/task/task.ts", "TaskOptions"],
    ["lib/core/task/task.ts", "RetryOptions"],
    ["lib/core/task/task.ts", "TaskContext"],
    ["lib/core/context/workflow.ts", "StepOptions"],
    ["lib/nest/decorators/types.ts", "HandlerOptions"],
    ["lib/nest/decorators/cron.ts", "CronOptions"],
    ["lib/core/task/options.ts", "EnqueueOptions"],
    ["lib/core/task/options.ts", "ScheduleOptions"],
    ["lib/core/client/face.ts", "WaitForOptions"],
    ["lib/core/event/emit.ts", "EmitOptions"],
    ["lib/core/client/face.ts", "JobHandle"],
  ])("names every member of what %s calls %s", (path, name) => {
    const [, body] = new RegExp(`export interface ${name}\\b[^{]*\\{\\n([\\s\\S]*?)\\n\\}`).exec(text(path))!;
    const members = [...body!.matchAll(/^ {2}(?:readonly )?(\w+)\??[:(]/gm)].map(([, member]) => member!);
    expect(members.length).toBeGreaterThan(0);
    const page = text("docs/options.md");
    expect(members.filter((member) => !new RegExp(`\`(ctx\\.)?${member}\\b`).test(page) && !page.includes(`${member}?`))).toEqual([]);
  });
});

describe("The pages of the guide", () => {
  it.each(PAGES)("%s has prose of at most 110 columns, and is linked from README.md", (path) => {
    const prose = withoutCode(text(path))
      .split("\n")
      .filter((line) => !line.startsWith("|"));
    expect(prose.filter((line) => line.length > 110)).toEqual([]);
    expect(text("README.md").includes(`(${path})`)).toBe(true);
  });
});

describe("The documents", () => {
  const all = (readdirSync(`${root}docs`, { recursive: true }) as string[])
    .filter((name) => name.endsWith(".md"))
    .map((name) => `docs/${name}`);
  it.each(["README.md", ...all])("%s has links that lead somewhere", (path) => {
    const lost = [...withoutCode(text(path)).matchAll(/\]\((?![a-z]+:)([^)\s]+)\)/g)]
      .map(([, link]) => link!)
      .filter((link) => {
        const [file, anchor] = link.split("#");
        const target = file === "" ? path : join(dirname(path), file!);
        if (!existsSync(root + target)) return true;
        return anchor !== undefined && !anchorsOf(text(target)).includes(anchor);
      });
    expect(lost).toEqual([]);
  });
});

function withoutCode(page: string): string {
  return page.replace(/```[\s\S]*?```/g, "").replace(/`[^`\n]*`/g, "``");
}

function anchorsOf(page: string): readonly string[] {
  return [...page.matchAll(/^#+ (.*)$/gm)].map(([, heading]) => anchorOf(heading!));
}

/** As GitHub makes it. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, "")
    .replace(/ /g, "-");
}
