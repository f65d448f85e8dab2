import { now } from "./measure.mjs";

const WIDTH = 30;

/**
 * A bar on standard error with the time left, on a terminal; elsewhere a line per round. The time left is
 * known from what each kind of run took before.
 *
 * @param groups the plan
 */
export function progressOf(groups, stream = process.stderr) {
  const took = new Map();
  const kind = ([{ program, system, config }]) => `${program.name} ${system.name} ${config}`;
  const guess = (group) => took.get(kind(group)) ?? (group.length > 1 ? group[0].program.limit : 5);
  let rounds = -1;
  const draw = (index) => {
    const left = groups.slice(index).reduce((sum, group) => sum + guess(group), 0);
    const filled = Math.round((index / groups.length) * WIDTH);
    const [{ round, program, system, config }] = groups[index];
    const what = groups[index].length > 1 ? `${program.name} of all` : `${program.name}  ${system.name} ${config}`;
    if (stream.isTTY) {
      const bar = `\u001B[32m${"█".repeat(filled)}\u001B[90m${"░".repeat(WIDTH - filled)}\u001B[0m`;
      stream.write(`\r\u001B[K${bar} ${index}/${groups.length}  ${clock(left)} left  round ${round + 1}  ${what}`);
    } else if (round !== rounds && groups[index].length === 1) {
      rounds = round;
      stream.write(`round ${round + 1}, about ${clock(left)} left\n`);
    }
  };
  return {
    /** Around each group. */
    async during(index, work) {
      draw(index);
      const ticking = stream.isTTY ? setInterval(() => draw(index), 1_000) : undefined;
      const began = now();
      try {
        return await work();
      } finally {
        clearInterval(ticking);
        took.set(kind(groups[index]), (now() - began) / 1_000);
      }
    },
    /** A line that stays. */
    say(line) {
      stream.write(`${stream.isTTY ? "\r\u001B[K" : ""}${line}\n`);
    },
    end() {
      if (stream.isTTY) stream.write("\r\u001B[K");
    },
  };
}

const clock = (seconds) => `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;
