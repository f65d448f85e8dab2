import { existsSync, type FSWatcher, watch as watchFolder } from "node:fs";
import { relative, resolve } from "node:path";
import { CodegenError, Unsure } from "./errors.js";
import type { Generated, GenerateOptions } from "./outcome.js";
import { type Opened, pass } from "./pass.js";

export interface WatchOptions extends GenerateOptions {
  /**
   * Quiet time after an edit before the sources are read, since editors save in several moves.
   * Milliseconds, default 30.
   */
  readonly quietMs?: number | undefined;
  /** How often to look if the system cannot watch. Milliseconds, default 500. */
  readonly pollMs?: number | undefined;
  /**
   * Looks regularly from the start, for file systems that report no changes.
   * Those are network shares and some containers. Default false.
   */
  readonly poll?: boolean | undefined;
}

/**
 * Generates for one application now and after every change of its sources, until closed.
 * `onResult` is called after each run in which something may have changed. An edit of the generated file
 * itself is not such a change, but its removal is. Only files that changed are parsed again.
 *
 * @throws as `generate`, for the first run only. Later a project that cannot be found or a file that cannot
 * be written is a result with state `errors` and a diagnostic, and watching goes on.
 */
export function watchApp(opened: Opened, options: WatchOptions, onResult: (result: Generated) => void): { close(): void } {
  let current = opened;
  /** Reads everything, for the passes after one that took some of it from an earlier run. */
  const readAnew = (): void => {
    if (current.anew !== undefined) current = { app: current.app, reader: current.anew() };
  };
  const base = resolve(options.cwd ?? process.cwd());
  const watchers = new Map<string, FSWatcher>();
  let timer: NodeJS.Timeout | undefined;
  let poller: NodeJS.Timeout | undefined;
  let closed = false;
  let seen = "";
  let outs: readonly string[] = [];

  const poll = (): void => {
    poller ??= setInterval(look, options.pollMs ?? 500);
  };
  const soon = (): void => {
    clearTimeout(timer);
    if (!closed) timer = setTimeout(look, options.quietMs ?? 30);
  };
  /** Watches exactly these folders. True if some are new: files may have appeared in them before. */
  const attach = (folders: readonly string[]): boolean => {
    let fresh = false;
    for (const [folder, watcher] of watchers) {
      if (folders.includes(folder)) continue;
      watcher.close();
      watchers.delete(folder);
    }
    for (const folder of options.poll === true ? [] : folders) {
      if (watchers.has(folder)) continue;
      try {
        const watcher = watchFolder(folder, soon);
        watcher.on("error", () => {
          watcher.close();
          watchers.delete(folder);
          soon();
        });
        watchers.set(folder, watcher);
        fresh = true;
      } catch {
        // Too many watchers, or a file system without them. The next look finds a folder that is gone again.
        poll();
      }
    }
    return fresh;
  };
  const close = (): void => {
    closed = true;
    clearTimeout(timer);
    clearInterval(poller);
    for (const watcher of watchers.values()) watcher.close();
    watchers.clear();
  };
  const passed = (): Generated => {
    try {
      return pass(current, options).result;
    } catch (error) {
      if (!(error instanceof Unsure)) throw error;
      readAnew();
      return pass(current, options).result;
    }
  };
  const run = (): Generated => {
    const result = passed();
    outs = [result.out, ...(result.manifest === undefined ? [] : [result.manifest.path])].map((path) => resolve(base, path));
    return result;
  };
  const look = (): void => {
    if (closed) return;
    const started = performance.now();
    try {
      let found = current.reader.look();
      if (attach(found.folders)) found = current.reader.look();
      const edited = found.changed || found.stamp !== seen;
      if (!edited && outs.every((path) => existsSync(path))) return;
      readAnew();
      seen = found.stamp;
      const result = run();
      // The file is missing, but nothing was edited: the errors have been reported already.
      if (edited || result.state !== "errors") onResult(result);
    } catch (error) {
      tell(error, started);
    }
  };
  const tell = (error: unknown, started: number): void => {
    const told = failed(error, { ...options, ...opened.app }, started);
    const { message } = told.diagnostics[0]!;
    if (message !== seen) onResult(told);
    seen = message;
  };
  /** Reads what the first pass did not: the next edit may be of anything. */
  const readRest = (first: Generated): void => {
    if (closed || current.anew === undefined) return;
    const started = performance.now();
    const words = ({ diagnostics }: Generated): string => JSON.stringify(diagnostics);
    try {
      readAnew();
      const result = run();
      // Otherwise nothing was edited meanwhile.
      if (result.state === "written" || words(result) !== words(first)) onResult(result);
    } catch (error) {
      tell(error, started);
    }
  };

  try {
    attach(current.reader.look().folders);
    seen = current.reader.look().stamp;
    const result = run();
    if (options.poll === true) poll();
    if (current.anew !== undefined) setImmediate(readRest, result);
    onResult(result);
  } catch (error) {
    close();
    throw error;
  }
  // For an edit made during the first run.
  soon();
  return { close };
}

/** An error that stops a run while watching, as a result. Unexpected errors are thrown on. */
export function failed(error: unknown, options: GenerateOptions, started: number): Generated {
  const base = resolve(options.cwd ?? process.cwd());
  if (!(error instanceof CodegenError)) throw error;
  const file = relative(base, resolve(base, options.project ?? "tsconfig.json")).replaceAll("\\", "/");
  const message = error.message.replace(/\s+/g, " ");
  return {
    out: options.out ?? "",
    tasks: 0,
    workflows: 0,
    schedules: 0,
    diagnostics: [{ file, line: 1, column: 1, code: "STEM1017", severity: "error", message }],
    state: "errors",
    ms: Math.round(performance.now() - started),
  };
}
