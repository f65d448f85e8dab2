import type { Command } from "commander";
import type { AppOptions } from "../app.js";
import { Exit, EXIT } from "../exit.js";
import { count, json, paint, queuesTable, say, show } from "../print.js";
import { openedHealth, withStore } from "../store.js";

export function addHealth(program: Command, withAppOptions: (command: Command) => Command): void {
  withAppOptions(program.command("health"))
    .description("ask the store for a sign of life, and who works on it; exit 1 when something is wrong")
    .option("--workers <n>", "also wrong when fewer workers than this are alive", "0")
    .option("--json", "as JSON (the default when piped)")
    .option("--table", "as a table (the default on a terminal)")
    .action(async (options: AppOptions & { readonly workers: string; readonly json?: boolean; readonly table?: boolean }) => {
      const wanted = Number(options.workers);
      if (!Number.isInteger(wanted) || wanted < 0) throw new Exit(EXIT.usage, `--workers is a whole number, not "${options.workers}".`);
      const health = await withStore(options, openedHealth);
      const alive = health.ok ? health.workers.filter((worker) => worker.alive).length : 0;
      const enough = alive >= wanted;
      if (!health.ok || !enough) process.exitCode = EXIT.no;
      if (show(options).json) return json({ ...health, ok: health.ok && enough });
      if (!health.ok) return say(`${paint("red", "Not healthy:")} ${health.adapter}: ${health.error}`);
      say(
        `${paint(enough ? "green" : "red", enough ? "Healthy:" : "Too few workers:")} ${health.adapter} at ${health.store} answers in ${health.ms.toFixed(1)} ms; ${count(alive, "worker")} alive`,
      );
      if (health.queues.length === 0) return;
      queuesTable(health.queues);
    });
}
