import { hash } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import module, { createRequire } from "node:module";
import { tmpdir, userInfo } from "node:os";
import { dirname, join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { Script } from "node:vm";

/** Smaller files are compiled as fast as their code is fetched. */
const LARGE = 1 << 20;

/** What a module is compiled with; Node.js does not declare it. */
interface Loader {
  _compile(this: { exports: unknown }, content: string, file: string): unknown;
}

/**
 * Keeps the machine code of loaded files, the compiler above all, for the next call.
 * From Node.js 22.1 on the system does that; before, this does it for large CommonJS files. Where nothing can
 * be kept, nothing is.
 */
export function keepCode(): void {
  const { enableCompileCache } = module as { readonly enableCompileCache?: () => unknown };
  if (enableCompileCache !== undefined) enableCompileCache();
  else if (process.env["NODE_DISABLE_COMPILE_CACHE"] === undefined) keepLarge();
}

/**
 * Delays optimisation, for a process that ends in a second or two.
 * Functions are optimised after ten times as many calls as usual. Before that it does not pay, and takes a
 * third of all the work on top of it, in threads of its own.
 */
export function optimizeLate(): void {
  try {
    setFlagsFromString("--interrupt-budget=660000");
  } catch {
    // This engine has no such option.
  }
}

function keepLarge(): void {
  const loader = (module as unknown as { readonly prototype: Loader }).prototype;
  const compile = loader._compile;
  loader._compile = function (content, file) {
    if (content.length < LARGE) return compile.call(this, content, file);
    const kept = place(file);
    const code = kept === undefined ? undefined : codeOf(kept);
    // As Node.js wraps it.
    const text = `(function (exports, require, module, __filename, __dirname) { ${content}\n})`;
    const script = new Script(text, { filename: file, ...(code !== undefined && { cachedData: code }) });
    const run = script.runInThisContext() as (...args: readonly unknown[]) => unknown;
    // At the end, so that all functions called by then are in it.
    if (kept !== undefined && (code === undefined || script.cachedDataRejected === true))
      process.once("exit", () => write(kept, script.createCachedData()));
    return run.call(this.exports, this.exports, createRequire(file), this, file, dirname(file));
  };
}

/** The path for the code of a file, one per content; inside the user's folder, since code is trusted. */
function place(file: string): string | undefined {
  try {
    const { mtimeMs, size } = statSync(file);
    const { uid } = userInfo();
    const key = hash(
      "sha256",
      JSON.stringify([process.version, process.arch, process.execArgv, process.env["NODE_OPTIONS"], file, mtimeMs, size]),
      "hex",
    );
    return join(tmpdir(), `nestjs-stem-code-${uid}`, key.slice(0, 32));
  } catch {
    return undefined;
  }
}

/** Complete code in a file of the user; undefined if there is none. */
function codeOf(path: string): Buffer | undefined {
  try {
    const { uid, mode } = statSync(dirname(path));
    if (uid !== userInfo().uid || (mode & 0o022) !== 0) return undefined;
    const kept = readFileSync(path);
    const code = kept.subarray(32);
    return kept.length > 32 && hash("sha256", code, "hex").slice(0, 32) === kept.toString("latin1", 0, 32) ? code : undefined;
  } catch {
    return undefined;
  }
}

function write(path: string, code: Buffer): void {
  try {
    const beside = `${path}.${process.pid}.tmp`;
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    writeFileSync(beside, Buffer.concat([Buffer.from(hash("sha256", code, "hex").slice(0, 32), "latin1"), code]));
    renameSync(beside, path);
  } catch {
    // The next call makes it again.
  }
}
