import type { Command } from "commander";
import { formatDiagnostic, generate, type Generated, watch } from "../../../codegen/index.js";
import { Exit, EXIT } from "../exit.js";
import { count, json, paint, say } from "../print.js";

interface GenerateOptions {
  readonly project?: string;
  readonly out?: string;
  readonly check?: boolean;
  readonly watch?: boolean;
  readonly json?: boolean;
}

export function addGenerate(program: Command): void {
  program
    .command("generate")
    .description("write the typed client of all tasks and workflows in the sources")
    .option("-p, --project <tsconfig>", "the project to read (default: tsconfig.json)")
    .option("-o, --out <file>", "where to write (default: <source root>/stem/stem.gen.ts)")
    .option("--check", "write nothing; exit 1 and print the difference if the file is not up to date")
    .option("--watch", "go on and write again whenever a source changes")
    .option("--json", "print the outcome as JSON")
    .action(async ({ watch: goOn, json: asJson, ...options }: GenerateOptions) => {
      if (goOn === true && options.check === true) throw new Exit(EXIT.usage, "--check and --watch exclude each other.");
      if (goOn !== true) return finish(await generate(options), asJson === true);
      const watching = await watch(options, (result) => report(result, asJson === true));
      await new Promise<void>((resolve) => process.once("SIGINT", resolve).once("SIGTERM", resolve));
      await watching.close();
    });
}

function finish(result: Generated, asJson: boolean): void {
  report(result, asJson);
  if (result.state === "errors") process.exitCode = EXIT.usage;
  if (result.state === "stale") process.exitCode = EXIT.no;
}

function report(result: Generated, asJson: boolean): void {
  if (asJson) return json(result);
  for (const diagnostic of result.diagnostics) process.stderr.write(`${formatDiagnostic(diagnostic)}\n`);
  if (result.diff !== undefined) say(result.diff);
  const made = `${count(result.tasks, "task")}, ${count(result.workflows, "workflow")} (${Math.round(result.ms)} ms)`;
  if (result.state === "written") say(`${paint("green", "Wrote")} ${result.out}: ${made}`);
  if (result.state === "unchanged") say(`${result.out} is up to date: ${made}`);
  if (result.state === "stale") say(`${paint("red", "Stale:")} ${result.out}. Run "stem generate" and commit the file.`);
  if (result.state === "errors") say(`${paint("red", "Nothing was written:")} correct the errors above.`);
}
