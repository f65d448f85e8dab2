import type { Command } from "commander";
import type { Comparison, Old } from "../../../codegen/compat/index.js";
// Only a part of the generator: when nothing has changed, the rest is not needed.
import { generateAll } from "../../../codegen/generate.js";
import { formatDiagnostic, type Generated } from "../../../codegen/outcome.js";
import { optimizeLate } from "../code-cache.js";
import { Exit, EXIT } from "../exit.js";
import { count, json, paint, say } from "../print.js";

interface GenerateOptions {
  readonly project?: string;
  readonly out?: string;
  readonly app?: string;
  readonly manifest?: string;
  readonly standalone?: string;
  readonly check?: boolean;
  readonly diff?: string;
  readonly against?: string;
  readonly watch?: boolean;
  readonly cache?: boolean;
  readonly json?: boolean;
}

export function addGenerate(program: Command): void {
  program
    .command("generate")
    .description("write the typed client of all tasks and workflows in the sources")
    .option("-p, --project <tsconfig>", "the project to read (default: tsconfig.json)")
    .option("-o, --out <file>", "where to write (default: <source root>/stem/stem.gen.ts)")
    .option("--manifest <file>", "where to write what the tasks take and give (default: stem.manifest.json beside the tsconfig)")
    .option("-a, --app <name>", "one of the applications in nest-cli.json or stem.config (default: all of them)")
    .option("--standalone <folder>", "write a package for producers in other repositories too, which needs none of these sources")
    .option("--check", "write nothing; exit 1 and print the difference if a file is not up to date")
    .option(
      "--diff <manifest>",
      "write nothing; exit 1 if a change since that stem.manifest.json breaks what is queued, asleep or read by others",
    )
    .option("--against <ref>", "as --diff, with the manifest that is committed at a git ref, such as origin/main")
    .option("--watch", "go on and write again whenever a source changes")
    .option("--no-cache", "do all the work, even if nothing has changed since the last run (in CI, --check always does)")
    .option("--json", "print the outcome as JSON")
    .action(async ({ watch: goOn, json: asJson, diff, against, ...options }: GenerateOptions) => {
      if (goOn === true && (options.check === true || diff !== undefined || against !== undefined)) {
        throw new Exit(EXIT.usage, "--check, --diff and --against exclude --watch.");
      }
      if (diff !== undefined && against !== undefined) throw new Exit(EXIT.usage, "--diff and --against exclude each other.");
      const old = diff !== undefined ? { file: diff } : against !== undefined ? { ref: against } : undefined;
      if (goOn !== true) {
        optimizeLate();
        const results = await generateAll({ ...options, check: options.check === true || old !== undefined });
        if (old === undefined) return finish(results, asJson === true);
        const compat = await import("../../../codegen/compat/index.js");
        return finish(compared(results, old, options.check === true, compat), asJson === true, compat);
      }
      const { watch } = await import("../../../codegen/watch-all.js");
      const watching = await watch(options, (result) => report(result, asJson === true));
      await new Promise<void>((resolve) => process.once("SIGINT", resolve).once("SIGTERM", resolve));
      await watching.close();
    });
}

/** The module that compares manifests, loaded when needed. */
type Compat = typeof import("../../../codegen/compat/index.js");

/** The outcome of a run, and the changes since an older manifest. */
type Outcome = Generated & { readonly comparison?: Comparison };

/** @param check whether a stale file is reported too, or only what has changed since the old manifest */
function compared(results: readonly Generated[], old: Old, check: boolean, { compareWith }: Compat): readonly Outcome[] {
  if ("file" in old && results.length > 1) {
    throw new Exit(EXIT.usage, `--diff compares one application: name it with --app (${results.map(({ app }) => app).join(", ")}).`);
  }
  return results.map(({ diff, ...result }) => {
    const { manifest, state } = result;
    const told = check
      ? { ...result, ...(diff !== undefined && { diff }) }
      : { ...result, ...(state === "stale" && { state: "unchanged" as const }) };
    return manifest === undefined ? told : { ...told, comparison: compareWith(old, manifest, process.cwd()) };
  });
}

/** The worst outcome decides. */
function finish(results: readonly Outcome[], asJson: boolean, compat?: Compat): void {
  // One application prints an object, several print a list.
  if (asJson) json(results.length === 1 ? plain(results[0]!) : results.map(plain));
  else for (const result of results) report(result, false, compat);
  if (results.some(({ state, comparison }) => state === "stale" || comparison?.breaks === true)) process.exitCode = EXIT.no;
  if (results.some(({ state }) => state === "errors")) process.exitCode = EXIT.usage;
}

/** Without the text of the manifest, which has its own file. */
function plain(outcome: Outcome): Outcome {
  return { ...outcome, manifest: undefined };
}

function report(result: Outcome, asJson: boolean, compat?: Compat): void {
  if (asJson) return json(plain(result));
  for (const diagnostic of result.diagnostics) process.stderr.write(`${formatDiagnostic(diagnostic)}\n`);
  if (result.diff !== undefined) say(result.diff);
  const made = `${count(result.tasks, "task")}, ${count(result.workflows, "workflow")} and ${count(result.schedules, "schedule")} (${Math.round(result.ms)} ms)`;
  if (result.state === "written") say(`${paint("green", "Wrote")} ${filesOf(result)}: ${made}`);
  if (result.state === "unchanged") say(`${filesOf(result)} are up to date: ${made}`);
  if (result.state === "stale") say(`${paint("red", "Stale:")} the files above. Run "stem generate" and commit them.`);
  if (result.state === "empty") say(`${result.app} has no tasks and no workflows, so it gets no client.`);
  if (result.comparison !== undefined && compat !== undefined) compare(result.comparison, compat);
  if (result.state === "errors")
    say(`${paint("red", "Nothing was written:")} correct the errors above${result.app === undefined ? "" : ` (${result.app})`}.`);
}

function filesOf({ out, manifest, standalone }: Outcome): string {
  const all = [out, ...(manifest === undefined ? [] : [manifest.path]), ...(standalone === undefined ? [] : [`package ${standalone}`])];
  return all.length === 1 ? out : `${all.slice(0, -1).join(", ")} and ${all.at(-1)}`;
}

function compare({ with: old, changes, breaks }: Comparison, { changesText }: Compat): void {
  if (changes.length === 0) return say(`No change since ${old}.`);
  say(changesText(changes));
  const broken = changes.filter(({ verdict }) => verdict === "breaks").length;
  const told = `${count(changes.length, "change")} since ${old}`;
  say(
    breaks
      ? `${paint("red", "Breaking:")} ${broken} of ${told}.`
      : `${paint("green", "Safe:")} ${told}, none of which breaks anything by itself.`,
  );
}
