// The linter that `nest new` sets up, over all that was written into an app: ESLint with the rules that know
// types (Nest 11), oxlint with its own (12).
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { Failed, run } from "./shell.mjs";

const DIRECTIVE = "/* eslint-disable */\n";

/** Of a client that ESLint has nothing against: `npm run lint` of Nest 11 fixes that by itself. */
const UNUSED = /^Unused eslint-disable directive/;

/**
 * Neither an error nor a warning, but for those that the app of `nest new` had of itself. The generated
 * client is looked at without the comment that tells linters to skip it, too; and once ESLint has taken that
 * comment away (`npm run lint` fixes), `stem generate --check` finds nothing to do.
 */
export async function lint(how) {
  const known = new Set((await problems(how.fresh, how)).map(({ file, rule }) => `${file} ${rule}`));
  const client = join(how.cwd, how.project === undefined ? "src" : `apps/${how.project}/src`, "stem/stem.gen.ts");
  const text = readFileSync(client, "utf8");
  const unfit = [];
  for (const bare of [false, true]) {
    if (bare) writeFileSync(client, text.replace(DIRECTIVE, ""));
    const found = (await problems(how.cwd, how)).filter(
      ({ file, rule, message }) => !known.has(`${file} ${rule}`) && !UNUSED.test(message),
    );
    unfit.push(
      ...found.map(({ file, line, rule, message }) => `${file}:${line} ${rule} ${message}${bare ? " (without its comment)" : ""}`),
    );
  }
  writeFileSync(client, text);
  if (unfit.length > 0) throw new Failed(`the linter has something to say, ${unfit.length} times:\n${unfit.slice(0, 30).join("\n")}`);
  // The script of Nest 12 changes nothing, and in a monorepo it names folders that are not there.
  if (!fixes(how.cwd)) return;
  await run("npm", ["run", "lint"], how);
  await run("npm", ["run", "stem:generate", "--", "--check"], how);
}

const fixes = (folder) => existsSync(join(folder, "eslint.config.mjs"));

/** What the linter has to say of a folder, warnings and all. */
async function problems(folder, how) {
  const eslint = fixes(folder);
  const folders = ["src", "apps", "libs", "test"].filter((one) => existsSync(join(folder, one)));
  const command = eslint ? ["eslint", ...folders.map((one) => `${one}/**/*.ts`)] : ["oxlint", "--type-aware", ...folders];
  const said = await run("npx", [...command, "--format=json"], { ...how, cwd: folder, code: [0, 1] });
  const json = JSON.parse(said.slice(said.search(/^[[{]/m)));
  const all = eslint
    ? json.flatMap(({ filePath, messages }) =>
        messages.map(({ line, ruleId, message }) => ({ file: relative(folder, filePath), line, rule: ruleId, message })),
      )
    : json.diagnostics.map(({ filename, labels, code, message }) => ({ file: filename, line: labels[0]?.span.line, rule: code, message }));
  return all;
}
