/** Entries of journals that are replayed side by side; a longer one is replayed alone. */
const ENTRIES = 1_000;

interface Waiting {
  readonly entries: number;
  readonly go: () => void;
}

let inHand = 0;
const line: Waiting[] = [];

/**
 * Waits until a run may replay its journal: few entries at a time, all workers of the process together.
 * Runs go in the order they come. Otherwise long runs that wake together would each do a part of their work
 * in every turn of the event loop.
 *
 * @param signal ends the wait at once, since the pass has to end
 * @returns to be called, once or more often, when the replay is over or stands still
 */
export function mayReplay(entries: number, signal: AbortSignal): Promise<() => void> {
  return new Promise((resolve) => {
    const go = (): void => {
      signal.removeEventListener("abort", go);
      line.splice(line.indexOf(waiting), 1);
      inHand += entries;
      let over = false;
      resolve(() => {
        if (over) return;
        over = true;
        inHand -= entries;
        admit();
      });
    };
    const waiting: Waiting = { entries, go };
    line.push(waiting);
    signal.addEventListener("abort", go, { once: true });
    admit();
  });
}

function admit(): void {
  const [first] = line;
  if (first === undefined || (inHand > 0 && inHand + first.entries > ENTRIES)) return;
  first.go();
  admit();
}
