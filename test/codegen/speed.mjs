// How long the generator takes on 1,000 files with 3,000 tasks: cold (a new process), again, and per edit in watch mode.
// Run `npm run build` first, then `node test/codegen/speed.mjs`.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const built = process.env["STEM_CODEGEN"] ?? new URL("../../dist/codegen/index.js", import.meta.url).href;
const folder = mkdtempSync(join(tmpdir(), "stem-speed-"));
const file = (at, extra = "") => {
  const task = (n) =>
    `  /** Does part ${n}. */\n  @Task("part${at}.task${n}", { queue: QUEUE })\n  async task${n}(input: { id: string; n: number }): Promise<string> {\n    return input.id + input.n;\n  }\n`;
  return `import { Injectable } from "@nestjs/common";\nimport { Task } from "nestjs-stem";\nimport { QUEUE } from "../queue.js";\n\n@Injectable()\nexport class Part${at} {\n${[1, 2, 3].map(task).join("\n")}}\n${extra}`;
};
try {
  mkdirSync(join(folder, "src/parts"), { recursive: true });
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
  writeFileSync(join(folder, "tsconfig.json"), '{ "compilerOptions": { "module": "nodenext" }, "include": ["src"] }');
  writeFileSync(join(folder, "src/queue.ts"), 'export const QUEUE = "parts";\n');
  for (let at = 0; at < 1_000; at++) writeFileSync(join(folder, `src/parts/part${at}.ts`), file(at));

  const cold = [];
  for (let round = 0; round < 5; round++) {
    const code = `const t = performance.now(); const { generate } = await import(${JSON.stringify(built)}); const r = await generate({ cwd: ${JSON.stringify(folder)} }); console.log(Math.round(performance.now() - t), r.tasks, r.state)`;
    const { stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", code], { encoding: "utf8" });
    cold.push(stdout.trim() || stderr);
  }
  console.log("cold, ms · tasks · state:", cold.join(" | "));

  const { watch } = await import(built);
  let next;
  const results = { take: () => new Promise((resolve) => (next = resolve)) };
  const first = results.take();
  const watching = await watch({ cwd: folder }, (result) => next?.(result));
  await first;
  const edits = [];
  for (let round = 0; round < 10; round++) {
    const result = results.take();
    const started = performance.now();
    writeFileSync(
      join(folder, "src/parts/part7.ts"),
      file(7, `export class Extra${round} {\n  @Task()\n  async run(input: number) {\n    return input;\n  }\n}\n`),
    );
    const { state, ms } = await result;
    edits.push(`${Math.round(performance.now() - started)} (${ms} ${state})`);
  }
  console.log("edit to file written, ms (of which generating):", edits.join(" | "));
  await watching.close();
} finally {
  rmSync(folder, { recursive: true, force: true });
}
