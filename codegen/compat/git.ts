import { execFileSync } from "node:child_process";
import { CodegenError } from "../errors.js";

/**
 * The text of a file as it was committed at a ref of git.
 *
 * @param path relative to `cwd`, with `/`
 * @throws {CodegenError} `STEM_GIT` without git, outside a repository, for a ref that is unknown, or if the
 * file is not there
 */
export function textAt(ref: string, path: string, cwd: string, git = "git"): string {
  // Otherwise git would take it for an option.
  if (ref === "" || ref.startsWith("-")) throw refused(`"${ref}" is not a git ref.`, "Name a branch, a tag or a commit: origin/main.");
  if (run(["rev-parse", "--is-inside-work-tree"], cwd, git) === undefined) {
    throw refused("This is not a git repository.", "Run it inside one, or compare with a file: --diff OLD.manifest.json.");
  }
  if (run(["rev-parse", "--verify", "--quiet", `${ref}^{commit}`], cwd, git) === undefined) {
    throw refused(
      `There is no git ref "${ref}" here.`,
      `Fetch it first (a CI checkout may be shallow): git fetch origin ${ref.replace(/^origin\//, "")}`,
    );
  }
  const text = run(["show", `${ref}:./${path}`], cwd, git);
  if (text !== undefined) return text;
  throw refused(`${path} is not committed at ${ref}.`, 'Run "stem generate" and commit it there; until then, leave --against out.');
}

/** What git prints; undefined if it fails. */
function run(args: readonly string[], cwd: string, git: string): string | undefined {
  try {
    return execFileSync(git, args, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"], maxBuffer: 1 << 28 });
  } catch (error) {
    if ((error as { readonly code?: unknown }).code !== "ENOENT") return undefined;
    throw refused("git cannot be run.", "Install git, or compare with a file: --diff OLD.manifest.json.", error);
  }
}

function refused(what: string, hint: string, cause?: unknown): CodegenError {
  return new CodegenError("STEM_GIT", what, hint, cause === undefined ? undefined : { cause });
}
