import { type FSWatcher, watch as watchFolder } from "node:fs";
import { resolve } from "node:path";
import { Kept } from "./cache/kept.js";
import { CONFIG_FILES } from "./config.js";
import { stampOf } from "./disk.js";
import type { Generated } from "./outcome.js";
import { openAll } from "./pass.js";
import { failed, watchApp, type WatchOptions } from "./watch.js";

/** Files in the working directory that list the applications and the decorators. */
const FILES = ["nest-cli.json", ...CONFIG_FILES];

/**
 * Generates for every application now and after every change of its sources, until closed.
 * When nest-cli.json or stem.config changes, it starts over. See `watchApp` for what counts as a change.
 *
 * @throws as `generate`, for the first run only. Later a project that cannot be found or a file that cannot
 * be written is a result with state `errors` and a diagnostic, and watching goes on.
 */
export async function watch(options: WatchOptions, onResult: (result: Generated) => void): Promise<{ close(): Promise<void> }> {
  const base = resolve(options.cwd ?? process.cwd());
  const stamps = (): string => FILES.map((name) => stampOf(resolve(base, name)) ?? "").join("|");
  let apps: { close(): void }[] = [];
  let watcher: FSWatcher | undefined;
  let poller: NodeJS.Timeout | undefined;
  let timer: NodeJS.Timeout | undefined;
  let closed = false;
  let seen = stamps();
  /** Starts over one at a time: the look after it sees a change during it. */
  let busy: Promise<void> = Promise.resolve();

  const stop = (): void => {
    for (const app of apps) app.close();
    apps = [];
  };
  const start = async (): Promise<void> => {
    const kept = Kept.of(options);
    await kept?.results(0);
    for (const opened of (await openAll(options, kept?.parts())).apps) {
      if (!closed) apps.push(watchApp(opened, options, onResult));
    }
  };
  const look = async (): Promise<void> => {
    const now = stamps();
    if (closed || now === seen) return;
    seen = now;
    stop();
    const started = performance.now();
    try {
      await start();
    } catch (error) {
      stop();
      if (!closed)
        onResult(failed(error, { ...options, project: FILES.find((name) => stampOf(resolve(base, name)) !== undefined) }, started));
    }
  };
  const soon = (): void => {
    clearTimeout(timer);
    if (!closed) timer = setTimeout(() => (busy = busy.then(look)), options.quietMs ?? 30);
  };
  const poll = (): void => {
    poller ??= setInterval(soon, options.pollMs ?? 500);
  };

  try {
    await start();
  } catch (error) {
    closed = true;
    stop();
    throw error;
  }
  if (options.poll === true) poll();
  else {
    try {
      watcher = watchFolder(base, soon);
      watcher.on("error", poll);
    } catch {
      poll();
    }
  }
  // For an edit made during the first run.
  soon();
  return {
    close: async () => {
      closed = true;
      clearTimeout(timer);
      clearInterval(poller);
      watcher?.close();
      await busy;
      stop();
    },
  };
}
